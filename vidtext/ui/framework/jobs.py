"""Work in a thread of its own, so that the page can report and stop it between two results."""

from __future__ import annotations

import queue
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from vidtext.errors import CancelledError
from vidtext.job import Job, Progress
from vidtext.threads import LOOK_UP_SECONDS, EndedError, ThreadedWork, each_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

Made = TypeVar("Made")

_SHORTEST_PAUSE_SECONDS = 0.1
"""A browser need not hear of progress more often."""


@dataclass(frozen=True)
class Update(Generic[Made]):
    """What came since the update before.

    Attributes:
        progress: the newest report, None if there was none.
        made: all results, in their order.
    """

    progress: Progress | None
    made: tuple[Made, ...]


class Work(Generic[Made]):
    """An iterator's work, run in a thread and followed through `updates`.

    Attributes:
        job: what the work is given; stopping it, or the one that it is within, ends the work and `updates`.
    """

    def __init__(self, start: Callable[[Job], Iterator[Made]], within: Job | None = None) -> None:
        self.job: Job = Job(on_progress=self._tell, within=within)
        work: Callable[[Callable[[Progress | Made], bool]], None] = each_of(lambda: start(self.job))
        self._thread = ThreadedWork(work, name="vidtext-page-work")

    def updates(self) -> Generator[Update[Made]]:
        """Run the work and yield what comes: the first thing at once and alone, then as often as a person can see.

        Closing this generator stops the job; stopping the job ends this generator. An exception of the work is raised
        here.
        """
        self._thread.start()
        pause = 0.0
        try:
            while True:
                yield self._collect(pause)
                pause = _SHORTEST_PAUSE_SECONDS
        except EndedError:
            return
        except CancelledError:
            if not self.job.stopped:
                raise
        except GeneratorExit:
            self.job.stop()
            raise

    def _collect(self, pause_seconds: float) -> Update[Made]:
        progress: Progress | None = None
        made: list[Made] = []
        deadline = time.monotonic() + pause_seconds
        while (left := deadline - time.monotonic()) > 0 or not (progress or made):
            try:
                report = self._thread.take(left if left > 0 else LOOK_UP_SECONDS)
            except queue.Empty:
                if self.job.stopped:
                    raise EndedError from None
                continue
            except BaseException:  # the end, which comes again
                if progress or made:
                    break
                raise
            if isinstance(report, Progress):
                progress = report
            else:
                made.append(report)
        return Update(progress, tuple(made))

    def _tell(self, progress: Progress) -> None:
        self._thread.hand_over(progress)
