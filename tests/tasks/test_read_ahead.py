"""Reading in a thread while other work goes on."""

from __future__ import annotations

import threading
from collections.abc import Generator

import pytest

from vidtext.errors import CancelledError, MediaError
from vidtext.job import Job, Progress
from vidtext.tasks.read_ahead import read_ahead


class Source:
    """Yields numbers, and remembers what happened to it."""

    def __init__(self, count: int, error: Exception | None = None) -> None:
        self.count, self.error = count, error
        self.made: list[int] = []
        self.changed = threading.Condition()
        self.closed_in: str | None = None

    def read(self, job: Job) -> Generator[int]:
        try:
            for number in range(self.count):
                with self.changed:
                    self.made.append(number)
                    self.changed.notify_all()
                job.report("reading", number, self.count)
                yield number
            if self.error:
                raise self.error
        finally:
            self.closed_in = threading.current_thread().name

    def wait_for(self, made: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.made) >= made, timeout=20)


def test_items_come_in_order_and_the_source_is_closed_in_its_own_thread() -> None:
    source = Source(50)
    with read_ahead(source.read, 3, Job()) as items:
        assert list(items) == list(range(50))
    assert source.closed_in == "vidtext-read-ahead"


def test_so_many_are_read_ahead_and_no_more() -> None:
    source = Source(50)
    with read_ahead(source.read, 3, Job()) as items:
        assert next(items) == 0
        source.wait_for(3)  # the one in use and two ahead
        assert next(items) == 1
        source.wait_for(4)
        assert len(source.made) == 4
    assert len(source.made) == 4


def test_nothing_is_read_before_it_is_asked_for() -> None:
    source = Source(5)
    with read_ahead(source.read, 3, Job()):
        pass
    assert source.made == []


def test_an_error_comes_after_what_was_read_before_it() -> None:
    source = Source(2, MediaError("damaged"))
    with read_ahead(source.read, 9, Job()) as items:
        assert [next(items), next(items)] == [0, 1]
        with pytest.raises(MediaError, match="damaged"):
            next(items)


def test_a_stopped_job_ends_it() -> None:
    job, source = Job(), Source(1_000_000)
    with read_ahead(source.read, 3, job) as items:
        next(items)
        job.stop()
        with pytest.raises(CancelledError):
            list(items)
    assert len(source.made) < 10
    assert source.closed_in == "vidtext-read-ahead"


def test_leaving_ends_it_without_stopping_the_job() -> None:
    job, source = Job(), Source(1_000_000)
    with read_ahead(source.read, 3, job) as items:
        next(items)
    assert source.closed_in == "vidtext-read-ahead"
    assert not job.stopped


def test_progress_is_told_while_somebody_waits_and_not_while_other_work_goes_on() -> None:
    reports: list[Progress] = []
    go_on = threading.Event()
    source = Source(3)

    def read(job: Job) -> Generator[int]:
        for number in source.read(job):
            yield number
            go_on.wait(20)

    with read_ahead(read, 9, Job(reports.append)) as items:
        next(items)
        assert reports == [Progress("reading", 0, 3)]
        go_on.set()
        source.wait_for(3)
    assert reports == [Progress("reading", 0, 3)]
