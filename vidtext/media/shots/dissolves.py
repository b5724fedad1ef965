"""Dissolves: stretches in which one picture is mixed with the next, whose part grows steadily. Movement is not that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from vidtext.media.shots.recent_frames import HEIGHT, WIDTH, Found, changed_area

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vidtext.media.shots.recent_frames import RecentFrames

_LAGS_SECONDS = (0.32, 0.48, 0.64, 0.96, 1.28, 1.92)
"""Stretches that are tried as dissolves. Editors' usual ones take 0.4 to 2 s; of longer ones, a part is found."""

LONGEST_LAG_SECONDS = _LAGS_SECONDS[-1]
"""How far back recent frames are needed."""

_FEWEST_FRAMES = 8
"""A stretch of fewer frames has no quarters to compare: below 5 frames a second, dissolves are not told from cuts."""

_DISSOLVE_STEP = 2
"""Every how many frames stretches that end there are tried: a dissolve is found many times over."""

_LEAST_CHANGE = 10.0
"""Root of the mean squared difference, in grey levels, of the pictures that a dissolve leads from and to."""

_LEAST_AREA = 0.5
"""Part of the picture in which they differ visibly: things that move or change colour cover less."""

_OWN_TEXTURE = 6.0
"""Spread of luma, in grey levels, that each of the two pictures has and the other does not explain by being brighter or
darker: a change of light is a steady mixture of two pictures, too."""

_UNEXPLAINED = 0.08
"""Largest part of the squared difference of both ends that a mixture of them leaves over in the frames between them.
The rendered films' dissolves, between scenes that move as well, stay below."""

_DETAIL_LEFT = 0.65
"""Largest part of the ends' fine detail (the energy of the luma's Laplacian) that the middle has. Two pictures that
have nothing to do with each other leave half of it when mixed: of 109 dissolves of rendered films, as H.264 at CRF 23
and 32, 95 % had a stretch with 0.55 or less. Pans, zooms and changes of light that look like mixtures keep 0.68 and
more, the most where coding has taken the detail of what moves."""

_PARTS_AT_QUARTERS = ((0.1, 0.45), (0.35, 0.65), (0.55, 0.9))
"""How much of the coming picture the frames at a quarter, a half and three quarters of a dissolve show."""


class Dissolves:
    """Finds dissolves among recent frames.

    Args:
        recent: the frames; at least those of `LONGEST_LAG_SECONDS` and one more.
        frames_per_second: about how many.
    """

    def __init__(self, recent: RecentFrames, frames_per_second: float) -> None:
        self._recent = recent
        lags = sorted({round(seconds * frames_per_second) for seconds in _LAGS_SECONDS})
        self._lags = [lag for lag in lags if lag >= _FEWEST_FRAMES]
        self._best: tuple[float, Found] | None = None
        self._last_seen = 0

    @property
    def open_from(self) -> int:
        """Nothing that is still to be found is placed before this frame."""
        start = self._recent.newest - max(self._lags, default=0)
        return min(start, self._best[1].start) if self._best else start

    def add(self) -> list[Found]:
        """Look at the stretches that end with the newest frame; return what is finished."""
        newest, found = self._recent.newest, []
        if self._best and newest - self._last_seen > max(self._lags) // 2:
            found = self.finish()
        if newest % _DISSOLVE_STEP == 0:
            for lag in self._lags:
                if newest - lag >= self._recent.oldest:
                    self._try(newest - lag, lag)
        return found

    def finish(self) -> list[Found]:
        """Return what was waiting for a clearer stretch."""
        found = [self._best[1]] if self._best else []
        self._best = None
        return found

    def _try(self, start: int, lag: int) -> None:
        """Keep the stretch if it is a dissolve; of several in one place, that between the most different pictures."""
        leaving, coming = self._recent[start], self._recent[start + lag]
        way = coming - leaving
        squared = float(way @ way)
        if squared < _LEAST_CHANGE**2 * way.size or (self._best and squared <= self._best[0]):
            return
        parts = []
        for quarter, (least, most) in zip((2, 1, 3), (_PARTS_AT_QUARTERS[index] for index in (1, 0, 2)), strict=True):
            between = self._recent[start + quarter * lag // 4] - leaving
            part = float(between @ way) / squared
            rest = between - part * way
            if not least < part < most or float(rest @ rest) > _UNEXPLAINED * squared:
                return
            parts.append(part)
        kept = 2 * _detail(self._recent[start + lag // 2]) / max(_detail(leaving) + _detail(coming), 1.0)
        if kept > _DETAIL_LEFT or not (changed_area(way) >= _LEAST_AREA and _differ_in_texture(leaving, coming)):
            return
        self._last_seen = start + lag
        half, one, three = parts
        frames_in_all = lag / 2 / (three - one)
        middle = start + min(max(0, lag // 2 + round((0.5 - half) * frames_in_all)), lag)
        reach = min(lag, round(frames_in_all / 2))
        self._best = squared, Found(middle - reach, middle, middle + reach, "dissolve")


def _detail(frame: NDArray[np.float32]) -> float:
    luma = np.ascontiguousarray(frame[::3]).reshape(HEIGHT, WIDTH)
    return float((cv2.Laplacian(luma, cv2.CV_32F) ** 2).mean())


def _differ_in_texture(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    lumas = np.stack([one[::3], other[::3]])
    lumas -= lumas.mean(axis=1, keepdims=True)
    spread = np.sqrt((lumas * lumas).mean(axis=1))
    alike = float((lumas[0] * lumas[1]).mean()) / max(float(spread[0] * spread[1]), 1.0)
    return bool(spread.min() * np.sqrt(max(0.0, 1 - alike**2)) >= _OWN_TEXTURE)
