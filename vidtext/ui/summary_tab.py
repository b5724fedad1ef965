"""The Summary tab: what a video is about, its highlights, and those as a clip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from vidtext.tasks.summary import SummaryOptions
from vidtext.text.documents import stem_of
from vidtext.text.formats import render
from vidtext.ui import summary_view as view
from vidtext.ui.choices import ModelAndFit, build_model_and_fit, build_style, offer_style
from vidtext.ui.file_work import FileKind, FileWork, MadeFile
from vidtext.ui.filmstrip import pictures_html
from vidtext.ui.plan_line import show_plan
from vidtext.ui.tab_work import Kind, Order, build_stage, connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vidtext.job import Job
    from vidtext.tasks.summary import SummaryResult
    from vidtext.ui.kept import Closing, Subject
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
        return services.summary_stream(order.source, options, settings=settings, job=job)

    def make(result: SummaryResult, order: Order[Any], folder: Path, job: Job) -> Iterator[MadeFile]:
        target = folder / f"{stem_of(order.name, 'video')}-highlights.mp4"
        captions = target.with_suffix(".srt")
        highlights = result.summary.highlights
        wished = order.values[seconds]
        reel = services.highlight_reel(order.source, highlights, target, seconds=wished, settings=settings, job=job)
        captions.write_text(render(reel.captions, "srt"), encoding="utf-8", newline="")
        yield MadeFile(target, reel.notes)
        yield MadeFile(captions)

    kind = Kind(
        name="summary",
        verb="Summarize",
        empty="Press Summarize: what the video is about, and its best moments, will stand here.",
        too_early="Stopped before anything was seen.",
        start=start,
        progress=view.summarizing_html,
        html=view.article_html,
        announcement=view.announcement,
        pictures=lambda result: pictures_html(result.clips, result.windows_done, result.windows_total),
        beside=_beside,
    )
    with gr.Row(elem_classes="vt-form"):
        length = gr.Radio(
            _LENGTHS, value="medium", label="Length", show_label=False, elem_classes="vt-segments", container=False
        )
    stage = build_stage(kind)
    with gr.Row(visible=False, elem_classes="vt-files") as files:
        seconds = gr.Number(
            _DEFAULT_REEL_SECONDS,
            label="Seconds",
            elem_id="vt-reel-seconds",
            scale=0,
            min_width=120,
        )
        stale = "The highlights or the seconds changed: make the clip again."
        reel = FileWork(FileKind("reel", "Highlights as a clip", kind.name, stale, make), around, [seconds])
    with gr.Accordion("More options", open=False, elem_classes="vt-more"):
        look = gr.Dropdown(_LOOKS, value="shots", label="What to look at", filterable=False, elem_id="vt-look")
        style = build_style(kind.name, settings)
        model = build_model_and_fit(around, kind.name)
        offer_style(around, model, style)
    runs = connect(kind, stage, around, {length, look, *style.components(), *model.components()}, beside=[files])
    reel.follow(runs)
    show_plan(stage.plan, around, model, new_tokens=settings.description_tokens)
    return model


def _beside(result: SummaryResult | None, _: Subject, closing: Closing) -> tuple[Any, ...]:
    """Return whether a clip can be made."""
    ready = result is not None and closing.closed and bool(result.summary.highlights.segments)
    return (gr.update(visible=ready),)
