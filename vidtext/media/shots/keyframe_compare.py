"""What two neighbouring keyframes, and the sizes of the packets between them, tell about shots.

An encoder spends on a picture that is new about as much as on a keyframe, and the sizes are known at no cost.
"""

from __future__ import annotations

import itertools
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from numpy.typing import NDArray

Verdict = Literal["one shot", "cut", "look"]
"""What is between two keyframes: nothing, a cut at the second one, or what only looking at it can tell."""

_ALIKE = 0.06
"""Largest distance, from 0 to 1, of the colours of two keyframes between which nothing is looked at. Of rendered films
(benchmarks/shots.py) and real ones, pans and zooms mostly have less, stretches with a cut 0.07 to 0.95."""

_NEARLY_ALIKE, _LAYOUT_LEVELS, _PREDICTED = 0.15, 8.0, 0.22
"""The same where, besides, hardly anything is elsewhere, as when the light changes (so many grey levels of difference
on average), or where every picture between them could be predicted, as in a long pan (no packet takes more than this
part of a keyframe's bytes; those of real cuts between shots of like colours took 0.24 and more)."""

THE_SAME = 0.1
"""Largest distance of the colours of two frames near each other in one shot."""

_UNLIKE = 0.35
"""A keyframe that comes early, is so far from the one before, and `THE_SAME` as the one behind it, is a cut, without a
look at what lies before: an encoder puts it there because nothing before it helps to predict it. Of 34 such keyframes
of rendered films, all were."""

_EARLY = 0.9
"""Part of the longest stretch between two keyframes around it, below which a keyframe counts as early."""

_SIZES_OF_ONE_SHOT = 3.0
"""Largest ratio of the bytes of two keyframes of one shot. A picture that fades in or out takes far less, even where
its colours are hardly other ones."""

_NEW_PICTURE = 0.5
"""Part of a keyframe's bytes that a packet has whose picture cannot be predicted: the changes of moving shots had up to
0.4."""

_SUDDEN = 4.0
"""How many times as large as the median packet that one is, or else all of them are that large, as in a noisy video."""

_LONGEST_UNSEEN_SECONDS = 30.0
"""A longer stretch without a keyframe is always decoded. Most encoders put one every 2 to 10 s."""


@dataclass
class Key:
    """A keyframe, and what the packets from it to the next one weigh.

    Attributes:
        tick: when it is shown.
        sizes: bytes of its packet, then of those behind it.
        tiny: see `vidtext.media.shots.thumbnail_yuv`; None if it could not be decoded.
    """

    tick: int
    sizes: list[int]
    tiny: NDArray[np.uint8] | None = None

    def new_pictures(self, keyframe_bytes: int) -> list[int]:
        """Return which of the packets behind it, counted from 1, may hold what was not there before.

        Args:
            keyframe_bytes: what a keyframe of the same stretch takes.
        """
        behind = self.sizes[1:]
        least = max(_NEW_PICTURE * keyframe_bytes, _SUDDEN * statistics.median(behind)) if behind else 0
        return [index for index, size in enumerate(behind, start=1) if size > least]


def verdicts(keys: Sequence[Key], seconds_a_tick: Fraction) -> list[Verdict]:
    """Say of each two neighbours what is between them."""
    gaps = [later.tick - earlier.tick for earlier, later in itertools.pairwise(keys)]
    return [
        _verdict(keys[index : index + 3], gap < _EARLY * max(gaps), seconds_a_tick) for index, gap in enumerate(gaps)
    ]


def _verdict(keys: Sequence[Key], early: bool, seconds_a_tick: Fraction) -> Verdict:  # noqa: FBT001  read in one place
    one, two, *more = keys
    if (two.tick - one.tick) * seconds_a_tick > _LONGEST_UNSEEN_SECONDS:
        return "look"
    if one.tiny is None or two.tiny is None or _differ_in_size(one.sizes[0], two.sizes[0]):
        return "look"
    apart = colour_distance(one.tiny, two.tiny)
    keyframe_bytes = min(one.sizes[0], two.sizes[0])
    predicted = max(one.sizes[1:], default=0) < _PREDICTED * keyframe_bytes
    in_place = _moved_levels(one.tiny, two.tiny) <= _LAYOUT_LEVELS
    if apart <= _ALIKE or (apart <= _NEARLY_ALIKE and (in_place or predicted)):
        return "look" if one.new_pictures(keyframe_bytes) else "one shot"
    settled = bool(more) and more[0].tiny is not None and colour_distance(two.tiny, more[0].tiny) < THE_SAME
    if early and apart > _UNLIKE and settled and not one.new_pictures(two.sizes[0]):
        return "cut"
    return "look"


def _differ_in_size(one_bytes: int, other_bytes: int) -> bool:
    return max(one_bytes, other_bytes) > _SIZES_OF_ONE_SHOT * min(one_bytes, other_bytes)


def colour_distance(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Return how far apart the colours of two tiny frames are, 0 to 1, wherever in the picture they are."""
    return float(np.abs(_colours(one) - _colours(other)).sum()) / 2


def _moved_levels(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Return by how many grey levels 8 × 6 parts of two tiny frames differ on average."""
    lumas = (cv2.resize(tiny[..., 0], (8, 6), interpolation=cv2.INTER_AREA).astype(int) for tiny in (one, other))
    return float(np.abs(next(lumas) - next(lumas)).mean())


def _colours(tiny: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return which part of a tiny frame has which luma (16 steps), and which blue and red chroma (32 each).

    `(80,)` float64 with a sum of 1. Each step is smoothed into its neighbours, so that a little noise or light does not
    matter. Where things are does not matter either, which is what lets pans pass.
    """
    shares = []
    for channel, shift in ((0, 4), (1, 3), (2, 3)):
        counts = np.bincount((tiny[..., channel] >> shift).ravel(), minlength=256 >> shift)
        shares.append(np.convolve(counts, [0.25, 0.5, 0.25], "same"))
    together = np.concatenate(shares)
    return np.asarray(together / together.sum())
