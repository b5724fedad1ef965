"""Where one shot becomes the next, told from a run of tiny frames: cuts, dissolves, and fades through black or white.

Cuts come from PySceneDetect's adaptive detector, which looks for a change that stands out among those around it, and so
lets fast pans pass. Its score compares hues, which jump where a picture is nearly black; a second look at plain
differences sorts that out, and flashes with it. Dissolves and fades are both mixtures of two pictures in which one
part grows steadily; movement is not.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from scenedetect import AdaptiveDetector, FrameTimecode  # type: ignore[import-untyped]

from vidtext.media.shots.dissolves import LONGEST_LAG_SECONDS, Dissolves
from vidtext.media.shots.fades import RAMP_SECONDS, Fades
from vidtext.media.shots.recent_frames import Found, RecentFrames, changed_area

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vidtext.media.shots.recent_frames import Kind

SHORTEST_SHOT_FRAMES = 3
"""A picture that is there for less is a flash, not a shot: nobody sees what it shows."""

_ADAPTIVE_RATIO = 2.0
"""PySceneDetect asks for 3.0 of the mean around it. At 3 frames a second that passes over every second cut of a
video of sports; the second look makes up for what 2.0 lets in."""

_LEAST_CUT = 7.5
"""Mean difference, in grey levels, that the frames before and behind a cut have at least. Cuts of rendered films and of
real ones had 7.8 and more, nearly all of them 11; jerks of the camera at 3 frames a second had up to 7.2."""

_LEAST_CUT_AREA = 0.3
"""Part of the picture that a cut changes at least: a large thing that changes colour at once changes less."""

_STANDS_OUT = 1.8
"""How many times as large as each of the two changes before and behind it a cut's change must be. On rendered films
(see benchmarks/shots.py), cuts have 2 and more, fades up to 1.5; a flash has two that are alike."""

_STANDS_OUT_AROUND_FLASH = 4.0
"""The same where a flash lies between two shots, besides the change that the flash begins with: twice as strict, since
a camera that jerks makes several large changes in a row."""

_FEWEST_KEPT = 8
"""How many frames are kept at least, at the lowest frame rates."""


@dataclass(frozen=True)
class Boundary:
    """The number of a new shot's first frame, counted from the first frame that was added, and how the shot begins."""

    frame: int
    kind: Kind


class TransitionFinder:
    """Takes tiny frames in order, gives boundaries. What it keeps does not grow with the number of frames.

    Args:
        frames_per_second: about how many; decides how many frames a dissolve has.
    """

    def __init__(self, frames_per_second: float) -> None:
        count = round(max(LONGEST_LAG_SECONDS, RAMP_SECONDS) * frames_per_second)
        self._recent = RecentFrames(count + _FEWEST_KEPT)
        self._cuts = _Cuts(self._recent)
        self._dissolves = Dissolves(self._recent, frames_per_second)
        self._fades = Fades(self._recent, frames_per_second)
        self._waiting: list[Found] = []
        self._latest = 0

    def add(self, tiny: NDArray[np.uint8]) -> list[Boundary]:
        """Take one more frame, as `thumbnail_yuv` makes them; return the boundaries that are now certain."""
        self._recent.add(tiny)
        self._waiting += [*self._cuts.add(tiny), *self._dissolves.add(), *self._fades.add()]
        return self._certain(self._open_from())

    def finish(self) -> list[Boundary]:
        """Return the boundaries that were waiting for more frames."""
        self._waiting += [*self._dissolves.finish(), *self._fades.finish()]
        return self._certain(self._recent.newest + 1)

    @property
    def open_from(self) -> int:
        """No boundary that is still to come is placed before this frame."""
        return min([self._open_from(), *(found.middle for found in self._waiting)])

    def _open_from(self) -> int:
        return min(self._dissolves.open_from, self._fades.open_from, self._recent.newest - 2)

    def _certain(self, before: int) -> list[Boundary]:
        """Return the boundaries up to a frame; where two claim the same place, a cut counts more, then a fade."""
        chosen: list[Found] = []
        for found in sorted(self._waiting, key=lambda each: ("cut", "fade", "dissolve").index(each.kind)):
            if all(_apart(found, other) for other in chosen):
                chosen.append(found)
        self._waiting = [found for found in chosen if found.stop >= before]
        boundaries = []
        for found in sorted(chosen, key=lambda each: each.middle):
            if found.stop < before and found.middle - self._latest >= SHORTEST_SHOT_FRAMES:
                boundaries.append(Boundary(found.middle, found.kind))
                self._latest = found.middle
        return boundaries


def _apart(one: Found, other: Found) -> bool:
    """Tell whether neither lies in the other; a fade may end in the ramp that the next one starts with."""
    return not (one.start <= other.middle <= one.stop or other.start <= one.middle <= other.stop)


class _Cuts:
    """Finds cuts two frames behind the newest."""

    def __init__(self, recent: RecentFrames) -> None:
        # The times that the detector needs are only counted by it: frame numbers at any rate will do.
        self._detector = AdaptiveDetector(_ADAPTIVE_RATIO, min_scene_len=1)
        self._recent = recent
        self._changes: deque[float] = deque(maxlen=5)

    def add(self, tiny: NDArray[np.uint8]) -> list[Found]:
        recent, newest = self._recent, self._recent.newest
        change = float(np.abs(recent[newest] - recent[newest - 1]).mean()) if newest else 0.0
        self._changes.append(change)
        picture = cv2.cvtColor(tiny, cv2.COLOR_YUV2BGR).astype(np.uint8)
        cuts = [cut.frame_num for cut in self._detector.process_frame(FrameTimecode(newest, fps=25.0), picture)]
        return [Found(cut, cut, cut, "cut") for cut in cuts if self._is_cut(cut)]

    def _is_cut(self, number: int) -> bool:
        two_before, before, here, behind, two_behind = self._changes
        around = max(two_before, before, behind, two_behind)
        if here >= _STANDS_OUT * around:
            return self._differ(number - 1, number)
        # Two large changes within three frames are a flash, unless what comes after it is another picture.
        flash_frames = 1 if before > two_before else 2
        around = max(min(two_before, before), behind, two_behind)
        return here >= _STANDS_OUT_AROUND_FLASH * around and self._differ(number - 1 - flash_frames, number)

    def _differ(self, one: int, other: int) -> bool:
        """Tell whether two frames are of different shots, if they are of different ones or follow each other."""
        difference = self._recent[other] - self._recent[one]
        return float(np.abs(difference).mean()) >= _LEAST_CUT and changed_area(difference) >= _LEAST_CUT_AREA
