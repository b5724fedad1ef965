"""Looking at keyframes for where shots change, and at what lies between two of them only where that may tell more.

The sizes of the packets between keyframes are known from reading them, at no cost: an encoder spends on a picture that
is new about as much as on a keyframe.
"""

from __future__ import annotations

import bisect
import itertools
import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from vidtext.media.decode import Picture
from vidtext.media.picture import to_picture
from vidtext.media.shot_search import Change, ChangeFinder, Keeper, Look, decoded
from vidtext.media.tiny import tiny_yuv
from vidtext.media.transitions import SHORTEST_SHOT_FRAMES
from vidtext.media.video_file import tick_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence

    from av.packet import Packet
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

    from vidtext.media.video_file import Keyframe, VideoFile

_Verdict = Literal["one shot", "cut", "look"]

_BATCH_KEYFRAMES = 48
"""How many keyframes are read in one go, before the stretches between them that need it are decoded: five to eight
minutes of most videos, in half a megabyte."""

_ALIKE = 0.15
"""Largest distance, from 0 to 1, of the colours of two keyframes of one shot. On rendered films (benchmarks/shots.py)
with pans, zooms and whips 0.00 to 0.20; with a transition in between 0.24 to 0.95."""

_UNLIKE, _THE_SAME = 0.35, 0.1
"""A keyframe that comes early, is so far from the one before and so near to the one behind it is a cut, without a look
at what lies before: an encoder puts it there because nothing before it helps to predict it. Of 34 such keyframes of
rendered films, all were."""

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

_REORDERED_FRAMES = 16
"""How many frames a packet may be away from its place on screen, in H.264, HEVC and VVC."""

_LEAD_IN_FRAMES = 2
"""How often the first frame of a look is shown to the finder before its turn: a cut needs two frames before it."""

_BEHIND_SECONDS = 0.4
"""How far a look at a stretch goes on behind its last keyframe, to see the end of a transition."""


@dataclass
class _Key:
    """A keyframe, and what the packets from it to the next one weigh.

    Attributes:
        tick: when it is shown.
        sizes: bytes of its packet, then of those behind it.
        colours: `(80,)`, see `_colours`; None if it could not be decoded.
    """

    tick: int
    sizes: list[int]
    colours: NDArray[np.float64] | None = None

    def sudden(self, least_bytes: float) -> list[int]:
        """Return which of the packets behind it, counted from 1, stand out and have so many bytes."""
        behind = self.sizes[1:]
        least = max(least_bytes, _SUDDEN * statistics.median(behind)) if behind else 0
        return [index for index, size in enumerate(behind, start=1) if size > least]


def look_at_keyframes(
    video: VideoFile,
    keyframes: Sequence[Keyframe],
    frames_per_second: float,
    *,
    every_seconds: float,
    size: tuple[int, int],
) -> Generator[Look, None, None]:
    """Look at all keyframes of a video, and at the stretches between two where the shot may change.

    Args:
        video: an open video that is not `counted`.
        keyframes: all that it has, at least one.
        frames_per_second: about how many.
        every_seconds: about the time from one picture to the next.
        size: width and height of the pictures.
    """
    search = _Search(video, keyframes, frames_per_second, every_seconds, size)
    start: int | None = keyframes[0].tick
    while start is not None:
        start = yield from search.batch(start)


class _Tail:
    """Knows when the rest of the stretch between two keyframes needs no look any more."""

    def __init__(self, start_seconds: float, one: _Key, two: _Key) -> None:
        self._start_seconds = start_seconds
        self._colours = two.colours
        sudden = one.sudden(_NEW_PICTURE * min(one.sizes[0], two.sizes[0]))
        self._frames_to_see = (sudden[-1] if sudden else 0) + _REORDERED_FRAMES
        self._changed = False

    def is_one_shot(self, seconds: float, tiny: NDArray[np.uint8], changes: Sequence[Change]) -> bool:
        """Tell whether the shot has changed since the first keyframe, and the frame looks as the second one does."""
        self._frames_to_see -= seconds >= self._start_seconds
        self._changed |= any(change.seconds > self._start_seconds for change in changes)
        if not self._changed or self._frames_to_see > 0 or self._colours is None:
            return False
        return _distance(_colours(tiny), self._colours) < _THE_SAME


