"""Files that a visitor may ask for once a result is there: made in the visitor's own folder, then downloaded."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping  # noqa: TC003  (Gradio reads the annotations of its handlers)
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import gradio as gr
from gradio.components import Component  # noqa: TC002  (as above)

from vidtext.errors import OptionError
from vidtext.ui.framework.errors import plain_words
from vidtext.ui.framework.jobs import Work
from vidtext.ui.framework.requests import QUIET, Order
from vidtext.ui.status import note_html, of_video_html, progress_text, status_html
from vidtext.ui.video.panel import video_of

if TYPE_CHECKING:
    from pathlib import Path

    from gradio.events import Dependency

    from vidtext.job import Job
    from vidtext.ui.session.results import Kept, Subject
    from vidtext.ui.session.session import Visitor
    from vidtext.ui.surroundings import Surroundings


@dataclass(frozen=True)
class MadeFile:
    """A file to download under its name on disk, what its link says, and what the person must know of it."""

    path: Path
    label: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Made:
    """Files that were made, and what of.

    Attributes:
        subject: the video.
        of: the version of the result, and the values of the form.
    """

    files: tuple[MadeFile, ...]
    subject: Subject
    of: tuple[object, ...]


@dataclass(frozen=True)
class FileKind:
    """A file that can be made of a tab's result.

    Attributes:
        name: what its job goes by, and the ids on the page.
        label: what the button says.
        tab: the name of the tab whose result it is made of.
        stale: what is said in place of files whose result or form has changed since they were made.
        make: writes files of the result into a folder that is empty and the visitor's own.
    """

    name: str
    label: str
    tab: str
    stale: str
    make: Callable[[Any, Order[Any], Path, Job], Iterator[MadeFile]]


class FileWork:
    """The button of a kind of files, and what it made. Files of a result that has changed since are not offered."""

    def __init__(self, kind: FileKind, around: Surroundings, fields: Mapping[str, Component] | None = None) -> None:
        """Put it into the Blocks that are being built; `fields` are its options by name, which `kind.make` reads."""
        self._kind, self._around, self._fields = kind, around, dict(fields or {})
        self._form = list(self._fields.values())
        self._key = around.panel.video_key
        self._inputs = {self._key, *self._form}
        name = kind.name
        self._button = gr.Button(kind.label, elem_id=f"vt-{name}-go", elem_classes="vt-make", scale=0, min_width=190)
        self._made = gr.HTML("", elem_id=f"vt-{kind.name}-made", elem_classes="vt-made")
        limit = around.settings.jobs.max_running
        event = self._button.click(
            self._run, self._inputs, self._made, concurrency_id="files", concurrency_limit=limit, **QUIET
        )
        changes = [self._key.change, *(component.change for component in self._form)]
        for change in (event.failure, *changes):
            change(self._show, self._inputs, self._made, queue=False, **QUIET)

    def follow(self, changes: Iterable[Dependency]) -> None:
        """Look again after these events, by which the tab's result may have changed: by new work, or by hand."""
        for change in changes:
            change.then(self._show, self._inputs, self._made, queue=False, **QUIET)

    def _run(self, values: dict[Component, Any], request: gr.Request) -> Iterator[Any]:
        kind, visitor = self._kind, self._around.visitors.of(request)
        with plain_words(self._fields, otherwise=self._button):
            video = video_of(visitor, values[self._key])
            kept = visitor.results.get(kind.tab)
            if kept is None:
                raise OptionError("There is nothing to make a file of yet.")
            visitor.made.pop(kind.name, None)
            folder = visitor.new_folder(f"{kind.name}-{secrets.token_hex(8)}", instead_of=kind.name)
            order = Order(visitor, video.source, kept.subject, values, kept.result)
            work = Work(lambda job: kind.make(kept.result, order, folder, job), visitor.closing)
            files: tuple[MadeFile, ...] = ()
            with visitor.at_work(kind.name, work.job):
                for update in work.updates():
                    files += update.made
                    if update.progress and not files:
                        doing = status_html(progress_text(update.progress), progress=update.progress)
                        yield of_video_html(doing, kept.subject.key)
            if not work.job.stopped and visitor.is_about(kept.subject):
                visitor.made[kind.name] = Made(files, kept.subject, self._made_of(kept, values))
                yield self._html(visitor, values, at_once=True)

    def _show(self, values: dict[Component, Any], request: gr.Request) -> str:
        return self._html(self._around.visitors.of(request), values, at_once=False)

    def _html(self, visitor: Visitor, values: dict[Component, Any], *, at_once: bool) -> str:
        made: Made | None = visitor.made.get(self._kind.name)
        if made is None:
            return ""
        kept = visitor.results.get(self._kind.tab)
        if kept is not None and made.of == self._made_of(kept, values):
            return of_video_html(files_html(made.files, at_once=at_once), made.subject.key)
        return of_video_html(note_html(self._kind.stale), made.subject.key)

    def _made_of(self, kept: Kept[Any], values: dict[Component, Any]) -> tuple[object, ...]:
        return (kept.version, *(values[each] for each in self._form))


def files_html(files: Iterable[MadeFile], *, at_once: bool) -> str:
    """Return links to files; `at_once` downloads the first one."""
    files = tuple(files)
    links = "".join(
        f'<a class="vt-small" download href="gradio_api/file={escape(quote(str(file.path)))}"'
        f"{' data-download-now' if at_once and number == 0 else ''}>{escape(file.label)}</a>"
        for number, file in enumerate(files)
    )
    notes = "".join(f"<li>{escape(note)}</li>" for file in files for note in file.notes)
    return f'<div class="vt-actions">{links}</div>' + (f'<ul class="vt-notes">{notes}</ul>' if notes else "")
