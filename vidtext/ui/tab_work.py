"""What every tab has: one wide button that becomes Stop, a line that says what is being done, and a result that grows.

A tab describes its work in a `Kind` and calls `build_stage`, then, when its options are built, `connect`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import gradio as gr
from gradio.components import Component  # noqa: TC002  (as above)

from vidtext.errors import OptionError
from vidtext.ui.kept import FINISHED, GROWING, STOPPED, Closing, Subject
from vidtext.ui.orders import QUIET, UNLIMITED, Kind, Order
from vidtext.ui.running import Run
from vidtext.ui.status import empty_html, note_html, of_video_html, status_html
from vidtext.ui.toasts import plain_words
from vidtext.ui.video_panel import video_of

if TYPE_CHECKING:
    from gradio.events import Dependency

    from vidtext.ui.kept import Kept
    from vidtext.ui.surroundings import Surroundings
    from vidtext.ui.visit import Visitor

__all__ = [
    "QUIET",
    "UNLIMITED",
    "Kind",
    "Order",
    "Stage",
    "build_action",
    "build_result",
    "build_stage",
    "build_status",
    "connect",
    "visible_js",
]

Result = TypeVar("Result")

_NO_VIDEO = "Add a video, then press {verb}."


@dataclass(frozen=True)
class Stage:
    """The components of a tab that work happens on."""

    go: gr.Button
    stop: gr.Button
    plan: gr.HTML
    status: gr.HTML
    result: gr.HTML
    live: gr.HTML


def build_stage(kind: Kind[Result], *, result_js: str | None = None) -> Stage:
    """Put button, status and result into the Blocks that are being built; `result_js` runs when the result is there."""
    action = build_action(kind)
    status = build_status(kind)
    return Stage(*action, status, *build_result(kind, result_js=result_js))


def build_action(kind: Kind[Result]) -> tuple[gr.Button, gr.Button, gr.HTML]:
    """Put the button, Stop in its place, and the line for the plan into the Blocks that are being built."""
    with gr.Row(elem_classes="vt-action"):
        go = gr.Button(kind.verb, variant="primary", elem_id=f"vt-{kind.name}-go")
        stop = gr.Button("Stop", variant="stop", visible=False, elem_id=f"vt-{kind.name}-stop")
    return go, stop, gr.HTML("", elem_id=f"vt-{kind.name}-plan")


def build_status(kind: Kind[Result]) -> gr.HTML:
    """Put the line that says what is being done into the Blocks that are being built."""
    return gr.HTML("", elem_id=f"vt-{kind.name}-status", elem_classes="vt-status")


def build_result(kind: Kind[Result], *, result_js: str | None = None) -> tuple[gr.HTML, gr.HTML]:
    """Put the result, and what a screen reader is told of it, into the Blocks that are being built."""
    script = {} if result_js is None else {"js_on_load": result_js}
    result = gr.HTML(empty_html(kind.empty), elem_id=f"vt-{kind.name}-result", elem_classes="vt-result", **script)
    live = gr.HTML(
        "",
        html_template='<p class="vt-sr" role="status" aria-live="polite">${value}</p>',
        elem_id=f"vt-{kind.name}-live",
        elem_classes="vt-live",
    )
    return result, live


Trigger = Callable[..., Any]
"""An event of a component, such as `button.click`, as Gradio has them."""


def connect(
    kind: Kind[Result],
    stage: Stage,
    around: Surroundings,
    form: Iterable[Component],
    *,
    fields: Mapping[str, Component] | None = None,
    beside: Iterable[Component] = (),
    triggers: Iterable[Trigger] = (),
) -> list[Dependency]:
    """Let the button do the work with the form's values; return the events that end with a result.

    Args:
        kind: the work.
        stage: what `build_stage` made.
        around: the page.
        form: the components whose values `kind.start` reads.
        fields: the component of each option that can be wrong, by the option's name.
        beside: the components that `kind.beside` writes.
        triggers: events that do the same as the button.
    """
    panel, form, beside = around.panel, set(form), list(beside)
    filled = [each for each in form if not isinstance(each, gr.File) and each not in beside]
    handlers = _Handlers(kind, around, filled, fields or {})
    buttons = [stage.go, stage.stop, stage.status]
    shown = [stage.result, stage.live, *beside]
    everything = [*buttons, panel.strip, panel.strip_note, *shown]
    resumed = gr.Textbox("", visible="hidden", show_label=False, elem_id=f"vt-{kind.name}-resumed")
    # Work waits in lines of our own, which tell its place; and with the usual trigger mode a click would be lost that
    # comes while the work before is still ending.
    queued: dict[str, Any] = {"concurrency_limit": None, "trigger_mode": "multiple", **QUIET}
    runs = []
    for trigger in (stage.go.click, *triggers):
        trigger(None, None, buttons, js=_to_stop_js(), api_visibility="private")
        run = trigger(handlers.run, {panel.video_key, *form}, everything, **queued)
        run.failure(handlers.fail, None, [*buttons, *shown], queue=False, **QUIET)
        runs.append(run)
    resume = resumed.change(handlers.follow, None, everything, **queued)
    resume.failure(handlers.fail, None, [*buttons, *shown], queue=False, **QUIET)
    # Not by `cancels`: what the work has said last would still arrive, after what Stop says.
    stage.stop.click(handlers.stop, None, buttons, queue=False, **QUIET)
    panel.video_key.change(handlers.show, None, [*buttons, *shown, resumed, *filled], queue=False, **QUIET)
    return [*runs, resume]


def visible_js(choice: str) -> str:
    """Return a script that shows a component for one choice alone: at once, so that no button moves under a click."""
    return f"""(chosen) => ({{ __type__: "update", visible: chosen === {json.dumps(choice)} }})"""


def _to_stop_js() -> str:
    """In the browser, so that the button becomes Stop before the server has answered."""
    return f"""() => [
  {{ __type__: "update", visible: false }},
  {{ __type__: "update", visible: true }},
  {json.dumps(status_html("Starting"))},
]"""


_READY: tuple[Any, ...] = gr.update(visible=True), gr.update(visible=False), ""
_AT_WORK: tuple[Any, ...] = gr.update(visible=False), gr.update(visible=True)


class _Handlers(Generic[Result]):
    """What happens to the stage. Runs and results live with the visitor, so that a page that comes back finds them."""

    def __init__(
        self, kind: Kind[Result], around: Surroundings, filled: list[Component], fields: Mapping[str, Component]
    ) -> None:
        self._kind, self._around, self._filled, self._fields = kind, around, filled, fields

    def run(self, values: dict[Component, Any], request: gr.Request, event: gr.EventData) -> Iterator[tuple[Any, ...]]:
        """Do the work; yield buttons, status, strip, its note, result, what a screen reader is told, what is beside."""
        visitor, kind = self._around.visitors.of(request), self._kind
        if visitor.was_ended(kind.name, request):
            yield self._after_stop(visitor, request)
            return
        with plain_words(self._fields, tab=kind.name):
            if visitor.works_on(kind.name):
                raise OptionError(f"{kind.verb} is still at work. Press Stop first, or wait until it has ended.")
            source, subject = visitor.folder, Subject(kind.name)
            if kind.about_video:
                video = video_of(visitor, values[self._around.panel.video_key])
                source, subject = video.source, Subject(video.name, video.key)
            kept = visitor.results.get(kind.name)
            result = kept.result if kept else None
            if kept and kept.closing is GROWING:  # the work before was stopped, and has not said its last word yet
                result = kind.close(kept.result)
            visitor.forms[kind.name] = {each: values[each] for each in self._filled}
            run = Run(kind, Order(visitor, source, subject, values, result, event))
            run.start()
        if visitor.was_ended(kind.name, request):  # in this very moment
            run.stop()
        yield from self._follow(run, request)

    def follow(self, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        """Show the work that goes on while its page was loaded again."""
        visitor = self._around.visitors.of(request)
        run = visitor.runs.get(self._kind.name)
        if run is not None:
            yield from self._follow(run, request)

    def _follow(self, run: Run[Result], request: gr.Request) -> Iterator[tuple[Any, ...]]:
        kind, order = self._kind, run.order
        latest: Result | None = None
        with plain_words(self._fields, tab=kind.name):
            for news in run.news():
                latest = latest if news.result is None else news.result
                doing = kind.progress(news.progress, latest) if news.progress else gr.skip()
                if news.result is None:
                    yield (*_AT_WORK, doing, *self._unchanged())
                    continue
                strip: tuple[Any, Any] = gr.skip(), gr.skip()
                if kind.about_video and news.strip is not None:
                    strip = of_video_html(news.strip[0], order.subject.key), note_html(news.strip[1])
                words, *beside = self._rendered(news.result, order.subject, GROWING)
                yield (*_AT_WORK, doing, *strip, words, escape(kind.announcement(news.result)), *beside)
            run.wait()
        # Nothing may follow at once: Gradio changes updates that the browser has not seen yet into those that follow.
        yield self._after_stop(order.visitor, request) if run.stopped else self._finished(run)

    def _finished(self, run: Run[Result]) -> tuple[Any, ...]:
        kept: Kept[Result] | None = run.order.visitor.results.get(self._kind.name)
        if run.dropped or run.latest is None or kept is None:
            return (*_READY, *self._unchanged())
        words, *beside = self._rendered(kept.result, kept.subject, kept.closing)
        return (*_READY, gr.skip(), gr.skip(), words, gr.skip(), *beside)

    def _rendered(self, result: Result, subject: Subject, closing: Closing) -> tuple[Any, ...]:
        html = self._kind.html(result, subject.name, closing)
        return (of_video_html(html, subject.key), *self._kind.beside(result, subject, closing))

    def _unchanged(self) -> tuple[Any, ...]:
        return tuple(gr.skip() for _ in (0, 0, 0, 0, *self._kind.beside(None, Subject(""), GROWING)))

    def stop(self, request: gr.Request) -> tuple[Any, ...]:
        """End the visitor's work, which then says what is left of it."""
        self._around.visitors.of(request).end(self._kind.name, request)
        return _READY

    def fail(self, request: gr.Request) -> tuple[Any, ...]:
        """Show what was made before an error; the work that another click disturbed goes on."""
        visitor = self._around.visitors.of(request)
        if visitor.works_on(self._kind.name):
            return tuple(gr.skip() for _ in (*_READY, *self._unchanged()[2:]))
        return (*_READY, *self._closed(visitor, "It failed.", self._nothing(visitor)))

    def _after_stop(self, visitor: Visitor, request: gr.Request) -> tuple[Any, ...]:
        """Show what is left if Stop was pressed; another video, or other work begun since, has the last word."""
        if visitor.works_on(self._kind.name):
            return (*_AT_WORK, gr.skip(), *self._unchanged())
        if visitor.was_ended(self._kind.name, request):
            closed = self._closed(visitor, "Stopped.", empty_html(self._kind.too_early))
            return (*_READY, gr.skip(), gr.skip(), *closed)
        return (*_READY, *self._unchanged())

    def _closed(self, visitor: Visitor, announcement: str, nothing: str) -> tuple[Any, ...]:
        kept: Kept[Result] | None = visitor.results.get(self._kind.name)
        if kept is None:
            return (nothing, announcement, *self._kind.beside(None, Subject(""), STOPPED))
        run = visitor.runs.get(self._kind.name)
        if run is None or run.latest is None:  # one from before stays as it is: somebody may be writing in it
            words, _, *beside = self._unchanged()[2:]
            return (words, announcement, *beside)
        words, *beside = self._rendered(kept.result, kept.subject, kept.closing)
        return (words, announcement, *beside)

    def show(self, request: gr.Request) -> tuple[Any, ...]:
        """Show what there is of the video that is there now; to a page that was loaded again, its form too."""
        visitor, kind = self._around.visitors.of(request), self._kind
        returns = kind.name in visitor.unfilled
        visitor.unfilled.discard(kind.name)
        form = [gr.skip() for _ in self._filled]
        if returns:
            form = [gr.update(value=visitor.forms[kind.name][each]) for each in self._filled]
        elif not kind.about_video:
            return (*(gr.skip() for _ in (*_READY, *self._unchanged()[2:], 0)), *form)
        kept: Kept[Result] | None = visitor.results.get(kind.name)
        run = visitor.runs.get(kind.name)
        resumed = token_hex(8) if returns and run is not None and not run.ended else gr.skip()
        buttons = (*_AT_WORK, gr.skip()) if visitor.works_on(kind.name) else _READY
        if kept is None:
            return (*buttons, self._nothing(visitor), "", *kind.beside(None, Subject(""), FINISHED), resumed, *form)
        words, *beside = self._rendered(kept.result, kept.subject, kept.closing)
        return (*buttons, words, "", *beside, resumed, *form)

    def _nothing(self, visitor: Visitor) -> str:
        kind = self._kind
        if kind.about_video and visitor.video is None:
            message = _NO_VIDEO
        else:
            message = kind.cleared if kind.name in visitor.cleared else kind.empty
        return empty_html(message.format(verb=kind.verb))
