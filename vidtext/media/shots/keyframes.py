"""Looking at keyframes for where shots change, and at what lies between two of them only where that may tell more.

That makes it as fast as it is: keyframes are a hundredth of all frames, and each is decoded on its own.
"""

from __future__ import annotations

import bisect
import itertools
import math
from typing import TYPE_CHECKING

from vidtext.media.read.decode import Picture
from vidtext.media.read.file_clock import tick_of
from vidtext.media.read.picture import to_picture
from vidtext.media.shots.keyframe_compare import THE_SAME, Key, colour_distance, verdicts
from vidtext.media.shots.search import Change, ChangeFinder, Keeper, Look, decoded
from vidtext.media.shots.thumbnail_yuv import tiny_yuv
from vidtext.media.shots.transitions import SHORTEST_SHOT_FRAMES

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence

    import numpy as np
    from av.packet import Packet
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

    from vidtext.media.read.video_file import Keyframe, VideoFile

_BATCH_KEYFRAMES = 48
"""How many keyframes are read in one go, before the stretches between them that need it are decoded: five to eight
minutes of most videos, in half a megabyte."""

_CLOSEST_SECONDS = 0.5
"""A keyframe that is nearer to the one before is not looked at: in some videos every frame is one."""

_REORDERED_FRAMES = 16
"""How many frames a packet may be away from its place on screen, in H.264, HEVC and VVC."""

_LEAD_IN_FRAMES = 2
"""How often the first frame of a look is shown to the finder before its turn: a cut needs two frames before it."""

_BEHIND_SECONDS = 0.4
"""How far a look at a stretch goes on behind its last keyframe, to see the end of a transition."""


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

    def __init__(self, start_seconds: float, one: Key, two: Key) -> None:
        self._start_seconds = start_seconds
        self._stop = two.tiny
        new = one.new_pictures(min(one.sizes[0], two.sizes[0]))
        self._frames_to_see = (new[-1] if new else 0) + _REORDERED_FRAMES
        self._changed = False

    def is_one_shot(self, seconds: float, tiny: NDArray[np.uint8], changes: Sequence[Change]) -> bool:
        """Tell whether the shot has changed since the first keyframe, and the frame looks as the second one does."""
        self._frames_to_see -= seconds >= self._start_seconds
        self._changed |= any(change.seconds > self._start_seconds for change in changes)
        if not self._changed or self._frames_to_see > 0 or self._stop is None:
            return False
        return colour_distance(tiny, self._stop) < THE_SAME


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
        found = verdicts(keys, self._video.time_base)
        go_on = len(found)
        if ended:
            found.append("look")  # behind the last keyframe, where no other one tells anything
        else:
            while go_on and found[go_on - 1] == "look":  # not divided: the next batch begins with it
                go_on -= 1
            go_on = go_on or len(found)
            del found[go_on:]
        changes: list[Change] = []
        for verdict, places in itertools.groupby(range(len(found)), key=lambda index: found[index]):
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

    def _read(self, start: int) -> Generator[Look, None, tuple[list[Key], bool]]:
        """Decode keyframes from the one at a tick on; tell whether the video ends with them."""
        keys: list[Key] = []
        ended = True

        def only_keyframes() -> Iterator[Packet[VideoStream]]:
            nonlocal ended
            for packet in self._packets_from(start):
                if (
                    packet.is_keyframe
                    and packet.pts is not None
                    and not (keys and self._is_close(keys[-1], packet.pts))
                ):
                    if len(keys) > _BATCH_KEYFRAMES:
                        ended = False
                        return
                    if keys and packet.pts <= keys[-1].tick:
                        return  # the clock jumps back: what comes behind is not looked at
                    keys.append(Key(packet.pts, [packet.size]))
                    yield packet
                elif keys:
                    keys[-1].sizes.append(packet.size)

        for frame in decoded(self._video, only_keyframes()):
            tick = tick_of(frame)
            seconds = self._video.seconds(tick)
            place = bisect.bisect_left(keys, tick, key=lambda key: key.tick)
            if place < len(keys) and keys[place].tick == tick:
                keys[place].tiny = tiny_yuv(frame)
            if self._keeper.wants(seconds):
                self._pictures.append(Picture(to_picture(frame, *self._size), max(0.0, seconds)))
            yield Look(seconds)
        return keys, ended

    def _is_close(self, key: Key, tick: int) -> bool:
        return 0 < (tick - key.tick) * self._video.time_base < _CLOSEST_SECONDS

    def _look_closely(self, keys: Sequence[Key], *, to_the_end: bool) -> Iterator[Look]:
        """Look at every frame from the first of some keyframes to a little behind the last one, or to the end."""
        finder, keeper = ChangeFinder(self._rate), Keeper(self._every_seconds)
        start, stop = keys[0].tick, None if to_the_end else keys[-1].tick
        until = math.inf if stop is None else self._video.seconds(stop) + _BEHIND_SECONDS
        places = {key.tick for key in keys}  # whose pictures were kept when they were read, or not
        tail = None if to_the_end else _Tail(self._video.seconds(keys[-2].tick), keys[-2], keys[-1])
        for frame in decoded(self._video, self._packets_from(start)):
            tick = tick_of(frame)
            seconds = self._video.seconds(tick)
            if seconds > until:
                break
            if tick < start:
                continue
            if keeper.wants(seconds) and tick not in places and (stop is None or tick < stop):
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
