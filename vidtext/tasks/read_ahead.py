"""Reading while a model writes: the next items are made in a thread, a few at a time."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from vidtext.job import Job
from vidtext.threads import ThreadedWork, each_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from vidtext.job import Progress

Item = TypeVar("Item")


@contextmanager
def read_ahead(read: Callable[[Job], Generator[Item]], most: int, job: Job) -> Iterator[Iterator[Item]]:
    """Yield an iterator over what `read` yields, which runs in a thread and is at most `most` items ahead.

    The reading begins when the first item is asked for.

    Its progress is told while somebody waits for an item, not while other work goes on. At the end of the `with` it is
    stopped and closed, in its own thread. An exception in it is raised by the iterator.

    Args:
        read: makes the items; it is given a job that stops with `job`, or at the end of the `with`.
        most: how many items may lie ready.
        job: to watch or stop the work.
    """
    awaited = threading.Event()

    def tell(progress: Progress) -> None:
        if awaited.is_set():
            job.on_progress(progress)

    inner = Job(tell, within=job)
    reading = ThreadedWork(each_of(lambda: read(inner)), name="vidtext-read-ahead", ahead=most)

    def items() -> Generator[Item]:
        awaited.set()
        for item in reading.items():
            awaited.clear()
            yield item
            awaited.set()

    try:
        yield items()
    finally:
        inner.stop()
        reading.close(wait=True)
