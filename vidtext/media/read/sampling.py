"""Which moments of a video to look at. Pure functions: seconds in, seconds out, no file touched.

A video goes from 0 to its duration, see `vidtext.media.read.file_clock.FileClock`. Ranges are half-open. The same input
gives the same times, and every time lies inside the video.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vidtext.clock import format_clock
from vidtext.errors import OptionError
from vidtext.media.sandbox.messages import crosses_process

if TYPE_CHECKING:
    from collections.abc import Sequence


@crosses_process
@dataclass(frozen=True)
class TimeRange:
    """The half-open stretch `[start_seconds, stop_seconds)` of a video."""

    start_seconds: float
    stop_seconds: float

    def __post_init__(self) -> None:
        if not 0 <= self.start_seconds <= self.stop_seconds < math.inf:
            raise ValueError(f"{self.start_seconds!r} to {self.stop_seconds!r} s is not a range of a video.")

    @property
    def duration_seconds(self) -> float:
        """How long the range is."""
        return self.stop_seconds - self.start_seconds


def choose_range(
    duration_seconds: float,
    *,
    start_seconds: float | None = None,
    stop_seconds: float | None = None,
    first_seconds: float = 0.0,
) -> TimeRange:
    """Return the part of a video that was asked for, all of it from `first_seconds` on where nothing was.

    A stop behind the end of the video means its end; compare `stop_seconds` to tell the person.

    Raises:
        OptionError: the range starts behind the end, stops before it starts, or has no length.
    """
    start = first_seconds if start_seconds is None else start_seconds
    stop = duration_seconds if stop_seconds is None else min(stop_seconds, duration_seconds)
    if not (math.isfinite(start) and start >= 0):
        raise OptionError(f"The start is {start:g} s; it must be 0:00 or later.", option="start_seconds")
    if start_seconds is not None and start >= duration_seconds:
        raise OptionError(
            f"The start is {format_clock(start)}, but the video is {format_clock(duration_seconds)} long. "
            "Choose an earlier start.",
            option="start_seconds",
        )
    if stop_seconds is not None and not stop_seconds > start:
        raise OptionError(
            f"The end is {stop_seconds:g} s, the start {start:g} s. The end must be after the start.",
            option="stop_seconds",
        )
    return TimeRange(start, stop)


def uniform_seconds(count: int, span: TimeRange) -> list[float]:
    """Return the middles of `count` equal parts of the range, so that no part of it is looked at more than another.

    Raises:
        OptionError: `count` is below 1.
    """
    if count < 1:
        raise OptionError(f"{count} frames were asked for; at least 1 is needed.")
    return [span.start_seconds + (index + 0.5) * span.duration_seconds / count for index in range(count)]


def stepped_seconds(every_seconds: float, span: TimeRange) -> list[float]:
    """Return the start of the range and every `every_seconds` from there, as long as that is inside.

    Raises:
        OptionError: the step is not greater than 0.
    """
    return [window.start_seconds for window in split(span, every_seconds=every_seconds)]


def checked_seconds(seconds: Sequence[float], span: TimeRange) -> list[float]:
    """Return given times in order.

    Raises:
        OptionError: no time is given, or one lies outside the range.
    """
    if not seconds:
        raise OptionError("No times were given; at least 1 is needed.")
    for time in seconds:
        inside = span.start_seconds <= time < span.stop_seconds or time == span.start_seconds
        if not inside:
            raise OptionError(
                f"{time:g} s is outside of the video, which goes from {format_clock(span.start_seconds)} "
                f"to {format_clock(span.stop_seconds)}."
            )
    return sorted(seconds)


def split(span: TimeRange, *, every_seconds: float) -> list[TimeRange]:
    """Divide a range into windows of `every_seconds`; the last one is shorter where it does not come out even.

    A rest of less than a tenth of a window says nothing of its own and belongs to the window before it.

    Raises:
        OptionError: the length is not greater than 0.
    """
    if not (math.isfinite(every_seconds) and every_seconds > 0):
        raise OptionError(
            f"Windows of {every_seconds!r} s are not possible; they must be longer than 0 s.", option="every_seconds"
        )
    count = max(1, math.ceil(span.duration_seconds / every_seconds - 0.1))
    starts = [span.start_seconds + index * every_seconds for index in range(count)]
    return [TimeRange(*pair) for pair in zip(starts, [*starts[1:], span.stop_seconds], strict=True)]
