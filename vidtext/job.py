"""What a running piece of work is told and tells: one way to stop it, one way to report its progress."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vidtext.errors import CancelledError

if TYPE_CHECKING:
    from collections.abc import Callable


WAITING = "waiting"
"""How `Progress.doing` begins while others come first; `Progress.done` is how many wait before then."""


@dataclass(frozen=True)
class Progress:
    """One report: what is being done ("reading frames"), how many steps are done, and of how many (0: nobody knows)."""

    doing: str
    done: int
    total: int


def _ignore(progress: Progress) -> None:
    """Take a report that nobody watches."""


@dataclass(frozen=True)
class Job:
    """Work that a person may watch and stop. It goes down as the argument `job`; reports come up through it.

    Code that does the work calls `report` at each step and `check` inside long loops. Whoever started it may call
    `stop` from any thread; the next `check` then raises `CancelledError`. A job `within` another is stopped with it.
    """

    on_progress: Callable[[Progress], None] = _ignore
    within: Job | None = None
    _stopped: threading.Event = field(default_factory=threading.Event, repr=False)

    def stop(self) -> None:
        """Ask the work to end."""
        self._stopped.set()

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called, here or on the job that this one is within."""
        return self._stopped.is_set() or (self.within is not None and self.within.stopped)

    def check(self) -> None:
        """Raise `CancelledError` if the work was asked to end."""
        if self.stopped:
            raise CancelledError("Stopped. What was finished before is kept.")

    def report(self, doing: str, done: int, total: int) -> None:
        """Tell how far the work is, and end it if that was asked."""
        self.check()
        self.on_progress(Progress(doing, done, total))

    def wait(self, before: int) -> None:
        """Tell that the work waits for its turn, and how many wait before it; end it if that was asked."""
        self.report(f"{WAITING}, {before} before you" if before else f"{WAITING}, you are next", before, 0)
