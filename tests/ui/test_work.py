from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING

import pytest

from tests.ui.serving import wait_until
from vidtext.errors import SourceError
from vidtext.job import Job, Progress
from vidtext.ui.framework.jobs import Update, Work

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_all_results_come_in_their_order_with_the_newest_report() -> None:
    def count(job: Job) -> Iterator[int]:
        for number in range(50):
            job.report("counting", number, 50)
            yield number

    updates = list(Work(count).updates())
    assert [number for update in updates for number in update.made] == list(range(50))
    assert updates[-1].progress == Progress("counting", 49, 50)


def test_an_error_is_raised_where_the_work_is_followed() -> None:
    def fail(_: Job) -> Iterator[int]:
        yield 1
        raise SourceError("no")

    seen: list[Update[int]] = []
    with pytest.raises(SourceError, match="no"):
        seen.extend(Work(fail).updates())


class _Endless:
    def __init__(self) -> None:
        self.begun, self.closed = threading.Event(), threading.Event()

    def __call__(self, job: Job) -> Iterator[int]:
        try:
            while True:
                self.begun.set()
                job.report("going on", 0, 0)
                yield 1
        finally:
            self.closed.set()


def test_stopping_the_job_ends_the_work_and_is_no_error() -> None:
    endless = _Endless()
    work = Work(endless)
    updates = work.updates()
    assert any(update.made for update in itertools.islice(updates, 2))
    work.job.stop()
    assert all(update.made or update.progress for update in updates)
    wait_until(endless.closed.is_set, what="the iterator to be closed", seconds=5)


def test_closing_the_updates_ends_the_work() -> None:
    endless = _Endless()
    updates = Work(endless).updates()
    next(updates)
    updates.close()
    wait_until(endless.closed.is_set, what="the iterator to be closed", seconds=5)


def test_a_stopped_job_is_left_even_while_its_work_is_silent() -> None:
    silence = threading.Event()

    def wait(_: Job) -> Iterator[int]:
        silence.wait(20)
        yield 1

    work = Work(wait)
    threading.Timer(0.1, work.job.stop).start()
    assert list(work.updates()) == []
    silence.set()


def test_the_first_result_comes_alone_however_quick_the_others_are() -> None:
    made = [update.made for update in Work(lambda _: (number for number in (1, 2, 3))).updates()]
    assert made[0] == (1,)
    assert [number for numbers in made for number in numbers] == [1, 2, 3]
