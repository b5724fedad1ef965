"""Work in a thread of its own, whose items another thread takes as they come."""

from __future__ import annotations

import contextlib
import contextvars
import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from vidtext.job import Job

Item = TypeVar("Item")

LOOK_UP_SECONDS = 0.1
"""How soon a stopped job is noticed while nothing comes."""


class EndedError(Exception):
    """The work has ended, and all its items were taken."""


@dataclass(frozen=True)
class _End:
    error: BaseException | None = None


class ThreadedWork(Generic[Item]):
    """A function that runs in a thread and hands items over, and the way to take them in another thread."""

    def __init__(
        self, work: Callable[[Callable[[Item], bool]], object], *, name: str, ahead: int | None = None
    ) -> None:
        """Prepare the work; `start` begins it.

        Args:
            work: is given a function that hands an item over, and returns whether more are wanted.
            name: of the thread.
            ahead: how many items may be made before they are taken, at least 1; None for any number.
        """
        self._work = work
        self._items: queue.SimpleQueue[Item | _End] = queue.SimpleQueue()
        self._room = None if ahead is None else threading.Semaphore(ahead - 1)
        self._closed = threading.Event()
        # Of the context: Gradio keeps there whose request this is, which ZeroGPU asks.
        run = contextvars.copy_context().run
        self._thread = threading.Thread(target=run, args=[self._run], name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def take(self, seconds: float | None = None) -> Item:
        """Return the next item.

        Raises:
            queue.Empty: none came within so many seconds.
            EndedError: there are no more.
            BaseException: the work failed with it.
        """
        item = self._items.get(timeout=seconds)
        if not isinstance(item, _End):
            return item
        self._items.put(item)  # for whoever asks again
        if item.error is not None:
            raise item.error
        raise EndedError

    def taken(self) -> None:
        """Let one more item be made ahead."""
        if self._room is not None:
            self._room.release()

    def items(self, job: Job | None = None) -> Generator[Item]:
        """Begin, and yield the items.

        Raises:
            CancelledError: the job was stopped.
            BaseException: the work failed with it.
        """
        self.start()
        while True:
            if job is not None:
                job.check()
            try:
                item = self.take(None if job is None else LOOK_UP_SECONDS)
            except queue.Empty:
                continue
            except EndedError:
                return
            yield item
            self.taken()

    def close(self, *, wait: bool = False) -> None:
        """Tell the work that no more items are wanted; `wait` until it has ended."""
        self._closed.set()
        self.taken()
        if wait and self._thread.ident is not None:
            self._thread.join()

    def hand_over(self, item: Item) -> bool:
        """Hand an item over, in the thread; return whether more are wanted."""
        self._items.put(item)
        if self._room is not None:
            self._room.acquire()
        return not self._closed.is_set()

    def _run(self) -> None:
        try:
            self._work(self.hand_over)
        except BaseException as error:  # noqa: BLE001  (raised again by whoever takes the items)
            self._items.put(_End(error))
        else:
            self._items.put(_End())


def each_of(make: Callable[[], Iterator[Item]]) -> Callable[[Callable[[Item], bool]], None]:
    """Return the work of an iterator, which is made, and closed if it can be, in the thread."""

    def work(hand_over: Callable[[Item], bool]) -> None:
        with contextlib.ExitStack() as stack:
            items = make()
            stack.callback(getattr(items, "close", lambda: None))
            for item in items:
                if not hand_over(item):
                    return

    return work
