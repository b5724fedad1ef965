"""Who may use a device's memory, and who waits."""

from __future__ import annotations

import threading
from queue import Queue

import pytest

from tests.ui.serving import wait_until
from vidtext.clients import working_for
from vidtext.compute.leases import Leases
from vidtext.errors import BusyError, CancelledError
from vidtext.job import WAITING, Job, Progress

GB = 1_000_000_000


class Visitor(threading.Thread):
    """Has a lease until `leave` is called; tells in `places` how many waited before it, and in `had` the end."""

    def __init__(
        self,
        leases: Leases,
        nbytes: int = GB,
        *,
        free: int = 10 * GB,
        at_once: int = 9,
        client: str = "",
        device: str = "cuda:0",
        longest_line: int = 3,
    ) -> None:
        super().__init__()
        self.client, self.device, self.longest_line = client, device, longest_line
        self.leases, self.nbytes, self.free, self.at_once = leases, nbytes, free, at_once
        self.places: Queue[int] = Queue()
        self.inside, self._leave = threading.Event(), threading.Event()
        self.error: Exception | None = None
        self.alone: bool | None = None
        self.job = Job(on_progress=self._report)
        self.start()

    def _report(self, progress: Progress) -> None:
        assert progress.doing.startswith(WAITING)
        self.places.put(progress.done)

    def run(self) -> None:
        limits = {"at_once": self.at_once, "longest_line": self.longest_line}
        try:
            with (
                working_for(self.client),
                self.leases.acquire(
                    self.device, lambda: self.nbytes, lambda: self.free, job=self.job, **limits
                ) as lease,
            ):
                self.alone = lease.alone
                self.inside.set()
                self._leave.wait(20)
        except (BusyError, CancelledError) as error:
            self.error = error

    def leave(self) -> None:
        self._leave.set()
        self.join(20)


def test_as_many_have_the_device_as_its_memory_holds() -> None:
    leases = Leases()
    visitors = [Visitor(leases, 4 * GB) for _ in range(2)]
    assert all(visitor.inside.wait(20) for visitor in visitors)
    assert sorted(str(visitor.alone) for visitor in visitors) == ["False", "True"]
    assert leases.given_bytes("cuda:0") == 8 * GB
    assert leases.given_bytes("cuda:1") == 0
    third = Visitor(leases, 4 * GB)
    assert third.places.get(timeout=20) == 0
    assert not third.inside.is_set()
    visitors[0].leave()
    assert third.inside.wait(20)
    for visitor in (visitors[1], third):
        visitor.leave()
    assert leases.given_bytes("cuda:0") == 0


def test_first_come_first_served_though_a_later_one_would_fit() -> None:
    leases = Leases()
    first = Visitor(leases, 8 * GB)
    assert first.inside.wait(20)
    large = Visitor(leases, 9 * GB)
    assert large.places.get(timeout=20) == 0
    small = Visitor(leases, GB)
    assert small.places.get(timeout=20) == 1
    assert leases.waiting == 2
    first.leave()
    assert large.inside.wait(20)
    assert small.inside.wait(20)
    large.leave()
    small.leave()


def test_one_who_is_alone_gets_more_than_is_free() -> None:
    visitor = Visitor(Leases(), 20 * GB)
    assert visitor.inside.wait(20)
    visitor.leave()


def test_no_more_at_once_than_allowed() -> None:
    leases = Leases()
    first = Visitor(leases, 1, at_once=1)
    assert first.inside.wait(20)
    second = Visitor(leases, 1, at_once=1)
    assert second.places.get(timeout=20) == 0
    first.leave()
    assert second.inside.wait(20)
    second.leave()


def test_one_who_stops_while_waiting_is_gone_and_the_next_moves_up() -> None:
    leases = Leases()
    first = Visitor(leases, at_once=1)
    assert first.inside.wait(20)
    second = Visitor(leases, at_once=1)
    assert second.places.get(timeout=20) == 0
    third = Visitor(leases, at_once=1)
    assert third.places.get(timeout=20) == 1
    second.job.stop()
    second.join(20)
    assert isinstance(second.error, CancelledError)
    while third.places.get(timeout=20) != 0:
        pass
    first.leave()
    assert third.inside.wait(20)
    third.leave()


