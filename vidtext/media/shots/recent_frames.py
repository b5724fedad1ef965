"""The last frames of a video at a size at which they can all be kept, and what is found among them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np

from vidtext.media.shots.thumbnail_yuv import TINY_HEIGHT, TINY_WIDTH

if TYPE_CHECKING:
    from numpy.typing import NDArray

Kind = Literal["cut", "dissolve", "fade"]

WIDTH, HEIGHT = TINY_WIDTH // 2, TINY_HEIGHT // 2

_VISIBLE_LEVELS = 8
"""By how many grey levels a place must change for the eye to see it: noise and coding change less."""


@dataclass(frozen=True)
class Found:
    """A transition from frame `start` to frame `stop`; the new shot begins with `middle`. A cut is one frame."""

    start: int
    middle: int
    stop: int
    kind: Kind


class RecentFrames:
    """The last so many frames by their number: `(HEIGHT * WIDTH * 3,)` float32 luma and chromas each."""

    def __init__(self, count: int) -> None:
        self._frames: deque[NDArray[np.float32]] = deque(maxlen=count)
        self.newest = -1

    def add(self, tiny: NDArray[np.uint8]) -> None:
        """Take the next frame, as `vidtext.media.shots.thumbnail_yuv` makes it."""
        small = cv2.resize(tiny, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        self._frames.append(small.astype(np.float32).ravel())
        self.newest += 1

    @property
    def oldest(self) -> int:
        """The number of the first frame that is still there."""
        return self.newest - len(self._frames) + 1

    def __getitem__(self, number: int) -> NDArray[np.float32]:
        return self._frames[number - self.oldest]


def changed_area(difference: NDArray[np.float32]) -> float:
    """Return the part of the picture that a difference of two frames shows to change visibly, 0 to 1."""
    return float((np.abs(difference.reshape(-1, 3)).max(axis=1) > _VISIBLE_LEVELS).mean())
