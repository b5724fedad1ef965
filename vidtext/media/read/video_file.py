"""An open video: one container, its one picture stream, its clock and its keyframes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import av

from vidtext.media.read.packets import demux

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from fractions import Fraction
    from pathlib import Path

    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from vidtext.job import Job
    from vidtext.media.read.file_clock import FileClock

TAIL_SECONDS = 3.0
"""How much of the end is read to find the last frame: packets are stored up to 16 frames away from where they show."""

JUMP_SECONDS = 1.0
"""A packet that is so much earlier than one before it was not reordered: the clock was set back."""

_BEFORE_START_SECONDS = 10
"""How far before the earliest time that FFmpeg reports the start is looked for: packets are stored less than a second
from where they show, and the start of a file that is damaged there may be unknown."""

UNSEEKABLE = ("mpeg",)
"""Containers in which FFmpeg lands inside a group of pictures, and guesses the times after it."""

_WHOLE_INDEX = ("mov", "avi")
"""Containers whose index lists every packet as soon as they are open (not so for fragmented MP4, see `keyframes`)."""

_INDEX_AFTER_SEEK = ("matroska", "flv")
"""Containers that read their list of keyframes at the first seek."""


@dataclass(frozen=True)
class Keyframe:
    """A frame that decoding can start at: when it is shown, and where to seek to reach it (both in stream ticks)."""

    tick: int
    seek_tick: int


@dataclass
class VideoFile:
    """What `vidtext.media.read.opening.open_video` hands out.

    Times inside are ticks of the stream's time base; the clock turns them outward.
    """

    path: Path
    container: InputContainer
    stream: VideoStream
    clock: FileClock
    first_frame: VideoFrame
    job: Job
    notes: list[str] = field(default_factory=list)

    @property
    def time_base(self) -> Fraction:
        """Seconds a tick."""
        return self.clock.time_base

    @property
    def counted(self) -> bool:
        """Whether frames are timed by `FrameTicks`, which needs every frame from the first one on."""
        return self.clock.late_ticks is not None

    @property
    def first_tick(self) -> int:
        """When the first frame is shown."""
        return self.clock.first_tick

    @property
    def format_name(self) -> str:
        """FFmpeg's first name of the container."""
        return self.container.format.name.split(",")[0]

    def seconds(self, tick: int) -> float:
        """Return the time of a tick, see `FileClock`."""
        return self.clock.seconds(tick)

    def tick(self, seconds: float) -> int:
        """Return the last tick that is not later than a time, see `FileClock`."""
        return self.clock.tick(seconds)

    def packets(self, seek_tick: int | None = None) -> Iterator[Packet[VideoStream]]:
        """Yield the stream's packets from the start, or from the keyframe at `seek_tick`, until the file ends.

        A file that breaks off is read as far as it goes; a note says so. The job is checked at every packet.
        """
        try:
            self._seek(seek_tick)
            for packet in demux(self.container, [self.stream]):
                self.job.check()
                yield packet
        except (av.FFmpegError, IndexError):
            self.note("The file is damaged: reading stopped early.")

    def _seek(self, seek_tick: int | None) -> None:
        if seek_tick is not None:
            try:
                self.container.seek(seek_tick, stream=self.stream, backward=True)
            except av.FFmpegError:  # some containers refuse a place behind their end; then the start is right, too
                seek_tick = None
        if seek_tick is None:
            rewind(self.container)

    def note(self, text: str) -> None:
        """Keep one sentence for the person, once."""
        if text not in self.notes:
            self.notes.append(text)

    def stop_tick(self) -> int | None:
        """Read the last packets of the file for when the last frame stops being shown; None if no packet says so.

        Containers without a whole index learn where their keyframes are by this.
        """
        until_end = max(0.0, (self._header_seconds() or 0.0) - TAIL_SECONDS)
        far = (self.stream.start_time or 0) + int(until_end / self.time_base)
        stop = max(self._ends(self.packets(far)), default=None)
        if stop is None or stop <= self.first_tick:
            stop = max(self._ends_before_a_jump(), default=None)
        return stop

    def _ends(self, packets: Iterable[Packet[VideoStream]]) -> Iterator[int]:
        return (packet.pts + (packet.duration or self._frame_ticks) for packet in packets if packet.pts is not None)

    def _ends_before_a_jump(self) -> Iterator[int]:
        """Yield when frames stop being shown, up to where the clock jumps back, as in recordings that were joined."""
        latest = None
        for end in self._ends(self.packets()):
            if latest is not None and (latest - end) * self.time_base > JUMP_SECONDS:
                self.note("The file's clock jumps back: only what comes before the jump is looked at.")
                return
            latest = end if latest is None else max(latest, end)
            yield end

    @property
    def _frame_ticks(self) -> int:
        """How long a frame is shown on average, for packets that do not say it."""
        rate = self.stream.average_rate
        return round(1 / (rate * self.time_base)) if rate else 0

    def _header_seconds(self) -> float | None:
        if self.stream.duration:
            return float(self.stream.duration * self.time_base)
        return self.container.duration / av.time_base if self.container.duration else None

    def keyframes(self) -> list[Keyframe]:
        """List the keyframes in order, from the container's index where it has one, else by reading all packets.

        Frames that are timed by counting can only be counted from the start: then no keyframe is a place to start at.
        The times of an MP4's keyframes are close, not exact; `settled` makes them so.
        """
        if self.counted or self.format_name in UNSEEKABLE:
            return []
        ticks = self._indexed_keyframes()
        if ticks is None:
            found = ((packet.pts, packet.dts) for packet in self.packets() if packet.is_keyframe)
            return [self._keyframe(pts, pts if dts is None else dts) for pts, dts in list(found) if pts is not None]
        if not ticks:
            return []
        # An index holds decode times; what lies between them and the times of showing is much the same everywhere.
        first = next(self.packets(), None)
        shift = first.pts - self.stream.index_entries[0].timestamp if first is not None and first.pts is not None else 0
        return [self._keyframe(tick + shift, tick) for tick in ticks]

    def settled(self, keyframe: Keyframe) -> Keyframe:
        """Look at the packet that seeking to a keyframe leads to, for when it is really shown."""
        packet = next(self.packets(keyframe.seek_tick), None)
        return keyframe if packet is None or packet.pts is None else replace(keyframe, tick=packet.pts)

    def _keyframe(self, tick: int, index_tick: int) -> Keyframe:
        """FFmpeg seeks to a time of showing in MP4 and MOV, and to a time of decoding in what has no better index."""
        return Keyframe(tick, tick if self.format_name == "mov" else index_tick)

    def _indexed_keyframes(self) -> list[int] | None:
        if self.format_name in _INDEX_AFTER_SEEK:
            self.stop_tick()
        entries = list(self.stream.index_entries)
        if self.format_name in _WHOLE_INDEX and self._reaches_end(entries):
            return [entry.timestamp for entry in entries if entry.is_keyframe]
        if self.format_name in _INDEX_AFTER_SEEK and entries:
            return [entry.timestamp for entry in entries if entry.is_keyframe]
        return None

    def _reaches_end(self, entries: list[av.index.IndexEntry]) -> bool:
        """Tell a whole index from that of a fragmented MP4, which ends with the first fragment."""
        if not entries or not self.stream.duration:
            return bool(entries) and self.format_name == "avi"
        return entries[-1].timestamp - entries[0].timestamp >= 0.9 * self.stream.duration or len(entries) == 1


def quarter_turns(frame: VideoFrame) -> int:
    """Return how many quarters to turn a frame counter-clockwise to stand upright, 0 to 3; odd angles are rounded."""
    return round(frame.rotation / 90) % 4


def rewind(container: InputContainer) -> None:
    """Go to the start of a file, whatever time that is.

    Times below zero are usual in MPEG-TS, whose clock begins again at 2^33 every 26.5 hours: FFmpeg lets those before
    that count up to zero. Most containers take a time before their first one as the start; the others refuse it, and
    find the first keyframe from there on.

    Raises:
        av.FFmpegError: the file cannot be read from its start again.
    """
    before = min(container.start_time or 0, 0) - _BEFORE_START_SECONDS * av.time_base
    try:
        container.seek(before)
    except av.FFmpegError:
        container.seek(before, backward=False)
