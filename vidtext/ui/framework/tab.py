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
from gradio.components import Component

from vidtext.errors import OptionError
from vidtext.ui.framework.editing import EDIT_JS, UNDO_JS, edit_of, undo_html
from vidtext.ui.framework.errors import plain_words
from vidtext.ui.framework.requests import QUIET, UNLIMITED, Kind, Order
from vidtext.ui.framework.runs import Run
from vidtext.ui.session.results import FINISHED, GROWING, STOPPED, Kept, Subject
from vidtext.ui.status import empty_html, note_html, of_video_html, status_html
from vidtext.ui.video.panel import video_of

if TYPE_CHECKING:
    from gradio.events import Dependency

    from vidtext.ui.session.results import Closing
    from vidtext.ui.session.session import Visitor
    from vidtext.ui.surroundings import Surroundings

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
    below: gr.HTML


def build_stage(kind: Kind[Result]) -> Stage:
    """Put button, status and result into the Blocks that are being built."""
    action = build_action(kind)
    status = build_status(kind)
    return Stage(*action, status, *build_result(kind, result_js=EDIT_JS if kind.edit else None))


def build_action(kind: Kind[Result]) -> tuple[gr.Button, gr.Button, gr.HTML]:
    """Put the button, Stop in its place, and the line for the plan into the Blocks that are being built."""
    with gr.Row(elem_classes="vt-action"):
        go = gr.Button(kind.verb, variant="primary", elem_id=f"vt-{kind.name}-go")
        stop = gr.Button("Stop", variant="stop", visible=False, elem_id=f"vt-{kind.name}-stop")
    return go, stop, gr.HTML("", elem_id=f"vt-{kind.name}-plan")


def build_status(kind: Kind[Result]) -> gr.HTML:
    """Put the line that says what is being done into the Blocks that are being built."""
    return gr.HTML("", elem_id=f"vt-{kind.name}-status", elem_classes="vt-status")


def build_result(kind: Kind[Result], *, result_js: str | None = None) -> tuple[gr.HTML, gr.HTML, gr.HTML]:
    """Put the result, what a screen reader is told, and what stands below into the Blocks that are being built.

    `result_js` runs when the result is there.
    """
    script = {} if result_js is None else {"js_on_load": result_js}
    result = gr.HTML(empty_html(kind.empty), elem_id=f"vt-{kind.name}-result", elem_classes="vt-result", **script)
    live = gr.HTML(
        "",
        html_template='<p class="vt-sr" role="status" aria-live="polite">${value}</p>',
        elem_id=f"vt-{kind.name}-live",
        elem_classes="vt-live",
    )
    return result, live, gr.HTML("", elem_id=f"vt-{kind.name}-below", js_on_load=UNDO_JS)


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
    used_up: Iterable[Component] = (),
    triggers: Iterable[Trigger] = (),
) -> list[Dependency]:
    """Let the button do the work with the form's values; return the events after which the result may be another one.

    Args:
        kind: the work.
        stage: what `build_stage` made.
        around: the page.
        form: the components whose values `kind.start` reads.
        fields: the component of each option that can be wrong, by the option's name.
        beside: the components that `kind.beside` writes.
        used_up: those of the form that a page that is loaded again does not fill in, since their value was for once.
        triggers: events that do the same as the button.
    """
    panel, form, beside = around.panel, set(form), list(beside)
    filled = [each for each in form.difference(used_up) if not isinstance(each, gr.File)]
    resumed = gr.Textbox("", visible="hidden", show_label=False, elem_id=f"vt-{kind.name}-resumed")
    handlers = _Handlers(kind, stage, around, resumed=resumed, filled=filled, beside=beside, fields=fields or {})
    buttons = [stage.go, stage.stop, stage.status]
    shown = [stage.result, stage.live, stage.below, *beside]
    everything = [*buttons, panel.strip, panel.strip_note, *shown]
    # Work waits in lines of our own, which tell its place; and with the usual trigger mode a click would be lost that
    # comes while the work before is still ending.
    queued: dict[str, Any] = {"concurrency_limit": None, "trigger_mode": "multiple", **QUIET}
    changes = []
    for trigger in (stage.go.click, *triggers):
        trigger(None, None, buttons, js=_to_stop_js(), api_visibility="private")
        run = trigger(handlers.run, {panel.video_key, *form}, everything, **queued)
        run.failure(handlers.fail, None, [*buttons, *shown], queue=False, **QUIET)
        changes.append(run)
    resume = resumed.change(handlers.follow, None, everything, **queued)
    resume.failure(handlers.fail, None, [*buttons, *shown], queue=False, **QUIET)
    changes.append(resume)
    if kind.edit is not None:
        each: dict[str, Any] = {**UNLIMITED, "trigger_mode": "multiple"}  # none is lost that comes soon after another
        edited, undone = (
            stage.result.edit(handlers.edit, None, shown, **each),
            stage.below.undo(handlers.undo, None, shown, **each),
        )
        edited.failure(handlers.redraw, None, shown, queue=False, **QUIET)
        changes += [edited, undone]
    # Not by `cancels`: what the work has said last would still arrive, after what Stop says.
    stage.stop.click(handlers.stop, None, buttons, queue=False, **QUIET)
    panel.video_key.change(handlers.show, None, [*buttons, *shown, resumed, *filled], queue=False, **QUIET)
    return changes


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


