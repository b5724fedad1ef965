"""A batch from its first item to its last, on whatever engine does the work."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vidtext.batch.work import Outcome, work_on
from vidtext.clock import format_clock
from vidtext.job import Job, Progress

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from vidtext.batch.items import Item
    from vidtext.settings import Settings
    from vidtext.tasks.registry import AnyTask

Engine = Callable[[Sequence["Item"], Job], "Generator[Outcome, None, None]"]
"""Does items in any order, yielding what became of each as it is done. Closing it, or stopping the job, ends the
work."""


@dataclass(frozen=True)
class Step:
    """One more item is done.

    Attributes:
        outcome: what became of it.
        done: how many are done now.
        total: how many there are.
        seconds_left: how long the others will take if they are like those that were done.
    """

    outcome: Outcome
    done: int
    total: int
    seconds_left: float

    @property
    def summary(self) -> str:
        """Say how far the batch is."""
        return _how_far(self.done, self.total, self.seconds_left)


def run_batch(items: Sequence[Item], engine: Engine, job: Job) -> Iterator[Step]:
    """Do all items, those of the same models after one another, so that each model is loaded once.

    Progress is reported as `done` of `total` items.

    Raises:
        CancelledError: the job was stopped; what was yielded before is whole.
    """
    began, total, done = time.monotonic(), len(items), 0

    def seconds_left() -> float:
        return (time.monotonic() - began) / max(1, done) * (total - done)

    def tell(progress: Progress) -> None:
        job.on_progress(Progress(f"{_how_far(done, total, seconds_left())}: {progress.doing}", done, total))

    watched = dataclasses.replace(job, on_progress=tell)
    with closing(engine(by_model(items), watched)) as outcomes:
        for outcome in outcomes:
            done += 1
            yield Step(outcome, done, total, seconds_left())


def _how_far(done: int, total: int, seconds_left: float) -> str:
    """Say how many are done, and how long the others will take, once that can be guessed."""
    left = f", about {format_clock(round(seconds_left))} left" if 0 < done < total else ""
    return f"{done} of {total} videos{left}"


def by_model(items: Sequence[Item]) -> list[Item]:
    """Return the items with those of the same models together, otherwise in their order."""
    first: dict[tuple[tuple[str, bool], ...], int] = {}
    for place, item in enumerate(items):
        first.setdefault(item.models, place)
    return sorted(items, key=lambda item: first[item.models])


def local_engine(tasks: Mapping[str, AnyTask], settings: Settings) -> Engine:
    """Return the engine that does one item after the other in this process."""

    def work(items: Sequence[Item], job: Job) -> Generator[Outcome, None, None]:
        for item in items:
            job.check()
            yield work_on(item, tasks, settings, _naming(item, job))

    return work


def _naming(item: Item, job: Job) -> Job:
    """Return the job with the item's name before what it reports."""

    def tell(progress: Progress) -> None:
        job.on_progress(dataclasses.replace(progress, doing=f"{item.name}, {progress.doing}"))

    return dataclasses.replace(job, on_progress=tell)
