"""The Caption tab: one caption of the video, or one every few seconds."""

from __future__ import annotations

import json
from collections.abc import Iterator  # noqa: TC003  (Gradio reads the annotations of its handlers)
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.components import Component  # noqa: TC002  (as above)

from vidtext.clock import parse_clock
from vidtext.media.resize import FITS
from vidtext.tasks.caption import CaptionOptions
from vidtext.ui import caption_view as view
from vidtext.ui.filmstrip import StripPlan, strip_html
from vidtext.ui.model_line import model_choices
from vidtext.ui.toasts import plain_words
from vidtext.ui.video_panel import source_of
from vidtext.ui.work import Work

if TYPE_CHECKING:
    from pathlib import Path

    from vidtext.settings import Settings
    from vidtext.tasks.caption import CaptionResult
    from vidtext.ui.page import Surroundings
    from vidtext.ui.services import Services
    from vidtext.ui.visitors import Visitor, Visitors

ONE = "One caption"
MANY = "Every few seconds"

_DEFAULT_EVERY_SECONDS = 5
_DEFAULT_NEW_TOKENS = 30
_EMPTY = "Press Caption: a sentence that says what the video shows will stand here."
_NO_VIDEO = "Bring a video in on the other side, then press Caption."
_CLEARED = "The results of the video before were cleared. Press Caption to say what this one shows."

_FIT_LABELS = {
    "crop": "Middle square, sides cut off",
    "pad": "Whole frame with black borders",
    "squash": "Whole frame squeezed",
}

_TO_STOP_JS = f"""() => [
  {{ __type__: "update", visible: false }},
  {{ __type__: "update", visible: true }},
  {json.dumps(view.status_html("Starting"))},
]"""
"""In the browser, so that the button becomes Stop before the server has answered."""


def build_caption_tab(around: Surroundings) -> None:
    """Put the tab's content into the Blocks that are being built."""
    panel, settings, services = around.panel, around.settings, around.services
    with gr.Row(elem_classes="vt-form"):
        mode = gr.Radio([ONE, MANY], value=ONE, label="Captions", show_label=False, elem_id="vt-mode", container=False)
        every = gr.Number(
            _DEFAULT_EVERY_SECONDS,
            label="Seconds from one caption to the next",
            minimum=0.1,
            visible=False,
            elem_id="vt-every",
        )
    with gr.Row(elem_classes="vt-action"):
        go = gr.Button("Caption", variant="primary", elem_id="vt-caption-go")
        stop = gr.Button("Stop", variant="stop", visible=False, elem_id="vt-caption-stop")
    status = gr.HTML("", elem_id="vt-caption-status", elem_classes="vt-status")
    result = gr.HTML(view.empty_html(_EMPTY), elem_id="vt-caption-result", elem_classes="vt-result")
    live = gr.HTML(
        "", html_template='<p class="vt-sr" role="status" aria-live="polite">${value}</p>', elem_id="vt-caption-live"
    )
    with gr.Accordion("More options", open=False, elem_id="vt-caption-more"):
        with gr.Row():
            start = gr.Textbox(label="From", placeholder="0:00", elem_id="vt-start", max_lines=1, min_width=100)
            stop_at = gr.Textbox(label="To", placeholder="the end", elem_id="vt-stop-at", max_lines=1, min_width=100)
        model = gr.Dropdown(
            model_choices(services.models),
            value=settings.default_model,
            label="Model",
            filterable=False,
            elem_id="vt-model",
        )
        fit = gr.Dropdown(
            [("As the model was trained", ""), *((_FIT_LABELS[name], name) for name in FITS)],
            value="",
            label="Frames that are not square",
            filterable=False,
            elem_id="vt-fit",
        )
        tokens = gr.Number(
            _DEFAULT_NEW_TOKENS,
            label="Longest caption, in tokens",
            minimum=1,
            maximum=settings.max_new_tokens,
            precision=0,
            elem_id="vt-tokens",
        )

    form = _Form(panel.player, mode, every, start, stop_at, model, fit, tokens)
    handlers = _Handlers(form, settings, services, around.visitors)
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    mode.change(lambda chosen: gr.update(visible=chosen == MANY), mode, every, queue=False, **quiet)
    model.change(around.describe_model, model, around.model_line, queue=False, **quiet)
    run = go.click(None, None, [go, stop, status], js=_TO_STOP_JS, api_visibility="private").then(
        handlers.run,
        form.components(),
        [status, result, panel.strip, panel.strip_note, live],
        concurrency_id="work",
        concurrency_limit=settings.page_concurrency,
        **quiet,
    )
    run.success(_ready, None, [go, stop, status], queue=False, **quiet)
    run.failure(_ready, None, [go, stop, status], queue=False, **quiet)
    stop.click(handlers.stop, None, [go, stop, status, result, live], queue=False, cancels=[run], **quiet)
    panel.video_key.change(handlers.clear, None, [result, panel.strip, panel.strip_note, live], queue=False, **quiet)


