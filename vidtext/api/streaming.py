"""An answer while it is written, as server-sent events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anyio import to_thread

from vidtext.api.jobs import progress_document
from vidtext.text.documents import json_line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from vidtext.api.jobs import Run

_LOOK_UP_SECONDS = 0.25


async def events(run: Run) -> AsyncIterator[str]:
    """Yield `progress` while nothing is written, `text` for each piece, and at last `done` with all, or `error`.

    Closing it, as a client that leaves does, stops the work.
    """
    told = 0
    doing: dict[str, Any] | None = None
    try:
        while True:
            ended = await to_thread.run_sync(_changed, run, abandon_on_cancel=True)
            answer = str((run.document or {}).get("answer", ""))
            if len(answer) > told:
                yield _event("text", {"text": answer[told:]})
                told = len(answer)
            elif not told and run.progress and (now := progress_document(run.progress)) != doing:
                doing = now
                yield _event("progress", now)
            if ended:
                break
        yield _event("error", run.problem.document) if run.problem else _event("done", run.document or {})
    finally:
        run.job.stop()


def _changed(run: Run) -> bool:
    """Wait for something new, but not for long; tell whether the work has ended."""
    with run.changed:
        if run.ended_seconds is None:
            run.changed.wait(_LOOK_UP_SECONDS)
        return run.ended_seconds is not None


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json_line(data)}\n\n"
