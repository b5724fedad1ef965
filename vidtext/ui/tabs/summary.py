"""The Summary tab: what a video is about, its highlights, and those as a clip."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import gradio as gr

from vidtext.tasks.options import SummaryOptions
from vidtext.text.editing import with_abstract, with_highlight, with_paragraph
from vidtext.text.formats import FORMATS
from vidtext.text.names import file_name
from vidtext.ui.framework.editing import check_place
from vidtext.ui.framework.fields import checked_when_read, number_in
from vidtext.ui.framework.files import FileKind, FileWork, MadeFile
from vidtext.ui.framework.memory_line import show_plan
from vidtext.ui.framework.model_fields import ModelAndFit, build_model_and_fit, build_style, offer_style
from vidtext.ui.framework.tab import Kind, Order, build_stage, connect
from vidtext.ui.tabs import summary_view as view
from vidtext.ui.video.filmstrip import pictures_html

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vidtext.job import Job
    from vidtext.tasks.summary import SummaryResult
    from vidtext.ui.framework.editing import Edit
    from vidtext.ui.session.results import Closing, Subject
    from vidtext.ui.surroundings import Surroundings

_LENGTHS = [("Short", "short"), ("Medium", "medium"), ("Long", "long")]
_LOOKS = [("Shot by shot", "shots"), ("Every 5 % of the time", "time")]
_DEFAULT_REEL_SECONDS = 30


def build_summary_tab(around: Surroundings) -> ModelAndFit:
    """Put the tab's content into the Blocks that are being built."""
    settings, services = around.settings, around.services

    def start(order: Order[SummaryResult], job: Job) -> Iterator[SummaryResult]:
        values = order.values
        options = SummaryOptions(
            model=model.chosen_model(values),
            length=values[length],
            look=values[look],
            style=style.chosen(values),
            fit=model.chosen_fit(values),
        )
        return services.tasks["summary"].run(order.source, options, settings=settings, job=job)

    def make(result: SummaryResult, order: Order[Any], folder: Path, job: Job) -> Iterator[MadeFile]:
        target = folder / file_name(order.name, "highlights", ".mp4")
        captions = target.with_suffix(".srt")
        highlights = result.summary.highlights
        wished = number_in(seconds, order.values, "seconds")
        reel = services.highlight_reel(order.source, highlights, target, seconds=wished, settings=settings, job=job)
        captions.write_text(FORMATS["srt"].write(reel.captions), encoding="utf-8", newline="")
        yield MadeFile(target, "Clip (MP4)", reel.notes)
        yield MadeFile(captions, "Captions (SRT)")

    kind = Kind(
        name="summary",
        verb="Summarize",
        empty="The summary and its highlights appear here.",
        too_early="Stopped before anything was seen.",
        start=start,
        progress=view.summarizing_html,
        html=view.article_html,
        announcement=view.announcement,
        pictures=lambda result: pictures_html(result.clips, result.windows_done, result.windows_total),
        below=view.below_html,
        edit=_edited,
        beside=_beside,
    )
    with gr.Row(elem_classes="vt-form"):
        length = gr.Radio(
            _LENGTHS, value="medium", label="Length", show_label=False, elem_classes="vt-segments", container=False
        )
    stage = build_stage(kind)
    with gr.Row(visible=False, elem_classes="vt-files") as files:
        seconds = checked_when_read(
            gr.Number(
                _DEFAULT_REEL_SECONDS,
                label="Seconds",
                minimum=0.1,
                maximum=settings.limits.max_duration_seconds,
                elem_id="vt-reel-seconds",
                scale=0,
                min_width=120,
            )
        )
        stale = "The highlights or the seconds changed: make the clip again."
        reel = FileWork(FileKind("reel", "Highlights as a clip", kind.name, stale, make), around, {"seconds": seconds})
    with gr.Accordion("More options", open=False, elem_classes="vt-more"):
        look = gr.Dropdown(_LOOKS, value="shots", label="Frames to look at", filterable=False, elem_id="vt-look")
        style = build_style(kind.name, settings)
        model = build_model_and_fit(around, kind.name)
    offer_style(around, model, style)
    runs = connect(
        kind,
        stage,
        around,
        {length, look, *style.components(), *model.components()},
        fields=style.fields() | model.fields(),
        beside=[files],
    )
    reel.follow(runs)
    show_plan(stage.plan, around, model, new_tokens=settings.tasks.description_tokens)
    return model


def _edited(result: SummaryResult, edit: Edit, _: Path) -> SummaryResult:
    summary = result.summary
    if edit.what == "abstract":
        changed = with_abstract(summary, edit.value)
    elif edit.what == "paragraph":
        changed = with_paragraph(summary, edit.index, edit.value)
    else:
        check_place(summary.highlights, edit)
        changed = with_highlight(summary, edit.index, edit.value)
    return replace(result, summary=changed)


def _beside(result: SummaryResult | None, _: Subject, closing: Closing) -> tuple[Any, ...]:
    """Return whether a clip can be made."""
    ready = result is not None and closing.closed and bool(result.summary.highlights.segments)
    return (gr.update(visible=ready),)