def _ready() -> tuple[Any, ...]:
    return gr.update(visible=True), gr.update(visible=False), ""


@dataclass(frozen=True)
class _Form:
    """The components whose values a captioning needs."""

    player: gr.Video
    mode: gr.Radio
    every: gr.Number
    start: gr.Textbox
    stop: gr.Textbox
    model: gr.Dropdown
    fit: gr.Dropdown
    tokens: gr.Number

    def components(self) -> set[Component]:
        """Return all of them."""
        return {getattr(self, field.name) for field in fields(self)}

    def options(self, values: dict[Component, Any]) -> CaptionOptions:
        """Read what was chosen.

        Raises:
            OptionError: a time cannot be read.
        """
        return CaptionOptions(
            model=values[self.model],
            every_seconds=values[self.every] or _DEFAULT_EVERY_SECONDS if values[self.mode] == MANY else None,
            start_seconds=_seconds(values[self.start]),
            stop_seconds=_seconds(values[self.stop]),
            fit=values[self.fit] or None,
            max_new_tokens=values[self.tokens] or _DEFAULT_NEW_TOKENS,
        )


def _seconds(clock: str | None) -> float | None:
    """Read a time; nothing stands for the start or the end of the video."""
    return parse_clock(clock) if clock and clock.strip() else None


@dataclass(frozen=True)
class _Handlers:
    form: _Form
    settings: Settings
    services: Services
    visitors: Visitors

    def run(self, values: dict[Component, Any], request: gr.Request) -> Iterator[tuple[Any, ...]]:
        """Caption the video; yield status, result, strip, its note, and what a screen reader is told."""
        visitor = self.visitors.of(request)
        with plain_words():
            source, name = source_of(visitor, values[self.form.player])
            yield from self._follow(visitor, source, name, self.form.options(values))

    def _follow(self, visitor: Visitor, source: Path, name: str, options: CaptionOptions) -> Iterator[tuple[Any, ...]]:
        work = Work(lambda job: self.services.caption_stream(source, options, settings=self.settings, job=job))
        visitor.take_on("caption", work.job)
        visitor.caption = None
        pictures = note = ""
        for update in work.updates():
            for result in update.made:
                visitor.caption = result
                new_pictures, note = _pictures(result)
                pictures += new_pictures
            doing = view.captioning_html(update.progress, visitor.caption) if update.progress else gr.skip()
            if not update.made:
                yield doing, gr.skip(), gr.skip(), gr.skip(), gr.skip()
                continue
            latest = update.made[-1]
            finished = latest.windows_done == latest.windows_total
            yield (
                doing,
                view.caption_html(latest, name=name, finished=finished),
                pictures,
                view.note_html(note),
                view.announcement(latest),
            )

    def stop(self, request: gr.Request) -> tuple[Any, ...]:
        """End the visitor's captioning; what is finished stays."""
        visitor = self.visitors.of(request)
        visitor.stop("caption")
        name = visitor.video.name if visitor.video else "captions"
        if visitor.caption is None:
            return (*_ready(), view.empty_html("Stopped before the first caption was written."), "Stopped.")
        return (*_ready(), view.caption_html(visitor.caption, name=name, finished=True, stopped=True), "Stopped.")

    def clear(self, request: gr.Request) -> tuple[str, ...]:
        """Drop the results of the video before."""
        visitor = self.visitors.of(request)
        visitor.stop("caption")
        had_results, visitor.caption = visitor.caption is not None, None
        message = _NO_VIDEO if visitor.video is None else _CLEARED if had_results else _EMPTY
        return view.empty_html(message), "", "", ""


def _pictures(result: CaptionResult) -> tuple[str, str]:
    """Return the strip's new pictures, and what it leaves out."""
    plan = StripPlan.of(result.windows_total, result.card.frames_per_clip)
    first_window = result.windows_done - len(result.clips)
    chosen = (plan.chosen(clip, window) for window, clip in enumerate(result.clips, start=first_window))
    pictures = "".join(strip_html(frames) for frames in chosen if frames is not None)
    return pictures, plan.explain(result.card.frames_per_clip)