Updates = dict[Component, Any]
"""New values of components, as Gradio has them; all others stay as they are."""


class _Handlers(Generic[Result]):
    """What happens to the stage. Runs and results live with the visitor, so that a page that comes back finds them."""

    def __init__(
        self,
        kind: Kind[Result],
        stage: Stage,
        around: Surroundings,
        *,
        resumed: Component,
        filled: list[Component],
        beside: list[Component],
        fields: Mapping[str, Component],
    ) -> None:
        self._kind, self._stage, self._around, self._fields = kind, stage, around, fields
        self._resumed, self._filled, self._beside = resumed, filled, beside
        self._ready: Updates = {stage.go: gr.update(visible=True), stage.stop: gr.update(visible=False)}
        self._ready[stage.status] = ""
        self._at_work: Updates = {stage.go: gr.update(visible=False), stage.stop: gr.update(visible=True)}

    def run(self, values: dict[Component, Any], request: gr.Request, event: gr.EventData) -> Iterator[Updates]:
        """Do the work, and show how far it is."""
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

    def follow(self, request: gr.Request) -> Iterator[Updates]:
        """Show the work that goes on while its page was loaded again."""
        visitor = self._around.visitors.of(request)
        run = visitor.runs.get(self._kind.name)
        if run is not None:
            yield from self._follow(run, request)

    def _follow(self, run: Run[Result], request: gr.Request) -> Iterator[Updates]:
        kind, panel = self._kind, self._around.panel
        latest: Result | None = None
        with plain_words(self._fields, tab=kind.name):
            for news in run.news():
                updates = dict(self._at_work)
                latest = latest if news.result is None else news.result
                if news.progress:
                    updates[self._stage.status] = kind.progress(news.progress, latest)
                if news.result is not None:
                    updates |= self._rendered(Kept(news.result, GROWING, run.order.subject))
                    updates[self._stage.live] = escape(kind.announcement(news.result))
                    if kind.about_video and news.strip is not None:
                        updates[panel.strip] = of_video_html(news.strip[0], run.order.subject.key)
                        updates[panel.strip_note] = note_html(news.strip[1])
                yield updates
            run.wait()
        # Nothing may follow at once: Gradio changes updates that the browser has not seen yet into those that follow.
        yield self._after_stop(run.order.visitor, request) if run.stopped else self._finished(run)

    def _finished(self, run: Run[Result]) -> Updates:
        kept: Kept[Result] | None = run.order.visitor.results.get(self._kind.name)
        if run.dropped or run.latest is None or kept is None:
            return self._ready
        return self._ready | self._rendered(kept)

    def _rendered(self, kept: Kept[Result], *, drawing: str = "") -> Updates:
        html = self._kind.html(kept.result, kept.subject.name, kept.closing)
        return {self._stage.result: of_video_html(html, kept.subject.key, drawing=drawing), **self._around_it(kept)}

    def _around_it(self, kept: Kept[Result]) -> Updates:
        """Return what is made of a result but the result itself, in which somebody may be writing."""
        result, subject, closing = kept.result, kept.subject, kept.closing
        below = self._kind.below(result, subject.name, closing) if closing.closed else ""
        if below and kept.earlier:
            below = undo_html() + below
        return {
            self._stage.below: of_video_html(below, subject.key),
            **dict(zip(self._beside, self._kind.beside(result, subject, closing), strict=True)),
        }

    def _cleared(self, html: str, closing: Closing) -> Updates:
        beside = self._kind.beside(None, Subject(""), closing)
        return {self._stage.result: html, self._stage.below: "", **dict(zip(self._beside, beside, strict=True))}

    def stop(self, request: gr.Request) -> Updates:
        """End the visitor's work, which then says what is left of it."""
        self._around.visitors.of(request).end(self._kind.name, request)
        return self._ready

    def fail(self, request: gr.Request) -> Any:  # noqa: ANN401  Gradio's `skip` has no type
        """Show what was made before an error; the work that another click disturbed goes on."""
        visitor = self._around.visitors.of(request)
        if visitor.works_on(self._kind.name):
            return gr.skip()
        return self._ready | self._closed(visitor, "It failed.", self._nothing(visitor))

    def _after_stop(self, visitor: Visitor, request: gr.Request) -> Updates:
        """Show what is left if Stop was pressed; another video, or other work begun since, has the last word."""
        if visitor.works_on(self._kind.name):
            return self._at_work
        if visitor.was_ended(self._kind.name, request):
            return self._ready | self._closed(visitor, "Stopped.", empty_html(self._kind.too_early))
        return self._ready

    def _closed(self, visitor: Visitor, announcement: str, nothing: str) -> Updates:
        kept: Kept[Result] | None = visitor.results.get(self._kind.name)
        told = {self._stage.live: announcement}
        if kept is None:
            return told | self._cleared(nothing, STOPPED)
        run = visitor.runs.get(self._kind.name)
        if run is None or run.latest is None:  # one from before stays as it is: somebody may be writing in it
            return told
        return told | self._rendered(kept)

    def edit(self, event: gr.EventData, request: gr.Request) -> Updates:
        """Change the result by hand. It is drawn again where its parts have moved, not where its words have changed."""
        visitor, kind = self._around.visitors.of(request), self._kind
        with visitor.changing, plain_words():
            kept, edit = self._idle(visitor), edit_of(event)
            video = video_of(visitor, kept.subject.key)
            changed = kept.changed(kind.edit(kept.result, edit, video.source))  # type: ignore[misc]  # there is one
            visitor.results[kind.name] = changed
        return self._rendered(changed, drawing=token_hex(8)) if edit.moves else self._around_it(changed)

    def undo(self, request: gr.Request) -> Updates:
        """Take the last change by hand back."""
        visitor = self._around.visitors.of(request)
        with visitor.changing, plain_words():
            kept = self._idle(visitor).taken_back()
            visitor.results[self._kind.name] = kept
        return self._rendered(kept, drawing=token_hex(8)) | {self._stage.live: "The last change was taken back."}

    def redraw(self, request: gr.Request) -> Any:  # noqa: ANN401  as above
        """Show the result as it is in place of a change that was refused."""
        visitor = self._around.visitors.of(request)
        kept: Kept[Result] | None = visitor.results.get(self._kind.name)
        if kept is None or not kept.closing.closed:
            return gr.skip()
        return self._rendered(kept, drawing=token_hex(8))

    def _idle(self, visitor: Visitor) -> Kept[Result]:
        kept: Kept[Result] | None = visitor.results.get(self._kind.name)
        if kept is None or not visitor.is_about(kept.subject):
            raise OptionError("This result is of a video that is no longer there.")
        if visitor.works_on(self._kind.name) or not kept.closing.closed:
            raise OptionError(f"{self._kind.verb} is at work. Press Stop first, or wait until it has ended.")
        return kept

    def show(self, request: gr.Request) -> Updates:
        """Show what there is of the video that is there now; to a page that was loaded again, its form too."""
        visitor, kind = self._around.visitors.of(request), self._kind
        returns = kind.name in visitor.unfilled
        visitor.unfilled.discard(kind.name)
        updates: Updates = {self._stage.live: ""}
        if returns:
            updates |= {each: gr.update(value=visitor.forms[kind.name][each]) for each in self._filled}
        elif not kind.about_video:
            return gr.skip()  # type: ignore[no-any-return]
        run = visitor.runs.get(kind.name)
        if returns and run is not None and not run.ended:
            updates[self._resumed] = token_hex(8)
        updates |= self._at_work if visitor.works_on(kind.name) else self._ready
        kept: Kept[Result] | None = visitor.results.get(kind.name)
        if kept is None:
            return updates | self._cleared(self._nothing(visitor), FINISHED)
        return updates | self._rendered(kept)

    def _nothing(self, visitor: Visitor) -> str:
        kind = self._kind
        if kind.about_video and visitor.video is None:
            message = _NO_VIDEO
        else:
            message = kind.cleared if kind.name in visitor.cleared else kind.empty
        return empty_html(message.format(verb=kind.verb))
