"""The Caption tab: one caption of the video, or one every few seconds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.components import Component  # noqa: TC002  (Gradio reads the annotations of its handlers)

from vidtext.errors import VidtextError
from vidtext.media.read.sampling import choose_range, split
from vidtext.tasks.options import CaptionOptions
from vidtext.text.editing import with_text, without
from vidtext.ui.framework.editing import check_place
from vidtext.ui.framework.fields import checked_when_read, number_in, seconds_of
from vidtext.ui.framework.memory_line import show_plan
from vidtext.ui.framework.model_fields import ModelAndFit, build_model_and_fit
from vidtext.ui.framework.tab import QUIET, Kind, Order, build_stage, connect, visible_js
from vidtext.ui.status import note_html
from vidtext.ui.tabs import caption_view as view
from vidtext.ui.video.filmstrip import pictures_html

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vidtext.job import Job
    from vidtext.tasks.caption import CaptionResult
    from vidtext.ui.framework.editing import Edit
    from vidtext.ui.surroundings import Surroundings

ONE = "One caption"
MANY = "Every few seconds"

_DEFAULT_EVERY_SECONDS = 5
_DEFAULT_NEW_TOKENS = 30

_SHORTEST_TOLD_SECONDS = 10
_MINUTE = 60


def build_caption_tab(around: Surroundings) -> ModelAndFit:
    """Put the tab's content into the Blocks that are being built."""
    settings, services = around.settings, around.services
    paces: dict[str, float] = {}
    """How many seconds a caption took last, by the model."""

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
        return services.tasks["caption"].run(order.source, options, settings=settings, job=job)

    def learn(result: CaptionResult) -> CaptionResult:
        paces[result.info.id] = result.seconds_taken / result.windows_done
        return result

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
        below=view.below_html,
        edit=_edited,
        after=learn,
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
    forecast = gr.HTML("", elem_id="vt-caption-forecast")
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
                maximum=settings.limits.max_new_tokens,
                precision=0,
                elem_id="vt-tokens",
            )
        )
    mode.change(None, mode, every, js=visible_js(MANY), **QUIET)

    def foresee(values: dict[Component, Any], request: gr.Request) -> str:
        video, length = around.visitors.of(request).video, values[every] or _DEFAULT_EVERY_SECONDS
        if values[mode] != MANY or video is None:
            return ""
        try:
            span = choose_range(
                video.info.duration_seconds,
                start_seconds=seconds_of(values[begin], "start_seconds"),
                stop_seconds=seconds_of(values[end], "stop_seconds"),
            )
            if not length > 0 or span.duration_seconds / length > settings.limits.max_windows:
                return ""
            count = len(split(span, every_seconds=length))
            return note_html(_forecast(count, paces.get(model.chosen_model(values))))
        except VidtextError:  # it is told when the work is begun
            return ""

    asked = {mode, every, begin, end, model.model}
    around.panel.video_key.change(foresee, asked, forecast, queue=False, **QUIET)
    for component in asked:
        component.change(foresee, asked, forecast, queue=False, **QUIET)
    fields = {"every_seconds": every, "start_seconds": begin, "stop_seconds": end, "max_new_tokens": tokens}
    connect(kind, stage, around, {mode, *fields.values(), *model.components()}, fields=fields | model.fields())
    show_plan(stage.plan, around, model, new_tokens=_DEFAULT_NEW_TOKENS)
    return model


def _edited(result: CaptionResult, edit: Edit, _: Path) -> CaptionResult:
    check_place(result.text, edit)
    if edit.what == "remove":
        return replace(result, text=without(result.text, edit.index))
    return replace(result, text=with_text(result.text, edit.index, edit.value))


def _pictures(result: CaptionResult) -> tuple[str, str]:
    return pictures_html(result.clips, result.windows_done, result.windows_total)


def _forecast(count: int, pace_seconds: float | None) -> str:
    """Say how many captions there will be, and how long they will take where that is known."""
    captions = "1 caption" if count == 1 else f"{count:,} captions"
    if pace_seconds is None or count * pace_seconds < _SHORTEST_TOLD_SECONDS:
        return f"{captions}."
    seconds = count * pace_seconds
    minutes = round(seconds / _MINUTE)
    return f"{captions}, about {minutes} min." if minutes > 1 else f"{captions}, about {round(seconds)} s."
