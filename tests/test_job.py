import threading

import pytest

from vidtext.errors import CancelledError
from vidtext.job import Job, Progress


def test_reports_come_up_in_order() -> None:
    seen: list[Progress] = []
    job = Job(on_progress=seen.append)
    job.report("reading frames", 0, 2)
    job.report("writing", 2, 2)
    assert seen == [Progress("reading frames", 0, 2), Progress("writing", 2, 2)]


def test_a_job_that_nobody_watches_runs() -> None:
    job = Job()
    job.report("reading frames", 1, 2)
    job.check()
    assert not job.stopped


def test_a_stopped_job_raises_at_its_next_step_and_reports_no_more() -> None:
    seen: list[Progress] = []
    job = Job(on_progress=seen.append)
    job.stop()
    assert job.stopped
    with pytest.raises(CancelledError, match="Stopped"):
        job.check()
    with pytest.raises(CancelledError):
        job.report("reading frames", 1, 2)
    assert seen == []


def test_stopping_one_job_leaves_others_running() -> None:
    one, other = Job(), Job()
    one.stop()
    other.check()


def test_another_thread_may_stop_it() -> None:
    started = threading.Event()
    ended: list[CancelledError] = []
    job = Job()

    def work() -> None:
        started.set()
        try:
            while True:
                job.check()
        except CancelledError as error:
            ended.append(error)

    worker = threading.Thread(target=work)
    worker.start()
    assert started.wait(10)
    job.stop()
    worker.join(10)
    assert len(ended) == 1


def test_whoever_watches_may_stop_it() -> None:
    job = Job(on_progress=lambda progress: job.stop() if progress.done == 2 else None)
    for step in range(3):
        job.report("reading frames", step, 5)
    with pytest.raises(CancelledError):
        job.report("reading frames", 3, 5)
