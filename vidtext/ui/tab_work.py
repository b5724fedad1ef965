"""What every tab has: one wide button that becomes Stop, a line that says what is being done, and a result that grows.

A tab describes its work in a `Kind` and calls `build_stage`, then, when its options are built, `connect`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import gradio as gr
from gradio.components import Component  # noqa: TC002  (as above)

from vidtext.errors import OptionError
from vidtext.ui.kept import FINISHED, GROWING, STOPPED, Closing, Kept
from vidtext.ui.status import empty_html, note_html, status_html
from vidtext.ui.toasts import plain_words
from vidtext.ui.video_panel import source_of
from vidtext.ui.work import Work

if TYPE_CHECKING:
    from pathlib import Path

    from vidtext.job import Job, Progress
    from vidtext.ui.surroundings import Surroundings
    from vidtext.ui.visitors import Visitor

Result = TypeVar("Result")

QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
"""How the page's own events run: programs cannot call them, and Gradio draws nothing over what they change."""

UNLIMITED: dict[str, Any] = {**QUIET, "concurrency_limit": None}
"""How those of them run that may refuse: without Gradio's queue, a refusal would be an HTTP 500."""

_NO_VIDEO = "Add a video, then press {verb}."
_CLEARED = "The results of the video before were cleared. Press {verb} for this one."


@dataclass(frozen=True)
class Order(Generic[Result]):
    """What is to be worked on.

    Attributes:
        visitor: whose it is.
        source: the video; the visitor's own folder where the work is not about the one on the left.
        name: its name.
        values: of the form.
        result: the newest one of the tab, None if there is none.
        event: what the page sent along with the click.
    """

    visitor: Visitor
    source: Path
    name: str
    values: dict[Component, Any]
    result: Result | None
    event: gr.EventData | None = None

    def sent(self, name: str) -> object:
        """Return what the page sent along with the click under this name, None for nothing. It may be anything."""
        try:
            return getattr(self.event, name)
        except (AttributeError, TypeError):  # Gradio's event of a plain click has no data at all
            return None


