"""Parts of a video that go into a clip as they are: where they can be cut, and their tracks.

A part can be cut out without encoding anew where it starts at a keyframe that needs nothing before it, and ends where
all that is decoded so far has been shown.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vidtext.clock import ROUNDING_SECONDS
from vidtext.media.read.sampling import TimeRange
from vidtext.media.write.copied_track import add_copy
from vidtext.media.write.picture_times import decode_ticks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from av.container import OutputContainer
    from av.packet import Packet
    from av.stream import Stream

    from vidtext.media.read.file_clock import FileClock
    from vidtext.media.read.video_file import Keyframe, VideoFile

_PACKETS_BEHIND = 64
"""How many packets are read behind the end of a part: four times as far as packets are stored from where they show."""

_H264_IDR = frozenset({5})
_HEVC_IDR = frozenset({19, 20})
"""The NAL unit types of pictures after which nothing refers to what was before them (ITU-T H.264 table 7-1, H.265 table
7-1). Other keyframes need the numbering of pictures to go on, which a cut breaks."""


@dataclass(frozen=True)
class CopiedPart:
    """A part as it can be cut out.

    Attributes:
        span: what is taken, in seconds of the video: whole frames.
        start_tick: when its keyframe is shown.
        origin_tick: when the span begins; before its keyframe only where that is the first frame of the video.
        shown_ticks: when each packet from the keyframe on is shown; None for those that refer to what was before it.
    """

    span: TimeRange
    start_tick: int
    origin_tick: int
    shown_ticks: tuple[int | None, ...]


def copied_parts(
    video: VideoFile, keyframes: Sequence[Keyframe], spans: Sequence[TimeRange], *, snap_seconds: float
) -> list[CopiedPart] | None:
    """Find where spans can be cut out, starting and ending at most `snap_seconds` outside of what is asked for.

    Spans that come to overlap by it become one. None if one of them cannot be cut out.
    """
    ticks = [keyframe.tick for keyframe in keyframes]
    parts: list[CopiedPart] = []
    for span in spans:
        keyframe = _keyframe_before(video, keyframes, ticks, span.start_seconds)
        if keyframe is None or span.start_seconds - video.seconds(keyframe.tick) > snap_seconds + ROUNDING_SECONDS:
            return None
        start_seconds, stop_seconds = span.start_seconds, span.stop_seconds
        if parts and video.seconds(keyframe.tick) < parts[-1].span.stop_seconds - ROUNDING_SECONDS:
            merged = parts.pop().span
            keyframe = _keyframe_before(video, keyframes, ticks, merged.start_seconds)
            start_seconds, stop_seconds = merged.start_seconds, max(stop_seconds, merged.stop_seconds)
        part = _part(video, keyframe, start_seconds, stop_seconds) if keyframe is not None else None
        if part is None or part.span.stop_seconds - stop_seconds > snap_seconds + ROUNDING_SECONDS:
            return None
        parts.append(part)
    return parts


def _keyframe_before(
    video: VideoFile, keyframes: Sequence[Keyframe], ticks: Sequence[int], seconds: float
) -> Keyframe | None:
    """Return the last keyframe that is shown no later than a time."""
    wanted = video.tick(seconds)
    # The ticks of an index are only close, so the one behind may be the one.
    for keyframe in reversed(keyframes[: bisect_right(ticks, wanted) + 1]):
        exact = video.settled(keyframe)
        if exact.tick <= wanted:
            return exact
    return None


def _part(video: VideoFile, keyframe: Keyframe, start_seconds: float, stop_seconds: float) -> CopiedPart | None:
    """Read the packets of a part for where it can end."""
    shown: list[int] = []
    ends: list[int] = []
    hidden: list[bool] = []
    behind = 0
    for packet in _from(video.packets(keyframe.seek_tick), keyframe.tick):
        if packet.pts is None or (not shown and not _needs_nothing_before(packet)):
            return None
        shown.append(packet.pts)
        ends.append(packet.pts + (packet.duration or 0))
        hidden.append(packet.is_discard)
        behind += video.seconds(packet.pts) >= stop_seconds - ROUNDING_SECONDS
        if behind > _PACKETS_BEHIND:
            break
    count = _clean_cut(shown, video.tick(stop_seconds - 2 * ROUNDING_SECONDS) + 1, whole=behind <= _PACKETS_BEHIND)
    if count is None or any(hidden[:count]):  # an edit list hides pictures in it, which a copy would show
        return None
    stop_tick = min(shown[count:], default=max(ends[:count]))
    key_seconds = video.seconds(keyframe.tick)
    start_seconds = min(start_seconds, key_seconds) if keyframe.tick <= video.first_tick else key_seconds
    return CopiedPart(
        TimeRange(max(0.0, start_seconds), video.seconds(stop_tick)),
        keyframe.tick,
        keyframe.tick - round((key_seconds - start_seconds) / video.time_base),
        tuple(tick if tick >= keyframe.tick else None for tick in shown[:count]),
    )


def _from(packets: Iterator[Packet[Any]], tick: int) -> Iterator[Packet[Any]]:
    """Yield the packets from the keyframe that is shown at a tick."""
    started = False
    for packet in packets:
        started = started or (packet.is_keyframe and packet.pts == tick)
        if started:
            yield packet


def _clean_cut(shown: Sequence[int], stop_tick: int, *, whole: bool) -> int | None:
    """Return how few packets show everything before a tick and nothing from behind the first one that is left.

    If the packets are the whole rest of the file, all of them will do.
    """
    first_later = list(itertools.accumulate(reversed(shown), min))[::-1][1:]
    for count, (latest, later) in enumerate(zip(itertools.accumulate(shown, max), first_later, strict=False), start=1):
        if latest < later >= stop_tick:
            return count
    return len(shown) if whole and shown else None


def _needs_nothing_before(packet: Packet[Any]) -> bool:
    """Whether a keyframe may follow any other picture."""
    decoder = packet.stream.codec_context
    name, head = decoder.name, decoder.extradata or b""
    if name == "h264":
        return any(kind & 0x1F in _H264_IDR for kind in _nal_heads(bytes(packet), head, 4))
    if name == "hevc":
        return any(kind >> 1 & 0x3F in _HEVC_IDR for kind in _nal_heads(bytes(packet), head, 21))
    return True


def _nal_heads(data: bytes, extradata: bytes, length_at: int) -> Iterator[int]:
    """Yield the first byte of each NAL unit, behind start codes or behind lengths (ISO/IEC 14496-15)."""
    if len(extradata) <= length_at or extradata[0] != 1:
        yield from (found[1][0] for found in re.finditer(rb"\x00\x00\x01(.)", data, re.DOTALL))
        return
    size_bytes = (extradata[length_at] & 3) + 1
    position = 0
    while position + size_bytes < len(data):
        start = position + size_bytes
        yield data[start]
        position = start + int.from_bytes(data[position:start], "big")


class CopiedPictures:
    """The pictures of the parts, put together."""

    def __init__(
        self, target: OutputContainer, source: Stream, parts: Sequence[CopiedPart], starts_seconds: Sequence[float]
    ) -> None:
        assert source.time_base is not None  # noqa: S101  a demuxed stream always has one
        self.damaged = False
        self.source = source
        self._target = target
        self._parts = parts
        self._part = self._taken = 0
        self._started = False
        shown = [
            tick - part.origin_tick + round(start / source.time_base)
            for part, start in zip(parts, starts_seconds, strict=True)
            for tick in part.shown_ticks
            if tick is not None
        ]
        self._times = iter(zip(shown, decode_ticks(shown).tolist(), strict=True))
        self._left = len(shown)
        stop_seconds = starts_seconds[-1] + parts[-1].span.duration_seconds
        self._last_duration = round(stop_seconds / source.time_base) - max(shown)
        self._stream = add_copy(target, source)

    def restart(self, index: int) -> None:
        """Get ready for the packets of the part of this number."""
        self._part, self._taken, self._started = index, 0, False

    def is_past(self, seconds: float) -> bool:  # noqa: ARG002  its packets are counted
        """Whether all packets of the part were taken."""
        return self._taken >= len(self._parts[self._part].shown_ticks)

    def take(self, packet: Packet[Any]) -> None:
        """Copy a packet if it belongs to the part."""
        part = self._parts[self._part]
        self._started = self._started or (packet.is_keyframe and packet.pts == part.start_tick)
        if not self._started or self.is_past(part.span.stop_seconds):
            return
        tick = part.shown_ticks[self._taken]
        self._taken += 1
        if tick is not None:
            packet.pts, packet.dts = next(self._times)
            packet.pts = max(packet.pts, packet.dts)
            self._left -= 1
            if not self._left:  # MP4 reckons the end from the packet that comes last
                packet.duration = self._last_duration
            packet.stream = self._stream
            self._target.mux_one(packet)

    def finish(self) -> None:
        """Nothing is held back."""


class CopiedSound:
    """The sound of the parts, put together: the packets of which the larger part lies inside."""

    def __init__(
        self,
        target: OutputContainer,
        source: Stream,
        spans: Sequence[TimeRange],
        starts_seconds: Sequence[float],
        *,
        clock: FileClock,
    ) -> None:
        assert source.time_base is not None  # noqa: S101  a demuxed stream always has one
        self.damaged = False
        self.source = source
        self._target = target
        self._spans = spans
        self._starts_seconds = starts_seconds
        self._part = 0
        self._time_base = source.time_base
        self._zero_seconds = float(clock.zero_seconds)
        self._seen_seconds = 0.0
        self._last_tick = -1
        self._stream = add_copy(target, source)

    def restart(self, index: int) -> None:
        """Get ready for the packets of the part of this number."""
        self._part, self._seen_seconds = index, 0.0

    def is_past(self, seconds: float) -> bool:
        """Whether a packet from behind a time of the video was seen."""
        return self._seen_seconds >= seconds

    def take(self, packet: Packet[Any]) -> None:
        """Copy a packet if it belongs to the part."""
        if packet.pts is None:
            return
        span = self._spans[self._part]
        seconds = self._seen_seconds = float(packet.pts * self._time_base) - self._zero_seconds
        half_seconds = float((packet.duration or 0) * self._time_base) / 2
        tick = round((self._starts_seconds[self._part] + seconds - span.start_seconds) / float(self._time_base))
        inside = span.start_seconds - ROUNDING_SECONDS <= seconds and seconds + half_seconds < span.stop_seconds
        if inside and tick > self._last_tick:
            self._last_tick = packet.pts = packet.dts = tick
            packet.stream = self._stream
            self._target.mux_one(packet)

    def finish(self) -> None:
        """Nothing is held back."""
