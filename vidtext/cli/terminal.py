"""What a person at a terminal sees while work goes on, and how they stop it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING

from vidtext.job import Job, Progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@contextlib.contextmanager
def at_work() -> Iterator[Job]:
    """Give a job that a terminal shows and Ctrl-C stops; a second Ctrl-C does what it did before.

    Whatever the libraries print meanwhile stays off the result.
    """
    watched = sys.stderr.isatty()
    if not watched:  # transformers and the hub draw their bars into log files as well
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    job = Job(_show) if watched else Job()
    before = signal.getsignal(signal.SIGINT)

    def stop(*_: object) -> None:
        signal.signal(signal.SIGINT, before)
        job.stop()

    signal.signal(signal.SIGINT, stop)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield job
    finally:
        signal.signal(signal.SIGINT, before)
        if watched:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _show(progress: Progress) -> None:
    share = f" {100 * progress.done // progress.total} %" if progress.total else ""
    print(f"\r\x1b[K{progress.doing}{share}", end="", file=sys.stderr, flush=True)


def say_notes(notes: Sequence[str]) -> None:
    """Tell what went differently from what was asked for."""
    for note in notes:
        say(f"note: {note}")


def say(message: str) -> None:
    """Write one line to standard error, in place of the progress that a terminal shows."""
    start = "\r\x1b[K" if sys.stderr.isatty() else ""
    print(f"{start}vidtext: {' '.join(message.split())}", file=sys.stderr)