@dataclass(frozen=True)
class Kind(Generic[Result]):
    """The work of a tab.

    Attributes:
        name: what the visitor's job and result go by, and the ids on the page.
        verb: what the button says.
        empty: what stands where the result will be.
        too_early: what stands there after a Stop before anything was made.
        start: begins the work.
        progress: the status, from a report and what was made so far.
        html: the result as far as it is, with the name of the video; `closed` adds what stands below a finished one.
        announcement: what a screen reader is told of a result.
        pictures: the strip's new pictures of a result, and a sentence on what the strip leaves out.
        beside: what else changes with a result, or with there being none, for the outputs given to `connect`.
        close: what is kept of a result that was stopped, or that failed, while it grew.
        after: what is kept of a result once it is shown.
        cleared: what stands there once another video has taken the place of the one that the result was of.
        about_video: whether the work is about the video on the left. Other work goes on when that changes, and shows no
            frames in its strip.
    """

    name: str
    verb: str
    empty: str
    too_early: str
    start: Callable[[Order[Result], Job], Iterator[Result]]
    progress: Callable[[Progress, Result | None], str]
    html: Callable[[Result, str, Closing], str]
    announcement: Callable[[Result], str]
    pictures: Callable[[Result], tuple[str, str]]
    beside: Callable[[Result | None, str, Closing], tuple[Any, ...]] = lambda *_: ()
    close: Callable[[Result], Result] = lambda result: result
    after: Callable[[Result], Result] = lambda result: result
    cleared: str = _CLEARED
    about_video: bool = True


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
) -> None:
    """Let the button do the work with the form's values.

    Args:
        kind: the work.
        stage: what `build_stage` made.
        around: the page.
        form: the components whose values `kind.start` reads.
        fields: the component of each option that can be wrong, by the option's name.
        beside: the components that `kind.beside` writes.
        triggers: events that do the same as the button.
    """
    panel, handlers = around.panel, _Handlers(kind, around, fields or {})
    buttons = [stage.go, stage.stop, stage.status]
    shown = [stage.result, stage.live, *beside]
    for trigger in (stage.go.click, *triggers):
        trigger(None, None, buttons, js=_to_stop_js(), api_visibility="private")
        run = trigger(
            handlers.run,
            {panel.player, *form},
            [*buttons, panel.strip, panel.strip_note, *shown],
            concurrency_limit=None,  # work waits in lines of our own, which tell its place
            trigger_mode="multiple",  # else a click is lost that comes while the work before is still ending
            **QUIET,
        )
        run.failure(handlers.fail, None, [*buttons, *shown], queue=False, **QUIET)
    # Not by `cancels`: what the work has said last would still arrive, after what Stop says.
    stage.stop.click(handlers.stop, None, buttons, queue=False, **QUIET)
    if not kind.about_video:
        return
    panel.video_key.change(handlers.clear, None, shown, queue=False, **QUIET)
    panel.emptied.then(handlers.clear, None, shown, queue=False, **QUIET)


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
    """What happens to the stage. Results live with the visitor, so that Stop can close them properly."""

    def __init__(self, kind: Kind[Result], around: Surroundings, fields: Mapping[str, Component]) -> None:
        self._kind, self._around, self._fields = kind, around, fields

    def run(self, values: dict[Component, Any], request: gr.Request, event: gr.EventData) -> Iterator[tuple[Any, ...]]:
        """Do the work; yield buttons, status, strip, its note, result, what a screen reader is told, what is beside."""
        visitor, kind = self._around.visitors.of(request), self._kind
        if visitor.was_ended(kind.name, request):
            yield self._after_stop(visitor, request)
            return
        with plain_words(self._fields, tab=kind.name):
            if visitor.works_on(kind.name):
                raise OptionError(f"{kind.verb} is still at work. Press Stop first, or wait until it has ended.")
            source, name = visitor.folder, kind.name
            if kind.about_video:
                source, name = source_of(visitor, values[self._around.panel.player])
            kept = visitor.results.get(kind.name)
            result = kept.result if kept else None
            if kept and kept.closing is GROWING:  # the work before was stopped, and has not said its last word yet
                result = kind.close(kept.result)
            order = Order(visitor, source, name, values, result, event)
            yield from self._follow(order, request)

    def _follow(self, order: Order[Result], request: gr.Request) -> Iterator[tuple[Any, ...]]:
        kind, visitor = self._kind, order.visitor
        work = Work(lambda job: kind.start(order, job), visitor.closing)
        with visitor.at_work(kind.name, work.job):
            if visitor.was_ended(kind.name, request):  # in this very moment
                work.job.stop()
            yield from self._grow(order, work)
            if work.job.stopped:
                # After the last that the work has said, so that this is what stays on the page.
                yield self._after_stop(visitor, request)

    def _grow(self, order: Order[Result], work: Work[Result]) -> Iterator[tuple[Any, ...]]:
        kind, visitor, name = self._kind, order.visitor, order.name
        latest: Result | None = None
        pictures = note = ""
        for update in work.updates():
            if work.job.stopped:
                break
            for result in update.made:
                latest = result
                new_pictures, new_note = kind.pictures(result)
                pictures, note = pictures + new_pictures, new_note or note
            if work.job.stopped:  # while the pictures were made
                break
            doing = kind.progress(update.progress, latest) if update.progress else gr.skip()
            if update.made and latest is not None:
                words, *beside = self._keep(visitor, latest, name, GROWING)
                strip = (pictures, note_html(note)) if kind.about_video else (gr.skip(), gr.skip())
                yield (*_AT_WORK, doing, *strip, words, escape(kind.announcement(latest)), *beside)
            else:
                yield (*_AT_WORK, doing, *self._unchanged())
        if work.job.stopped:
            return
        if latest is None:
            yield (*_READY, *self._unchanged())
        else:
            words, *beside = self._keep(visitor, latest, name, FINISHED)
            yield (*_READY, gr.skip(), gr.skip(), words, gr.skip(), *beside)

    def _keep(self, visitor: Visitor, result: Result, name: str, closing: Closing) -> tuple[Any, ...]:
        visitor.results[self._kind.name] = Kept(self._kind.after(result), closing)
        return (self._kind.html(result, name, closing), *self._kind.beside(result, name, closing))

    def _unchanged(self) -> tuple[Any, ...]:
        return tuple(gr.skip() for _ in (0, 0, 0, 0, *self._kind.beside(None, "", GROWING)))

    def stop(self, request: gr.Request) -> tuple[Any, ...]:
        """End the visitor's work, which then says what is left of it."""
        self._around.visitors.of(request).end(self._kind.name, request)
        return _READY

    def fail(self, request: gr.Request) -> tuple[Any, ...]:
        """Close what was made before an error; the work that another click disturbed goes on."""
        visitor = self._around.visitors.of(request)
        if visitor.works_on(self._kind.name):
            return tuple(gr.skip() for _ in (*_READY, *self._unchanged()[2:]))
        if self._kind.name not in visitor.results:
            return (*_READY, empty_html(self._kind.empty), "", *self._kind.beside(None, "", STOPPED))
        return (*_READY, *self._closed(visitor, "It failed."))

    def _after_stop(self, visitor: Visitor, request: gr.Request) -> tuple[Any, ...]:
        """Close what was made if Stop was pressed; another video, or other work begun since, has the last word."""
        if visitor.works_on(self._kind.name):
            return (*_AT_WORK, gr.skip(), *self._unchanged())
        if visitor.was_ended(self._kind.name, request):
            return (*_READY, gr.skip(), gr.skip(), *self._closed(visitor, "Stopped."))
        return (*_READY, *self._unchanged())

    def _closed(self, visitor: Visitor, announcement: str) -> tuple[Any, ...]:
        kept: Kept[Result] | None = visitor.results.get(self._kind.name)
        if kept is None:
            return (empty_html(self._kind.too_early), announcement, *self._kind.beside(None, "", STOPPED))
        if kept.closing is not GROWING:  # one from before stays as it is: somebody may be writing in it
            words, _, *beside = self._unchanged()[2:]
            return (words, announcement, *beside)
        name = visitor.video.name if visitor.video else self._kind.name
        words, *beside = self._keep(visitor, self._kind.close(kept.result), name, STOPPED)
        return (words, announcement, *beside)

    def clear(self, request: gr.Request) -> tuple[Any, ...]:
        """Drop the result of the video before."""
        visitor = self._around.visitors.of(request)
        visitor.stop(self._kind.name)
        had_result = visitor.results.pop(self._kind.name, None) is not None
        message = _NO_VIDEO if visitor.video is None else self._kind.cleared if had_result else self._kind.empty
        shown = empty_html(message.format(verb=self._kind.verb))
        return (shown, "", *self._kind.beside(None, "", GROWING))