def test_a_full_line_is_told_so() -> None:
    leases = Leases()
    visitors = [Visitor(leases, at_once=1)]
    assert visitors[0].inside.wait(20)
    for before in range(3):
        visitors.append(Visitor(leases, at_once=1))
        assert visitors[-1].places.get(timeout=20) == before
    refused = Visitor(leases, at_once=1)
    refused.join(20)
    assert isinstance(refused.error, BusyError)
    assert "3 jobs are waiting" in str(refused.error)
    for visitor in visitors:
        visitor.leave()


def test_room_that_another_program_gives_back_is_noticed() -> None:
    leases = Leases()
    first = Visitor(leases, GB)
    assert first.inside.wait(20)
    second = Visitor(leases, GB, free=GB)
    assert second.places.get(timeout=20) == 0
    second.free = 2 * GB
    assert second.inside.wait(20)
    first.leave()
    second.leave()


def test_a_job_that_fails_gives_its_part_back() -> None:
    leases = Leases()
    with (
        pytest.raises(ZeroDivisionError),
        leases.acquire("cpu", lambda: GB, lambda: GB, at_once=1, longest_line=1, job=Job()),
    ):
        1 / 0  # noqa: B018  any error of the work itself
    assert leases.given_bytes("cpu") == 0


def test_one_client_leaves_a_part_to_others() -> None:
    leases = Leases()
    greedy = [Visitor(leases, at_once=3, client="a") for _ in range(3)]
    assert greedy[0].inside.wait(20)
    wait_until(lambda: leases.working == 2, what="two jobs of one client")
    assert leases.waiting == 1
    other = Visitor(leases, at_once=3, client="b")
    assert other.inside.wait(20)
    assert leases.waiting == 1
    other.leave()
    assert (leases.working, leases.waiting) == (2, 1)
    for visitor in sorted(greedy, key=lambda each: not each.inside.is_set()):
        assert visitor.inside.wait(20)
        visitor.leave()


def test_a_single_part_is_for_every_client() -> None:
    leases = Leases()
    only = Visitor(leases, at_once=1, client="a")
    assert only.inside.wait(20)
    only.leave()


def test_clients_take_turns() -> None:
    leases = Leases()
    first = Visitor(leases, at_once=1, client="a", longest_line=9)
    assert first.inside.wait(20)
    line = []
    for before, client in enumerate("aaa"):
        line.append(Visitor(leases, at_once=1, client=client, longest_line=9))
        assert line[-1].places.get(timeout=20) == before
    late = Visitor(leases, at_once=1, client="b", longest_line=9)
    assert late.places.get(timeout=20) == 0
    later = Visitor(leases, at_once=1, client="c", longest_line=9)
    assert later.places.get(timeout=20) == 1
    latest = Visitor(leases, at_once=1, client="b", longest_line=9)
    assert latest.places.get(timeout=20) == 2
    served = []
    now = first
    for _ in range(6):
        now.leave()
        wait_until(lambda: leases.working == 1, what="the next one")
        (now,) = [each for each in (*line, late, later, latest) if each.is_alive() and each.inside.is_set()]
        served.append(now.client)
    now.leave()
    assert served == ["b", "c", "a", "b", "a", "a"]


def test_nobody_waits_for_those_who_wait_for_another_device() -> None:
    leases = Leases()
    first = Visitor(leases, at_once=1)
    assert first.inside.wait(20)
    second = Visitor(leases, at_once=1)
    assert second.places.get(timeout=20) == 0
    elsewhere = Visitor(leases, at_once=1, device="cuda:1")
    assert elsewhere.inside.wait(20)
    for visitor in (elsewhere, first, second):
        visitor.leave()


def test_one_client_leaves_places_in_the_line_to_others() -> None:
    leases = Leases()
    first = Visitor(leases, at_once=1, client="a", longest_line=4)
    assert first.inside.wait(20)
    line = [Visitor(leases, at_once=1, client="a", longest_line=4) for _ in range(3)]
    wait_until(lambda: leases.waiting == 3, what="a line")
    refused = Visitor(leases, at_once=1, client="a", longest_line=4)
    refused.join(20)
    assert isinstance(refused.error, BusyError)
    other = Visitor(leases, at_once=1, client="b", longest_line=4)
    assert other.places.get(timeout=20) == 0
    for visitor in line:
        visitor.job.stop()
    for visitor in (first, other):
        visitor.leave()
