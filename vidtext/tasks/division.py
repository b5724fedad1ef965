"""A video divided: its shots, the stretches that chapters are about, and the windows that a model sees of each."""

from __future__ import annotations

import bisect
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vidtext.clock import format_clock
from vidtext.errors import OptionError
from vidtext.media.read.sampling import TimeRange
from vidtext.tasks.footage import frames_of
from vidtext.tasks.grouping import chapter_starts, farthest_first, parts_of, shortest_chapter_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vidtext.job import Job
    from vidtext.media.read.choices import ShotMode
    from vidtext.media.read.decode import Picture
    from vidtext.media.shots.detect import Shot
    from vidtext.models.base import Captioner
    from vidtext.tasks.footage import Footage

_PICTURES = 600
_OFTEN_SECONDS = 0.5
"""How many pictures a division is based on where chapters may be long, but no more than two a second."""

_MOST_PICTURES = 1200
"""How many where they are short: finding the best division takes a second then, and its time grows with the square."""

_FEATURE_BATCH = 16

WINDOW_SECONDS = 10.0
"""The longest window that one description is about: clips of VATEX, which GIT's video captioners learned from, last ten
seconds (Wang et al. 2019, arXiv:1904.03493)."""

_SECONDS_A_WINDOW = 15.0
_MOST_WINDOWS = 3
"""A stretch is described by one window for every 15 seconds of it, three at most, chosen to look as differently as they
can: a description of a long chapter then tells of more than one thing."""

MOST_CHAPTERS = 60
"""The most chapters where the content decides: more is no overview."""


@dataclass(frozen=True)
class Division:
    """A video divided.

    Attributes:
        shots: from the first to the last, without a gap.
        stretches: what the chapters are, in order, without a gap.
        windows: what a model is to see of each stretch, in order; none of them goes across a cut.
    """

    shots: tuple[Shot, ...]
    stretches: tuple[TimeRange, ...]
    windows: tuple[tuple[TimeRange, ...], ...]


def divide(
    footage: Footage,
    model: Captioner,
    *,
    mode: ShotMode,
    count: int | None,
    min_seconds: float | None,
    job: Job,
) -> Division:
    """Look for shots, and group what looks alike to the model's own vision tower.

    Raises:
        OptionError: so many chapters of that length do not fit.
    """
    duration = footage.duration_seconds
    shortest = _checked_shortest(duration, count, min_seconds)
    if duration < shortest and min_seconds is not None:
        footage.notes.append(f"The video is shorter than the shortest chapter, {shortest:g} s: it is one chapter.")
    every = max(min(shortest / 4, max(duration / _PICTURES, _OFTEN_SECONDS)), duration / _MOST_PICTURES)
    looked = _Look(model, job)
    shots: tuple[Shot, ...] = ()
    for scan in footage.scan(mode, every, model.info.image_size):
        shots = scan.shots
        looked.at(scan.pictures)
    job.report("comparing what was seen", 0, 1)
    times, features = looked.result()
    starts = chapter_starts(
        parts_of(times, features, [shot.start_seconds for shot in shots], duration),
        count=count,
        min_seconds=shortest,
        max_count=MOST_CHAPTERS,
    )
    edges = [*starts, max(duration, starts[-1])]
    stretches = tuple(TimeRange(*pair) for pair in itertools.pairwise(edges))
    windows = tuple(_windows_within(stretch, shots, np.array(times), features) for stretch in stretches)
    return Division(shots, stretches, windows)


class _Look:
    """Features of pictures, made in batches as they come, so that few pictures are held at a time."""

    def __init__(self, model: Captioner, job: Job) -> None:
        self._model, self._job = model, job
        self._waiting: list[Picture] = []
        self._times: list[float] = []
        self._features: list[NDArray[np.float32]] = []

    def at(self, pictures: Sequence[Picture]) -> None:
        """Take pictures in."""
        for picture in pictures:
            if not self._times or picture.seconds > self._times[-1]:
                self._waiting.append(picture)
                self._times.append(picture.seconds)
            if len(self._waiting) == _FEATURE_BATCH:
                self._flush()

    def _flush(self) -> None:
        if self._waiting:
            self._features.append(self._model.image_features(frames_of(self._waiting), self._job))
            self._waiting.clear()

    def result(self) -> tuple[list[float], NDArray[np.float32]]:
        """Return the times of all pictures, and their features `(N, D)`."""
        self._flush()
        return self._times, np.concatenate(self._features)


def middle_window(span: TimeRange) -> TimeRange:
    """Return the middle `WINDOW_SECONDS` of a span, all of it if it is shorter."""
    spare = max(0.0, span.duration_seconds - WINDOW_SECONDS) / 2
    return TimeRange(span.start_seconds + spare, span.stop_seconds - spare)


def _windows_within(
    stretch: TimeRange, shots: Sequence[Shot], times: NDArray[np.float64], features: NDArray[np.float32]
) -> tuple[TimeRange, ...]:
    """Choose what to look at in a stretch: around the pictures that differ most, the most typical one first."""
    inside = np.flatnonzero((times >= stretch.start_seconds) & (times < stretch.stop_seconds))
    if not len(inside):
        return (_around((stretch.start_seconds + stretch.stop_seconds) / 2, stretch, shots),)
    count = min(max(round(stretch.duration_seconds / _SECONDS_A_WINDOW), 1), _MOST_WINDOWS)
    typical = (features[inside] @ features[inside].mean(axis=0)).astype(np.float64)
    windows: list[TimeRange] = []
    for index in farthest_first(features[inside], np.round(typical, 3), count):
        window = _around(float(times[inside][index]), stretch, shots)
        if all(
            window.stop_seconds <= each.start_seconds or window.start_seconds >= each.stop_seconds for each in windows
        ):
            windows.append(window)
    return tuple(sorted(windows, key=lambda window: window.start_seconds))


def _around(time: float, stretch: TimeRange, shots: Sequence[Shot]) -> TimeRange:
    """Return up to `WINDOW_SECONDS` around a time, within its shot and the stretch."""
    starts = [shot.start_seconds for shot in shots]
    shot = shots[max(0, bisect.bisect_right(starts, time) - 1)]
    low = max(shot.start_seconds, stretch.start_seconds)
    high = max(low, min(shot.stop_seconds, stretch.stop_seconds))
    start = min(max(low, time - WINDOW_SECONDS / 2), max(low, high - WINDOW_SECONDS))
    return TimeRange(start, min(start + WINDOW_SECONDS, high))


def _checked_shortest(duration: float, count: int | None, min_seconds: float | None) -> float:
    if min_seconds is None:
        shortest = shortest_chapter_seconds(duration)
        return shortest if count is None else min(shortest, duration / count / 2)
    if count is not None and count > 1 and count * min_seconds > duration:
        raise OptionError(
            f"{count} chapters of at least {min_seconds:g} s do not fit into a video of {format_clock(duration)}. "
            f"Ask for at most {max(1, int(duration / min_seconds))}, or for shorter ones.",
            option="count",
        )
    return min_seconds
