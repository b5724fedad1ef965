from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

import pytest

from vidtext.errors import CancelledError, SourceError
from vidtext.job import Job
from vidtext.threads import EndedError, ThreadedWork, each_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def test_items_come_in_their_order() -> None:
    assert list(ThreadedWork(each_of(lambda: iter(range(100))), name="t").items()) == list(range(100))


def test_an_error_comes_after_the_items_before_it() -> None:
    def fail() -> Iterator[int]:
        yield 1
        raise SourceError("no")

    work, taken = ThreadedWork(each_of(fail), name="t"), []
    with pytest.raises(SourceError):
        taken.extend(work.items())
    assert taken == [1]
    with pytest.raises(SourceError):  # and again
        work.take()


def test_the_end_comes_again() -> None:
    work = ThreadedWork(each_of(lambda: iter([1])), name="t")
    work.start()
    assert work.take(5) == 1
    for _ in range(2):
        with pytest.raises(EndedError):
            work.take(5)


def test_only_so_many_are_made_ahead() -> None:
    made, waits = [], threading.Event()

    def make() -> Iterator[int]:
        for number in range(10):
            made.append(number)
            if number == 3:
                waits.set()
            yield number

    items = ThreadedWork(each_of(make), name="t", ahead=3).items()
    assert next(items) == 0
    assert not waits.wait(0.3)
    assert made == [0, 1, 2]
    assert next(items) == 1
    assert waits.wait(5)
    assert list(items) == list(range(2, 10))


def test_closing_ends_the_iterator_in_its_own_thread() -> None:
    closed_in: list[str] = []

    def make() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed_in.append(threading.current_thread().name)

    work = ThreadedWork(each_of(make), name="maker", ahead=2)
    assert next(work.items()) == 1
    work.close(wait=True)
    assert closed_in == ["maker"]


def test_work_is_told_that_no_more_is_wanted() -> None:
    wanted, go = [], threading.Event()

    def work(hand_over: Callable[[int], bool]) -> None:
        wanted.append(hand_over(1))
        go.wait(5)
        wanted.append(hand_over(2))

    threaded = ThreadedWork(work, name="t")
    assert next(threaded.items()) == 1
    threaded.close()
    go.set()
    threaded.close(wait=True)
    assert wanted == [True, False]


def test_a_stopped_job_is_noticed_while_nothing_comes() -> None:
    job, silence = Job(), threading.Event()

    def make() -> Iterator[int]:
        silence.wait(20)
        yield 1

    threading.Timer(0.1, job.stop).start()
    with pytest.raises(CancelledError):
        next(ThreadedWork(each_of(make), name="t").items(job))
    silence.set()


def test_taking_waits_only_so_long() -> None:
    silence = threading.Event()
    work = ThreadedWork(each_of(lambda: iter([silence.wait(20)])), name="t")
    work.start()
    with pytest.raises(queue.Empty):
        work.take(0.05)
    silence.set()
    assert work.take(5) is True
