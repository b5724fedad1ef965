"""Reading while a model writes: the next items are made in a thread, a few at a time."""

from __future__ import annotations

import contextlib
import queue
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from vidtext.job import Job

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from vidtext.job import Progress

Item = TypeVar("Item")


@dataclass(frozen=True)
class _End:
    error: BaseException | None = None


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
    reader = _Reader(read, most, job)
    try:
        yield reader.items()
    finally:
        reader.end()


class _Reader(Generic[Item]):
    def __init__(self, read: Callable[[Job], Generator[Item]], most: int, job: Job) -> None:
        self._read = read
        self._outer = job
        self._inner = Job(self._tell, within=job)
        self._room = threading.Semaphore(most)
        self._ready: queue.SimpleQueue[Item | _End] = queue.SimpleQueue()
        self._awaited = threading.Event()
        self._thread = threading.Thread(target=self._run, name="vidtext-read-ahead", daemon=True)

    def items(self) -> Iterator[Item]:
        self._awaited.set()
        self._thread.start()
        while True:
            self._awaited.set()
            item = self._ready.get()
            self._awaited.clear()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
            self._room.release()

    def end(self) -> None:
        self._inner.stop()
        self._room.release()
        if self._thread.ident is not None:
            self._thread.join()

    def _tell(self, progress: Progress) -> None:
        if self._awaited.is_set():
            self._outer.on_progress(progress)

    def _run(self) -> None:
        try:
            with contextlib.closing(self._read(self._inner)) as items:
                self._hand_over(items)
        except BaseException as error:  # noqa: BLE001  (raised by whoever waits for the item)
            self._ready.put(_End(error))
        else:
            self._ready.put(_End())

    def _hand_over(self, items: Iterator[Item]) -> None:
        while True:
            self._room.acquire()
            self._inner.check()
            item = next(items, None)
            if item is None:
                return
            self._ready.put(item)