class _Search:
    def __init__(
        self,
        video: VideoFile,
        keyframes: Sequence[Keyframe],
        frames_per_second: float,
        every_seconds: float,
        size: tuple[int, int],
    ) -> None:
        self._video = video
        self._keyframes = keyframes
        self._rate = frames_per_second
        self._every_seconds = every_seconds
        self._size = size
        self._keeper = Keeper(every_seconds)
        self._pictures: list[Picture] = []
        self._last_change = -math.inf

    def batch(self, start: int) -> Generator[Look, None, int | None]:
        """Look at some keyframes from the one at a tick on; return where to go on, None at the end."""
        keys, ended = yield from self._read(start)
        if not keys:
            return None
        verdicts = _verdicts(keys, self._video)
        go_on = len(verdicts)
        if ended:
            verdicts.append("look")  # behind the last keyframe, where no other one tells anything
        else:
            while go_on and verdicts[go_on - 1] == "look":  # not divided: the next batch begins with it
                go_on -= 1
            go_on = go_on or len(verdicts)
            del verdicts[go_on:]
        changes: list[Change] = []
        for verdict, places in itertools.groupby(range(len(verdicts)), key=lambda index: verdicts[index]):
            indices = list(places)
            first, last = indices[0], indices[-1]
            if verdict == "cut":
                changes += [Change(self._video.seconds(key.tick), "cut") for key in keys[first + 1 : last + 2]]
            elif verdict == "look":
                for look in self._look_closely(keys[first : last + 2], to_the_end=last + 1 == len(keys)):
                    changes += look.changes
                    yield Look(look.until_seconds)
        until = math.inf if ended else self._video.seconds(keys[go_on].tick)
        ready = sorted((each for each in self._pictures if each.seconds <= until), key=lambda each: each.seconds)
        self._pictures = [each for each in self._pictures if each.seconds > until]
        yield Look(self._video.seconds(keys[go_on].tick), tuple(self._apart(changes)), tuple(ready))
        return None if ended else keys[go_on].tick

    def _read(self, start: int) -> Generator[Look, None, tuple[list[_Key], bool]]:
        """Decode keyframes from the one at a tick on; tell whether the video ends with them."""
        keys: list[_Key] = []
        ended = True

        def only_keyframes() -> Iterator[Packet[VideoStream]]:
            nonlocal ended
            for packet in self._packets_from(start):
                if packet.is_keyframe and packet.pts is not None:
                    if len(keys) > _BATCH_KEYFRAMES:
                        ended = False
                        return
                    if keys and packet.pts <= keys[-1].tick:
                        return  # the clock jumps back: what comes behind is not looked at
                    keys.append(_Key(packet.pts, [packet.size]))
                    yield packet
                elif keys:
                    keys[-1].sizes.append(packet.size)

        for frame in decoded(self._video, only_keyframes()):
            tick = tick_of(frame)
            seconds = self._video.seconds(tick)
            place = bisect.bisect_left(keys, tick, key=lambda key: key.tick)
            if place < len(keys) and keys[place].tick == tick:
                keys[place].colours = _colours(tiny_yuv(frame))
            if self._keeper.wants(seconds):
                self._pictures.append(Picture(to_picture(frame, *self._size), max(0.0, seconds)))
            yield Look(seconds)
        return keys, ended

    def _look_closely(self, keys: Sequence[_Key], *, to_the_end: bool) -> Iterator[Look]:
        """Look at every frame from the first of some keyframes to a little behind the last one, or to the end."""
        finder, keeper = ChangeFinder(self._rate), Keeper(self._every_seconds)
        start, stop = keys[0].tick, None if to_the_end else keys[-1].tick
        until = math.inf if stop is None else self._video.seconds(stop) + _BEHIND_SECONDS
        tail = None if to_the_end else _Tail(self._video.seconds(keys[-2].tick), keys[-2], keys[-1])
        for frame in decoded(self._video, self._packets_from(start)):
            tick = tick_of(frame)
            seconds = self._video.seconds(tick)
            if seconds > until:
                break
            if tick < start:
                continue
            if keeper.wants(seconds) and tick != start and (stop is None or tick < stop):
                self._pictures.append(Picture(to_picture(frame, *self._size), seconds))
            tiny = tiny_yuv(frame)
            if tick == start != self._video.first_tick:
                for _ in range(_LEAD_IN_FRAMES):
                    finder.add(seconds, tiny)
            changes = finder.add(seconds, tiny)
            yield Look(seconds, changes)
            if tail is not None and tail.is_one_shot(seconds, tiny, changes):
                break
        yield Look(0.0, finder.finish())

    def _packets_from(self, tick: int) -> Iterator[Packet[VideoStream]]:
        """Yield packets from the keyframe at a tick on; the index may only know where an earlier one is."""
        places = [keyframe.tick for keyframe in self._keyframes]
        before = bisect.bisect_right(places, tick)
        for keyframe in reversed(self._keyframes[max(0, before - 2) : before]):
            packets = self._video.packets(keyframe.seek_tick)
            first = next(packets, None)
            if first is not None and first.pts is not None and first.pts <= tick:
                break
        else:
            packets = self._video.packets()
            first = None
        for packet in itertools.chain([] if first is None else [first], packets):
            if not (packet.is_keyframe and packet.pts is not None and packet.pts < tick):
                yield packet

    def _apart(self, changes: Iterable[Change]) -> Iterator[Change]:
        """Leave out what comes too soon after the change before; two looks may have found the same one."""
        least = (SHORTEST_SHOT_FRAMES - 0.5) / self._rate
        for change in sorted(changes, key=lambda each: each.seconds):
            if change.seconds - self._last_change > least:
                self._last_change = change.seconds
                yield change


def _verdicts(keys: Sequence[_Key], video: VideoFile) -> list[_Verdict]:
    """Say of each two neighbours what is between them."""
    gaps = [later.tick - earlier.tick for earlier, later in itertools.pairwise(keys)]
    return [_verdict(keys[index : index + 3], gap < _EARLY * max(gaps), video) for index, gap in enumerate(gaps)]


def _verdict(keys: Sequence[_Key], early: bool, video: VideoFile) -> _Verdict:  # noqa: FBT001  read in one place
    one, two, *more = keys
    if (two.tick - one.tick) * video.time_base > _LONGEST_UNSEEN_SECONDS:
        return "look"
    if one.colours is None or two.colours is None or _differ_in_size(one.sizes[0], two.sizes[0]):
        return "look"
    apart = _distance(one.colours, two.colours)
    if apart <= _ALIKE:
        return "look" if one.sudden(_NEW_PICTURE * min(one.sizes[0], two.sizes[0])) else "one shot"
    settled = bool(more) and more[0].colours is not None and _distance(two.colours, more[0].colours) < _THE_SAME
    if early and apart > _UNLIKE and settled and not one.sudden(_NEW_PICTURE * two.sizes[0]):
        return "cut"
    return "look"


def _differ_in_size(one_bytes: int, other_bytes: int) -> bool:
    return max(one_bytes, other_bytes) > _SIZES_OF_ONE_SHOT * min(one_bytes, other_bytes)


def _distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return how far apart the colours of two frames are, 0 to 1."""
    return float(np.abs(one - other).sum()) / 2


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
