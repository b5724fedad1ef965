"""The Chapters tab: where a video's chapters begin, what they are called, and the same as files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import gradio as gr

from vidtext.errors import OptionError
from vidtext.tasks.options import ChapterOptions
from vidtext.text.names import file_name
from vidtext.ui import chapters_view as view
from vidtext.ui.choices import ModelAndFit, build_model_and_fit, build_style, offer_style
from vidtext.ui.fields import seconds_of, whole_number
from vidtext.ui.file_work import FileKind, FileWork, MadeFile
from vidtext.ui.filmstrip import pictures_html
from vidtext.ui.plan_line import show_plan
from vidtext.ui.status import of_video_html
from vidtext.ui.tab_work import UNLIMITED, Kind, Order, build_stage, connect
from vidtext.ui.toasts import plain_words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vidtext.job import Job
    from vidtext.tasks.chapters import ChaptersResult
    from vidtext.ui.kept import Closing, Subject
    from vidtext.ui.surroundings import Surroundings

_SHOTS = [
    ("By the video's length", "auto"),
    ("Look at every frame", "exact"),
    ("Look at keyframes first", "fast"),
]

_EDIT_JS = """
element.addEventListener("change", (event) => {
  const input = event.target.closest("[data-chapter]");
  if (!input) return;
  if (!input.value.trim()) input.value = input.defaultValue;
  if (input.value === input.defaultValue) return;
  input.defaultValue = input.value;
  trigger("edit", { number: Number(input.dataset.chapter), title: input.value });
});
element.addEventListener("keydown", (event) => {
  if (!event.target.matches("[data-chapter]")) return;
  if (event.key === "Escape") event.target.value = event.target.defaultValue;
  if (event.key === "Enter" || event.key === "Escape") event.target.blur();
});
"""


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
        beside=_beside,
    )
    stage = build_stage(kind, result_js=_EDIT_JS)
    closing = gr.HTML("", elem_id="vt-chapters-closing")
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
        beside=[around.panel.timeline, closing, files],
    )

    def edit(event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        visitor = around.visitors.of(request)
        with plain_words():
            kept = visitor.results.get(kind.name)
            if kept is None:
                raise OptionError("These chapters are of a video that is no longer there.")
            renamed = with_title(kept.result, int(event.number), str(event.title))
        kept = replace(kept, result=renamed)
        visitor.results[kind.name] = kept
        return _beside(renamed, kept.subject, kept.closing)[:2]

    edited = stage.result.edit(edit, None, [around.panel.timeline, closing], **UNLIMITED)
    chaptered.follow([*runs, edited])
    show_plan(stage.plan, around, model, new_tokens=settings.description_tokens)
    return model


def with_title(result: ChaptersResult, number: int, title: str) -> ChaptersResult:
    """Return the chapters with another title for one of them.

    Raises:
        OptionError: there is no such chapter, or the title is empty or too long.
    """
    words = " ".join(title.split())
    chapters = result.chapters.segments
    if not 0 <= number < len(chapters):
        raise OptionError(f"There is no chapter {number + 1}; there are {len(chapters)}.")
    if not 1 <= len(words) <= view.TITLE_CHARACTERS:
        raise OptionError(f"A title has 1 to {view.TITLE_CHARACTERS} characters; this one has {len(words)}.")
    renamed = (*chapters[:number], replace(chapters[number], text=words), *chapters[number + 1 :])
    return replace(result, chapters=replace(result.chapters, segments=renamed))


def _beside(result: ChaptersResult | None, subject: Subject, closing: Closing) -> tuple[Any, ...]:
    """Return the timeline, what stands below the list, and whether files can be made."""
    if result is None:
        return "", "", gr.update(visible=False)
    timeline = _timeline(result, subject) if view.pictures_are_due(result, closing) else gr.skip()
    below = of_video_html(view.closing_html(result, subject.name, closing), subject.key) if closing.closed else ""
    return timeline, below, gr.update(visible=closing.closed)


def _timeline(result: ChaptersResult, subject: Subject) -> str:
    return of_video_html(view.timeline_html(result), subject.key)
