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
from vidtext.ui.status import progress_text, status_html
from vidtext.ui.tab_work import QUIET, Order
from vidtext.ui.toasts import plain_words
from vidtext.ui.video_panel import source_of
from vidtext.ui.work import Work

if TYPE_CHECKING:
    from pathlib import Path

    from vidtext.job import Job
    from vidtext.ui.surroundings import Surroundings


@dataclass(frozen=True)
class MadeFile:
    """A file to download under its name on disk, what its link says, and what the person must know of it."""

    path: Path
    label: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileKind:
    """A file that can be made of a tab's result.

    Attributes:
        name: what its job goes by, and the ids on the page.
        label: what the button says.
        tab: the name of the tab whose result it is made of.
        make: writes files of the result into a folder that is empty and the visitor's own.
    """

    name: str
    label: str
    tab: str
    make: Callable[[Any, Order[Any], Path, Job], Iterator[MadeFile]]


def build_file_work(kind: FileKind, around: Surroundings, fields: Mapping[str, Component] | None = None) -> None:
    """Put the button, and what it made, into the Blocks that are being built; `fields` are its options by name."""
    button = gr.Button(kind.label, elem_id=f"vt-{kind.name}-go", elem_classes="vt-make", scale=0, min_width=190)
    made = gr.HTML("", elem_id=f"vt-{kind.name}-made", elem_classes="vt-made")

    def run(values: dict[Component, Any], request: gr.Request) -> Iterator[str]:
        visitor = around.visitors.of(request)
        with plain_words(fields, otherwise=button):
            source, name = source_of(visitor, values[around.panel.player])
            kept = visitor.results.get(kind.tab)
            if kept is None:
                raise OptionError("There is nothing to make a file of yet.")
            folder = visitor.new_folder(f"{kind.name}-{secrets.token_hex(8)}", instead_of=kind.name)
            order = Order(visitor, source, name, values, kept.result)
            work = Work(lambda job: kind.make(kept.result, order, folder, job), visitor.closing)
            files: tuple[MadeFile, ...] = ()
            with visitor.at_work(kind.name, work.job):
                for update in work.updates():
                    files += update.made
                    if update.progress and not files:
                        yield status_html(progress_text(update.progress), progress=update.progress)
            yield files_html(files)

    event = button.click(
        run,
        {around.panel.player, *(fields or {}).values()},
        made,
        concurrency_id="files",
        concurrency_limit=around.settings.jobs_at_once,
        **QUIET,
    )
    event.failure(lambda: "", None, made, queue=False, **QUIET)
    around.panel.video_key.change(lambda: "", None, made, queue=False, **QUIET)
    around.panel.emptied.then(lambda: "", None, made, queue=False, **QUIET)


def files_html(files: Iterable[MadeFile]) -> str:
    """Return links to files; the first one is downloaded at once."""
    files = tuple(files)
    links = "".join(
        f'<a class="vt-small" download href="gradio_api/file={escape(quote(str(file.path)))}"'
        f"{' data-download-now' if number == 0 else ''}>{escape(file.label)}</a>"
        for number, file in enumerate(files)
    )
    notes = "".join(f"<li>{escape(note)}</li>" for file in files for note in file.notes)
    return f'<div class="vt-actions">{links}</div>' + (f'<ul class="vt-notes">{notes}</ul>' if notes else "")
