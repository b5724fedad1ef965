"""The Caption tab: one caption of the video, or one every few seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from vidtext.tasks.caption import CaptionOptions
from vidtext.ui import caption_view as view
from vidtext.ui.choices import ModelAndFit, build_model_and_fit
from vidtext.ui.fields import checked_when_read, number_in, seconds_of
from vidtext.ui.filmstrip import pictures_html
from vidtext.ui.plan_line import show_plan
from vidtext.ui.tab_work import QUIET, Kind, Order, build_stage, connect, visible_js

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vidtext.job import Job
    from vidtext.tasks.caption import CaptionResult
    from vidtext.ui.surroundings import Surroundings

ONE = "One caption"
MANY = "Every few seconds"

_DEFAULT_EVERY_SECONDS = 5
_DEFAULT_NEW_TOKENS = 30


def build_caption_tab(around: Surroundings) -> ModelAndFit:
    """Put the tab's content into the Blocks that are being built."""
    settings, services = around.settings, around.services

    def start(order: Order[CaptionResult], job: Job) -> Iterator[CaptionResult]:
        values = order.values
        options = CaptionOptions(
            model=model.chosen_model(values),
            every_seconds=number_in(every, values, "every_seconds") if values[mode] == MANY else None,
            start_seconds=seconds_of(values[begin], "start_seconds"),
            stop_seconds=seconds_of(values[end], "stop_seconds"),
            fit=model.chosen_fit(values),
            max_new_tokens=int(number_in(tokens, values, "max_new_tokens")),
        )
        return services.caption_stream(order.source, options, settings=settings, job=job)

    kind = Kind(
        name="caption",
        verb="Caption",
        empty="Captions appear here.",
        too_early="Stopped before the first caption was written.",
        start=start,
        progress=view.captioning_html,
        html=view.caption_html,
        announcement=view.announcement,
        pictures=_pictures,
    )
    with gr.Row(elem_classes="vt-form"):
        mode = gr.Radio(
            [ONE, MANY], value=ONE, label="Captions", show_label=False, elem_classes="vt-segments", container=False
        )
        every = checked_when_read(
            gr.Number(
                _DEFAULT_EVERY_SECONDS,
                label="Seconds between captions",
                minimum=0.1,
                visible=False,
                elem_id="vt-every",
            )
        )
    stage = build_stage(kind)
    with gr.Accordion("More options", open=False, elem_classes="vt-more"):
        with gr.Row():
            begin = gr.Textbox(label="From", placeholder="0:00", elem_id="vt-start", max_lines=1, min_width=100)
            end = gr.Textbox(label="To", placeholder="the end", elem_id="vt-stop-at", max_lines=1, min_width=100)
        model = build_model_and_fit(around, "caption")
        tokens = checked_when_read(
            gr.Number(
                _DEFAULT_NEW_TOKENS,
                label="Tokens per caption",
                minimum=1,
                maximum=settings.max_new_tokens,
                precision=0,
                elem_id="vt-tokens",
            )
        )
    mode.change(None, mode, every, js=visible_js(MANY), **QUIET)
    fields = {"every_seconds": every, "start_seconds": begin, "stop_seconds": end, "max_new_tokens": tokens}
    connect(kind, stage, around, {mode, *fields.values(), *model.components()}, fields=fields | model.fields())
    show_plan(stage.plan, around, model, new_tokens=_DEFAULT_NEW_TOKENS)
    return model


def _pictures(result: CaptionResult) -> tuple[str, str]:
    return pictures_html(result.clips, result.windows_done, result.windows_total)
