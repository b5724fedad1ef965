"""The clock of a file: when its frames are shown, in the seconds that players count."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import av

from vidtext.clock import ROUNDING_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream


@dataclass(frozen=True)
class FileClock:
    """The one clock of all times that enter or leave vidtext: seconds from the start of the file.

    The start is what FFmpeg reports as the container's `start_time`: the earliest time of its pictures and sound. A
    picture that begins 3 s after the sound is at 3.0. ffmpeg subtracts the start from everything it reads (`-ss`,
    filters, chapters), and so do players that count from 0; ffprobe prints times as they are stored. Browsers do not
    subtract it, so the page plays a file whose start is not 0 through a preview, which begins at 0.

    A video is what lies between 0 and the end of its last frame. The first frame stands for the time before it, as
    browsers show it: sampling there gives it, and the first caption, shot and chapter begin at 0.

    Ticks are those of the stream's time base, as stored.

    Attributes:
        time_base: seconds a tick.
        zero_seconds: the stored time that is 0.
        first_tick: when the first frame is shown.
        late_ticks: None, except for AVI with B-frames: then how much later than it is shown a frame's decode time is,
            see `FrameTicks`.
    """

    time_base: Fraction
    zero_seconds: Fraction
    first_tick: int
    late_ticks: int | None = None

    def seconds(self, tick: int) -> float:
        """Return the time of a tick."""
        return float(tick * self.time_base - self.zero_seconds)

    def tick(self, seconds: float) -> int:
        """Return the last tick that is not later than a time, but no earlier than the first frame.

        A time that is early by no more than `ROUNDING_SECONDS` counts as on time.
        """
        stored = seconds + ROUNDING_SECONDS + float(self.zero_seconds)
        return max(self.first_tick, math.floor(stored / self.time_base))


class FrameTicks:
    """When the frames are shown that a decoder gives in one pass; for AVI with B-frames, from the first frame on.

    AVI stores no times: a packet's place among all is its time, and frames that were dropped leave empty places.
    FFmpeg's decode times (`dts`) are these places; the presentation times (`pts`) that it makes up for B-frames are out
    of order. A decoder gives each frame the `dts` of the packet at which it came out, which is when it is shown: the
    decoder holds as many frames back as their encoder did, whose first decode times were below zero. A file that begins
    at once has no room for those, so all its pictures were moved, and its sound, which has no times at all, was not.
    """

    def __init__(self, clock: FileClock) -> None:
        self._late_ticks = clock.late_ticks
        self._latest: int | None = None
        self._step: int | None = None

    def of(self, frame: VideoFrame) -> int:
        """Return when the next frame is shown."""
        if self._late_ticks is None:
            return tick_of(frame)
        # The last frames come out when there are no packets any more, so they have no `dts`.
        tick = None if frame.dts is None else frame.dts - self._late_ticks
        if self._latest is None:
            self._latest = tick or 0
        else:
            tick = self._latest + (self._step or 1) if tick is None else max(tick, self._latest + 1)
            self._step = min(self._step or tick - self._latest, tick - self._latest)
            self._latest = tick
        return self._latest


def clock_of(
    container: InputContainer, stream: VideoStream, first_frame: VideoFrame, decode_ticks: Sequence[int]
) -> FileClock:
    """Return the clock of an open file.

    Args:
        container: the file.
        stream: its pictures.
        first_frame: the first that could be decoded.
        decode_ticks: the decode times of its packet and of those after it that were read for it to come out.
    """
    assert stream.time_base is not None  # noqa: S101  a demuxed stream always has one
    first_tick, late = tick_of(first_frame), None
    if container.format.name == "avi" and stream.codec_context.has_b_frames:
        late = _late_ticks(first_frame, decode_ticks)
        first_tick = (first_frame.dts or 0) - late
    zero = min(_start_seconds(container, first_tick * stream.time_base), first_tick * stream.time_base)
    return FileClock(stream.time_base, zero, first_tick, late)


def _late_ticks(first_frame: VideoFrame, decode_ticks: Sequence[int]) -> int:
    """Return how far the pictures of an AVI were moved; see `FrameTicks`."""
    if first_frame.dts is None:
        return 0
    held_back = sum(tick < first_frame.dts for tick in decode_ticks)
    apart = min((after - before for before, after in itertools.pairwise(decode_ticks)), default=1)
    # Where there are empty places before the second picture, its decode time was above zero: nothing was moved.
    return first_frame.dts if first_frame.dts == held_back * apart else 0


def _start_seconds(container: InputContainer, otherwise: Fraction) -> Fraction:
    """Return the container's start, exactly where it is the start of a track: FFmpeg rounds it to microseconds."""
    if container.start_time is None:
        return otherwise
    starts = (
        stream.start_time * stream.time_base
        for stream in container.streams
        if stream.start_time is not None and stream.time_base is not None
    )
    rounded = Fraction(container.start_time, av.time_base)
    return next((start for start in starts if abs(start - rounded) <= Fraction(1, av.time_base)), rounded)


def tick_of(frame: VideoFrame) -> int:
    """Return when a frame is shown; where the stream gives no presentation time, its decode time is that."""
    tick = frame.pts if frame.pts is not None else frame.dts
    return 0 if tick is None else tick
