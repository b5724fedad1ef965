"""Who may use a device's memory: as many jobs at once as fit, in turns between clients."""

from __future__ import annotations

import math
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vidtext.clients import current_client
from vidtext.counts import count
from vidtext.errors import BusyError, CancelledError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vidtext.job import Job
    from vidtext.settings import Settings

READING = "files"
"""What is lent, instead of a device, for reading files: a slow file then keeps nobody from a device."""

BATCHES = "batches"
"""The same for batches: each item waits for the device by itself."""

_LINE_OF_CLIENT = 0.75
"""The part of the line that one client's jobs may take."""

_CLIENTS_REMEMBERED = 1000
"""Of how many clients it is remembered when they had their turn."""

_LOOK_UP_SECONDS = 0.25
"""How soon one who waits notices that the job was stopped, or that another program has given memory back."""


@dataclass(eq=False)
class Lease:
    """A part of a device's memory that a job has, or waits for.

    Attributes:
        device: the device.
        nbytes: how much of it; whoever has the lease may take less than was asked for.
        client: whose job it is; "" where no request asked for it.
        most_of_client: the most parts of the device that this client may have at the same time.
        alone: whether nobody else had a part of the device when this one was given.
    """

    device: str
    nbytes: int
    client: str
    most_of_client: int
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
    """The parts of all devices that jobs have, and those who wait for one; safe to use from several threads.

    Each device has a line. The client with the fewest jobs there is next; of those with equally many, the one whose
    turn was longest ago. No client has all parts of a device or nearly all places in the line, so that its jobs,
    however slow, leave something to others. Both hold for clients of a server, not for work that no request asked for.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._given: list[Lease] = []
        self._waiting: list[Lease] = []
        self._given_ever = 0
        self._turns: dict[str, int] = {}  # by client, the number of its latest turn; the latest one last

    @contextmanager
    def acquire(
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
            at_once: the most jobs on a device; one client has one less, unless that were none.
            longest_line: the most jobs that may wait, on all devices; three quarters of them may be of one client.
            job: may be stopped while it waits.

        Raises:
            BusyError: so many wait already.
            CancelledError: the job was stopped.
        """
        lease = Lease(device, 0, current_client(), max(1, at_once - 1) if current_client() else at_once)
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
            with _counted_job() if device not in (READING, BATCHES) else nullcontext():
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
        """How many jobs have a part of a device, or read files; of batches, their items are counted."""
        with self._changed:
            return sum(lease.device != BATCHES for lease in self._given)

    @property
    def waiting(self) -> int:
        """How many jobs wait."""
        with self._changed:
            return len(self._waiting)

    def _line_up(self, lease: Lease, longest_line: int) -> None:
        with self._changed:
            own = sum(each.client == lease.client for each in self._waiting)
            if len(self._waiting) >= longest_line:
                raise BusyError(f"{len(self._waiting)} jobs are waiting already, and no more may. Try again later.")
            if lease.client and own >= math.ceil(longest_line * _LINE_OF_CLIENT):
                raise BusyError(f"{own} of your jobs are waiting already, and no more may. Wait until one has ended.")
            self._waiting.append(lease)

    def _take(self, lease: Lease, need: Callable[[], int], free: Callable[[], int], at_once: int) -> bool:
        with self._changed:
            others = [each for each in self._given if each.device == lease.device]
            own = sum(each.client == lease.client for each in others)
            if own >= lease.most_of_client or self._line(lease.device)[0] is not lease:
                return False
            taken = sum(each.nbytes for each in others)
            lease.nbytes = need()
            if others and (len(others) >= at_once or lease.nbytes > free() - taken):
                return False
            lease.alone = not others
            self._waiting.remove(lease)
            self._given.append(lease)
            self._given_ever += 1
            self._turns.pop(lease.client, None)
            self._turns[lease.client] = self._given_ever
            if len(self._turns) > _CLIENTS_REMEMBERED:
                del self._turns[next(iter(self._turns))]
            self._changed.notify_all()  # the next in line may find room too
            return True

    def _line(self, device: str) -> list[Lease]:
        """Return those who wait for a device in the order of their turns; last those who wait for their own client."""
        jobs = Counter(each.client for each in self._given if each.device == device)
        places: list[tuple[bool, int, int, Lease]] = []
        for lease in self._waiting:
            if lease.device == device:
                before = jobs[lease.client]
                places.append((before >= lease.most_of_client, before, self._turns.get(lease.client, 0), lease))
                jobs[lease.client] += 1
        return [lease for *_, lease in sorted(places, key=lambda place: place[:3])]

    def _before(self, lease: Lease) -> int:
        with self._changed:
            return self._line(lease.device).index(lease)


LEASES = Leases()
"""The ones of this process."""


@contextmanager
def wait_for_slot(settings: Settings, *, job: Job, device: str = READING, at_once: int | None = None) -> Iterator[None]:
    """Wait for a turn to read files, or for another one that takes none of a device's memory, such as `BATCHES`.

    Args:
        settings: the limits.
        job: is told its place, and may be stopped.
        device: what the turn is for.
        at_once: how many jobs may have one; None for `settings.jobs.max_running`.

    Raises:
        BusyError: too many wait already.
        CancelledError: the job was stopped.
    """
    limits = {"at_once": at_once or settings.jobs.max_running, "longest_line": settings.jobs.max_queued}
    with LEASES.acquire(device, lambda: 0, lambda: sys.maxsize, job=job, **limits):
        yield
