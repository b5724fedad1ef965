"""The Chapters tab: where a video's chapters begin, what they are called, and the same as files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np

from vidtext.clock import parse_clock
from vidtext.media.read.frames import Frames
from vidtext.media.read.sample import sample
from vidtext.tasks.options import ChapterOptions
from vidtext.text.editing import with_chapter, with_description, with_start, with_text, without_chapter
from vidtext.text.names import file_name
from vidtext.ui.framework.editing import check_place
from vidtext.ui.framework.fields import seconds_of, whole_number
from vidtext.ui.framework.files import FileKind, FileWork, MadeFile
from vidtext.ui.framework.memory_line import show_plan
from vidtext.ui.framework.model_fields import ModelAndFit, build_model_and_fit, build_style, offer_style
from vidtext.ui.framework.tab import Kind, Order, build_stage, connect
from vidtext.ui.status import of_video_html
from vidtext.ui.tabs import chapters_view as view
from vidtext.ui.video.filmstrip import pictures_html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from vidtext.job import Job
    from vidtext.tasks.chapters import ChaptersResult
    from vidtext.ui.framework.editing import Edit
    from vidtext.ui.session.results import Closing, Subject
    from vidtext.ui.surroundings import Surroundings

_SHOTS = [
    ("By the video's length", "auto"),
    ("Look at every frame", "exact"),
    ("Look at keyframes first", "fast"),
]


def build_chapters_tab(around: Surroundings) -> ModelAndFit:
    """Put the tab's content into the Blocks that are being built."""
    settings, services = around.settings, around.services

    def start(order: Order[ChaptersResult], job: Job) -> Iterator[ChaptersResult]:
        values = order.values
        options = ChapterOptions(
            model=model.chosen_model(values),
            count=whole_number(values[count], "chapters", "count"),
            min_seconds=seconds_of(values[shortest], "min_seconds"),
            shots=values[shots],
            style=style.chosen(values),
            fit=model.chosen_fit(values),
        )
        return services.tasks["chapters"].run(order.source, options, settings=settings, job=job)

    def make(result: ChaptersResult, order: Order[Any], folder: Path, job: Job) -> Iterator[MadeFile]:
        suffix = services.chaptered_suffix(order.source, settings=settings, job=job)
        target = folder / file_name(order.name, "with-chapters", suffix)
        notes = services.video_with_chapters(order.source, result.chapters, target, settings=settings, job=job)
        yield MadeFile(target, f"Video ({suffix[1:].upper()})", notes)

    def edit(result: ChaptersResult, change: Edit, source: Path) -> ChaptersResult:
        changed = edited(result, change)
        if not change.moves:
            return changed
        height, width = result.thumbnails.pixels.shape[1:3]
        return with_pictures(
            changed, lambda times: sample(source, at_seconds=times, size=(height, width), settings=settings)
        )

    kind = Kind(
        name="chapters",
        verb="Find chapters",
        empty="Chapters appear here.",
        too_early="Stopped before it was known where chapters begin.",
        start=start,
        progress=view.finding_html,
        html=view.list_html,
        announcement=view.announcement,
        pictures=lambda result: pictures_html(result.clips, result.chapters_done, result.chapters_total),
        below=view.below_html,
        edit=edit,
        beside=_beside,
    )
    stage = build_stage(kind)
    with gr.Row(visible=False, elem_classes="vt-files") as files:
        stale = "The chapters changed: make the video again."
        chaptered = FileWork(FileKind("chaptered", "Video with chapters", kind.name, stale, make), around)
    with gr.Accordion("More options", open=False, elem_classes="vt-more"):
        with gr.Row():
            count = gr.Textbox(
                label="Number of chapters", placeholder="automatic", max_lines=1, elem_id="vt-count", min_width=120
            )
            shortest = gr.Textbox(
                label="Shortest chapter",
                placeholder="automatic, or 0:30",
                max_lines=1,
                elem_id="vt-shortest",
                min_width=120,
            )
        shots = gr.Dropdown(_SHOTS, value="auto", label="Cuts", filterable=False, elem_id="vt-shots")
        style = build_style(kind.name, settings)
        model = build_model_and_fit(around, kind.name)
        offer_style(around, model, style)
    runs = connect(
        kind,
        stage,
        around,
        {count, shortest, shots, *style.components(), *model.components()},
        fields={"count": count, "min_seconds": shortest, **style.fields(), **model.fields()},
        beside=[around.panel.timeline, files],
    )
    chaptered.follow(runs)
    show_plan(stage.plan, around, model, new_tokens=settings.tasks.description_tokens)
    return model


def edited(result: ChaptersResult, edit: Edit) -> ChaptersResult:
    """Return the chapters after a change by hand; their thumbnails stay as they are.

    Raises:
        OptionError: the change is not possible.
    """
    chapters, index, done = result.chapters, edit.index, result.chapters_done
    if edit.what == "add":
        added = with_chapter(chapters, parse_clock(edit.value))
        starts = [each.start_seconds for each in chapters.segments]
        where = next(n for n, each in enumerate(added.segments) if each.start_seconds not in starts)
        return replace(result, chapters=added, chapters_done=done + (where <= done))
    check_place(chapters, edit)
    if edit.what == "start":
        return replace(result, chapters=with_start(chapters, index, parse_clock(edit.value)))
    if edit.what == "remove":
        return replace(result, chapters=without_chapter(chapters, index), chapters_done=done - (index < done))
    change = with_description if edit.what == "description" else with_text
    return replace(result, chapters=change(chapters, index, edit.value))


def with_pictures(result: ChaptersResult, read: Callable[[list[float]], Frames]) -> ChaptersResult:
    """Return the chapters with a thumbnail from within each: those that there are, and where there is none, another.

    Args:
        result: the chapters, whose thumbnails may be of others.
        read: returns one frame for each of some times, of the size of the thumbnails.
    """
    known = list(zip(result.thumbnails.seconds, result.thumbnails.pixels, strict=True))
    pictures: list[tuple[float, NDArray[np.uint8]] | None] = [
        next(((at, pixels) for at, pixels in known if each.start_seconds <= at < each.stop_seconds), None)
        for each in result.chapters.segments
    ]
    missing = [number for number, picture in enumerate(pictures) if picture is None]
    if missing:
        spans = [result.chapters.segments[number] for number in missing]
        frames = read([(each.start_seconds + each.stop_seconds) / 2 for each in spans])
        for number, at, pixels in zip(missing, frames.seconds, frames.pixels, strict=True):
            pictures[number] = (at, pixels)
    whole = [picture for picture in pictures if picture is not None]
    seconds = np.maximum.accumulate(np.array([at for at, _ in whole]))  # a frame may begin before its chapter does
    return replace(result, thumbnails=Frames(np.stack([pixels for _, pixels in whole]), seconds))


def _beside(result: ChaptersResult | None, subject: Subject, closing: Closing) -> tuple[Any, ...]:
    """Return the timeline, and whether files can be made."""
    if result is None:
        return "", gr.update(visible=False)
    timeline = of_video_html(view.timeline_html(result), subject.key)
    return timeline if view.pictures_are_due(result, closing) else gr.skip(), gr.update(visible=closing.closed)
