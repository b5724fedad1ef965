"""Fades: a picture turns black or white step by step, and another one comes out of that in the same way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vidtext.media.shots.recent_frames import Found

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vidtext.media.shots.recent_frames import RecentFrames

_BLANK_RANGE = 12
"""Luma and chroma of a blank frame lie within so many levels: what coding leaves of a plain colour."""

_MARKED_AREA = 0.05
"""Part of a blank frame that may be brighter, and as much that may be darker: a channel's or an author's mark."""

_BLACK, _WHITE = 36, 216
"""Luma up to which a blank frame counts as black, and from which as white; 16 and 235 are those of ordinary video."""

_PLAINER = 0.5
"""By how many levels another frame of a blank run must be plainer to count as the one that the fade leads to."""

_LEAST_RAMP = 5.0
"""How far, in grey levels, a fade must be from its colour where it starts or ends."""

RAMP_SECONDS = 2.0
"""The longest fade out or in that is followed to its end."""

_RAMP_FRAMES = 2
"""How many frames a fade out or in has at least between full and blank; with fewer it is a cut."""


@dataclass
class _BlankRun:
    """The plainest of several black or white frames.

    Attributes:
        colour: `(3,)` mean luma and chromas.
        levels: see `_levels_from_blank`.
        first: number of the first frame of them.
        last: number of the last one.
        ramp_start: where the fade starts that leads into them; None where something else does.
    """

    colour: NDArray[np.float32]
    levels: float
    first: int
    last: int
    ramp_start: int | None


class Fades:
    """Finds fades among recent frames.

    Args:
        recent: the frames; at least those of `RAMP_SECONDS`.
        frames_per_second: about how many.
    """

    def __init__(self, recent: RecentFrames, frames_per_second: float) -> None:
        self._recent = recent
        self._longest = max(_RAMP_FRAMES + 1, round(RAMP_SECONDS * frames_per_second))
        self._run: _BlankRun | None = None
        self._left: list[float] = []  # how far from the run's colour each frame behind it is

    @property
    def open_from(self) -> int:
        """Nothing that is still to be found is placed before this frame."""
        if self._run is None or self._run.ramp_start is None:
            return self._recent.newest + 1
        return self._run.ramp_start

    def add(self) -> list[Found]:
        """Look at the newest frame; return what is finished."""
        newest = self._recent.newest
        frame = self._recent[newest]
        levels = _levels_from_blank(frame)
        found: list[Found] = []
        if levels is not None and (self._run is None or levels < self._run.levels + _PLAINER):
            if _is_ramp(self._left):
                found = self.finish()
            self._left.clear()
            if self._run is None or levels < self._run.levels - _PLAINER:
                colour = frame.reshape(-1, 3).mean(axis=0)
                self._run = _BlankRun(colour, levels, newest, newest, self._ramp_into(newest, colour))
            self._run.last = newest
        elif self._run is not None:
            self._left.append(_distance(frame, self._run.colour))
            rising = len(self._left) < 2 or self._left[-1] > _next_step(self._left[-2])  # noqa: PLR2004  two to compare
            if not rising or len(self._left) == self._longest:
                found = self.finish()
        return found

    def finish(self) -> list[Found]:
        """End the blank run; return the fade that it is the middle of, if it is one."""
        run, left = self._run, self._left
        self._run, self._left = None, []
        if run is None or run.ramp_start is None:
            return []
        if len(left) > 1 and left[-1] <= _next_step(left[-2]):
            left = left[:-1]
        if not _is_ramp(left):
            return []
        return [Found(run.ramp_start, (run.first + run.last + 1) // 2, run.last + len(left), "fade")]

    def _ramp_into(self, first: int, colour: NDArray[np.float32]) -> int | None:
        """Return the first frame of the fade that leads into a blank one, None if no fade does."""
        distances: list[float] = []
        for number in range(first - 1, max(self._recent.oldest, first - self._longest) - 1, -1):
            distance = _distance(self._recent[number], colour)
            if distances and distance <= _next_step(distances[-1]):
                break
            distances.append(distance)
        return first - len(distances) if _is_ramp(distances) else None


def _is_ramp(distances: Sequence[float]) -> bool:
    """Tell whether distances from a plain colour grow over several frames."""
    if not distances or distances[-1] < _LEAST_RAMP:
        return False
    return sum(0.1 < distance / distances[-1] < 0.9 for distance in distances) >= _RAMP_FRAMES  # noqa: PLR2004  neither end


def _next_step(distance: float) -> float:
    """Return what a frame's distance from a plain colour must be above to be one step further away."""
    return distance * 1.01 + 0.1


def _levels_from_blank(frame: NDArray[np.float32]) -> float | None:
    """Return how far a black or white frame is from perfectly black or white, in grey levels; None for others."""
    pixels = np.sort(frame.reshape(-1, 3), axis=0)
    some = int(_MARKED_AREA * len(pixels))
    darker, brighter = pixels[some], pixels[-1 - some]
    if (brighter - darker).max() > _BLANK_RANGE:
        return None
    if brighter[0] <= _BLACK:
        return float(pixels[-1, 0])
    return float(255 - pixels[0, 0]) if darker[0] >= _WHITE else None


def _distance(frame: NDArray[np.float32], colour: NDArray[np.float32]) -> float:
    return float(np.sqrt(((frame.reshape(-1, 3) - colour) ** 2).mean()))
