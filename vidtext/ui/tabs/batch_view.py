"""What a batch looks like: pure functions from results to HTML. All texts are escaped here."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from vidtext.ui.status import clock_of, status_html

if TYPE_CHECKING:
    from vidtext.batch.items import Item
    from vidtext.batch.work import Outcome
    from vidtext.job import Progress
    from vidtext.ui.session.results import Closing
    from vidtext.ui.session.session import Visitor

_SHOWN_LINES = 4
"""So many captions or chapters of a video are shown; all are in the files."""

_DRAWN = ("caption", "summary", "chapters")
"""The tasks whose results are shown in a way of their own; of others, segments are shown if there are any."""


@dataclass(frozen=True)
class BatchResult:
    """How far a batch is.

    Attributes:
        items: the videos, in the order in which they are done.
        visitor: whose they are.
        outcomes: what became of those that are done.
        archive: the ZIP of all that is done; None while more will come, and where nothing is done.
    """

    items: tuple[Item, ...]
    visitor: Visitor
    outcomes: tuple[Outcome, ...] = ()
    archive: Path | None = None


def working_html(progress: Progress, _: BatchResult | None) -> str:
    """Return the status: how many videos are done, the time left, and what is being done."""
    return f'<div class="vt-flowing">{status_html(progress.doing, progress=progress)}</div>'


def batch_html(result: BatchResult, _: str, closing: Closing) -> str:
    """Return one row a video, and, when no more will come, the download."""
    done = len(result.outcomes)
    rows = [_done_row(outcome) for outcome in result.outcomes]
    for place, item in enumerate(result.items[done:]):
        state = "Not done" if closing.closed else "At work" if place == 0 else "Waiting"
        rows.append(_row(item, state.lower().replace(" ", "-"), state, ""))
    return f'<ol class="vt-batch">{"".join(rows)}</ol>' + (_closing(result, closing) if closing.closed else "")


def announcement(result: BatchResult) -> str:
    """Say to a screen reader how far it is."""
    return f"{len(result.outcomes)} of {len(result.items)} videos are done."


def _row(item: Item, kind: str, state: str, words: str) -> str:
    return (
        f'<li class="vt-item vt-{kind}"><p class="vt-facts"><b>{escape(Path(item.source).name)}</b>'
        f"<span>{state}</span></p>{words}</li>"
    )


def _done_row(outcome: Outcome) -> str:
    if outcome.failure:
        words = f'<p class="vt-text">{escape(outcome.failure.message)}</p>'
        return _row(outcome.item, "failed", "Failed", words)
    made, words = outcome.made, ""
    if "caption" in made:
        words += _lines("Caption", [segment["text"] for segment in made["caption"]["segments"]])
    if "summary" in made:
        words += _lines("Summary", [made["summary"]["abstract"]])
    if "chapters" in made:
        chapters = made["chapters"]["chapters"]
        clock = clock_of(each["start_seconds"] for each in chapters)
        words += _lines("Chapters", [f"{clock(each['start_seconds'])} {each['title']}" for each in chapters])
    for name, document in made.items():
        if name not in _DRAWN:
            words += _lines(name.capitalize(), [segment["text"] for segment in document.get("segments", ())])
    return _row(outcome.item, "done", "Done", words + _notes(made))


def _lines(task: str, texts: list[str]) -> str:
    more = [f"… and {len(texts) - _SHOWN_LINES} more"] if len(texts) > _SHOWN_LINES else []
    lines = "".join(f'<p class="vt-text">{escape(text)}</p>' for text in (*texts[:_SHOWN_LINES], *more))
    return f'<p class="vt-task">{task}</p>{lines}'


def _notes(made: dict[str, Any]) -> str:
    notes = dict.fromkeys(note for each in made.values() for note in each["notes"])
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f'<ul class="vt-notes">{items}</ul>' if items else ""


def _closing(result: BatchResult, closing: Closing) -> str:
    done, failed = len(result.outcomes), sum(outcome.failure is not None for outcome in result.outcomes)
    facts = [f"{done - failed} of {len(result.items)} videos are done"]
    facts += [f"{failed} failed"] if failed else []
    facts += ["stopped"] if closing.stopped else []
    line = "".join(f"<span>{fact}</span>" for fact in facts)
    address = escape(f"gradio_api/file={quote(str(result.archive))}")
    link = f'<a class="vt-small" download href="{address}">Download all as a ZIP</a>' if result.archive else ""
    return f'<p class="vt-facts">{line}</p><div class="vt-actions">{link}</div>'
