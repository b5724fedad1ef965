"""Work in a thread of its own, so that the page can report and stop it between two results."""

from __future__ import annotations

import contextlib
import contextvars
import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from vidtext.errors import CancelledError
from vidtext.job import Job, Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

Made = TypeVar("Made")

_SHORTEST_PAUSE_SECONDS = 0.1
"""A browser need not hear of progress more often."""

_LOOK_UP_SECONDS = 0.1
"""How soon a stopped job is noticed while its work says nothing."""


@dataclass(frozen=True)
class Update(Generic[Made]):
    """What came since the update before.

    Attributes:
        progress: the newest report, None if there was none.
        made: all results, in their order.
    """

    progress: Progress | None
    made: tuple[Made, ...]


@dataclass(frozen=True)
class _End:
    error: BaseException | None


class Work(Generic[Made]):
    """An iterator's work, run in a thread and followed through `updates`.

    Attributes:
        job: what the work is given; stopping it, or the one that it is within, ends the work and `updates`.
    """

    def __init__(self, start: Callable[[Job], Iterator[Made]], within: Job | None = None) -> None:
        self._start = start
        self._reports: queue.SimpleQueue[Progress | Made | _End] = queue.SimpleQueue()
        self.job = Job(on_progress=self._reports.put, within=within)

    def updates(self) -> Generator[Update[Made]]:
        """Run the work and yield what comes: the first thing at once and alone, then as often as a person can see.

        Closing this generator stops the job; stopping the job ends this generator. An exception of the work is raised
        here.
        """
        context = contextvars.copy_context()  # where Gradio keeps whose request this is, which ZeroGPU asks
        threading.Thread(target=context.run, args=[self._run], name="vidtext-page-work", daemon=True).start()
        end, pause = None, 0.0
        try:
            while end is None:
                progress, made, end = self._collect(pause)
                pause = _SHORTEST_PAUSE_SECONDS
                if progress or made:
                    yield Update(progress, tuple(made))
            if end.error is not None and not (self.job.stopped and isinstance(end.error, CancelledError)):
                raise end.error
        finally:
            if end is None:
                self.job.stop()

    def _collect(self, pause_seconds: float) -> tuple[Progress | None, list[Made], _End | None]:
        progress: Progress | None = None
        made: list[Made] = []
        deadline = time.monotonic() + pause_seconds
        while (left := deadline - time.monotonic()) > 0 or not (progress or made):
            try:
                report = self._reports.get(timeout=left if left > 0 else _LOOK_UP_SECONDS)
            except queue.Empty:
                if self.job.stopped:
                    return progress, made, _End(None)
                continue
            if isinstance(report, _End):
                return progress, made, report
            if isinstance(report, Progress):
                progress = report
            else:
                made.append(report)
        return progress, made, None

    def _run(self) -> None:
        try:
            with contextlib.closing(self._start(self.job)) as results:  # type: ignore[type-var]  # a generator
                for result in results:
                    self._reports.put(result)
        except BaseException as error:  # noqa: BLE001  (it is raised again by whoever follows)
            self._reports.put(_End(error))
        else:
            self._reports.put(_End(None))
