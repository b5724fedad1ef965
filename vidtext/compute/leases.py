"""Who may use a device's memory: as many jobs at once as fit, first come, first served."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vidtext.counts import count
from vidtext.errors import BusyError, CancelledError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vidtext.job import Job

_LOOK_UP_SECONDS = 0.25
"""How soon one who waits notices that the job was stopped, or that another program has given memory back."""


@dataclass(eq=False)
class Lease:
    """A part of a device's memory that a job has, or waits for.

    Attributes:
        device: the device.
        nbytes: how much of it; whoever has the lease may take less than was asked for.
        alone: whether nobody else had a part of the device when this one was given.
    """

    device: str
    nbytes: int
    alone: bool = False


@contextmanager
def _counted_job() -> Iterator[None]:
    began, ended = time.monotonic(), "failed"
    try:
        yield
        ended = "finished"
    except (CancelledError, GeneratorExit):
        ended = "stopped"
        raise
    finally:
        count("jobs", ended=ended)
        count("device_seconds", time.monotonic() - began)


class Leases:
    """The parts of all devices that jobs have, and the line of those who wait; safe to use from several threads.

    The line is one for all devices, so that nobody who came later is served earlier.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._given: list[Lease] = []
        self._waiting: list[Lease] = []

    @contextmanager
    def lent(
        self,
        device: str,
        need: Callable[[], int],
        free: Callable[[], int],
        *,
        at_once: int,
        longest_line: int,
        job: Job,
    ) -> Iterator[Lease]:
        """Wait for a part of a device's memory and have it; `job` is told how many wait before it.

        One who is alone on a device gets what was asked for: nobody is left to wait for.

        Args:
            device: as torch names it.
            need: tells how much is needed, as far as it is not taken yet: less once somebody has loaded the weights.
            free: tells how much of the device may be given away now. What the jobs there have is taken off it, although
                they may have taken it already: so much is certain to be left.
            at_once: the most jobs on a device.
            longest_line: the most jobs that may wait.
            job: may be stopped while it waits.

        Raises:
            BusyError: so many wait already.
            CancelledError: the job was stopped.
        """
        lease = Lease(device, 0)
        self._line_up(lease, longest_line)
        told = None
        try:
            while not self._take(lease, need, free, at_once):
                before = self._before(lease)
                if before != told:
                    job.wait(before)
                    told = before
                job.check()
                with self._changed:
                    self._changed.wait(_LOOK_UP_SECONDS)
            with _counted_job():
                yield lease
        finally:
            with self._changed:
                for line in (self._given, self._waiting):
                    if lease in line:
                        line.remove(lease)
                self._changed.notify_all()

    def given_bytes(self, device: str) -> int:
        """Return how much of a device's memory jobs have now."""
        with self._changed:
            return sum(lease.nbytes for lease in self._given if lease.device == device)

    @property
    def working(self) -> int:
        """How many jobs have a part of a device."""
        with self._changed:
            return len(self._given)

    @property
    def waiting(self) -> int:
        """How many jobs wait."""
        with self._changed:
            return len(self._waiting)

    def _line_up(self, lease: Lease, longest_line: int) -> None:
        with self._changed:
            if len(self._waiting) >= longest_line:
                raise BusyError(f"{len(self._waiting)} jobs are waiting already, and no more may. Try again later.")
            self._waiting.append(lease)

    def _take(self, lease: Lease, need: Callable[[], int], free: Callable[[], int], at_once: int) -> bool:
        with self._changed:
            if self._waiting[0] is not lease:
                return False
            others = [each for each in self._given if each.device == lease.device]
            taken = sum(each.nbytes for each in others)
            lease.nbytes = need()
            if others and (len(others) >= at_once or lease.nbytes > free() - taken):
                return False
            lease.alone = not others
            self._waiting.remove(lease)
            self._given.append(lease)
            self._changed.notify_all()  # the next in line may find room too
            return True

    def _before(self, lease: Lease) -> int:
        with self._changed:
            return self._waiting.index(lease)


LEASES = Leases()
"""The ones of this process."""
