"""Seconds ↔ clock text. The only place that formats or parses it.

Inside the project time is float seconds; clock text exists at the edges alone.
"""

from __future__ import annotations

import math
import re
from functools import partial
from typing import TYPE_CHECKING

from vidtext.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# Nine digits are thirty years of seconds; more would only overflow.
_CLOCK = re.compile(r"(?:(?:(?P<hours>\d{1,9}):)?(?P<minutes>\d{1,9}):)?(?P<seconds>\d{1,9}(?:[.,]\d+)?)")
_SIXTY = 60

MOST_SECONDS = 1e13
"""The latest time that can be written: later than any that `parse_clock` reads, and far from where floats overflow."""

ROUNDING_SECONDS = 1e-6
"""How far two times may be apart and still be one: what floats lose, and far less than the millisecond that is written.
"""


def to_milliseconds(seconds: float) -> int:
    """Round seconds up to whole milliseconds, so that a time has one spelling in every format.

    The frame that is shown from a time on is on screen at the next whole millisecond too, but not at the one before: a
    player that goes to the start of a chapter must not show the last frame of the one before. A time that is late by no
    more than `ROUNDING_SECONDS` counts as on time.

    Raises:
        OptionError: the time is not finite, or farther from 0 than `MOST_SECONDS`.
    """
    if not abs(seconds) <= MOST_SECONDS:
        raise _no_time(seconds)
    return math.ceil((seconds - ROUNDING_SECONDS) * 1000)


def is_written_later(seconds: float, than_seconds: float) -> bool:
    """Whether a time is later than another one, also where both are written."""
    return seconds > to_milliseconds(than_seconds) / 1000


def format_clock(seconds: float, *, decimals: int = 0) -> str:
    """Write seconds for a person: `7.5` → `0:07.5`, `75` → `1:15`, `3723.45` → `1:02:03.45`.

    Milliseconds are kept, closing zeros are not, but for the first `decimals`. Times that do not exist in a video, such
    as negative ones, raise `OptionError`.
    """
    hours, minutes, whole, milliseconds = _split(seconds)
    digits = f"{milliseconds:03d}".rstrip("0").ljust(decimals, "0")
    fraction = f".{digits}" if digits else ""
    head = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{head}:{whole:02d}{fraction}"


def list_format(times: Iterable[float]) -> Callable[[float], str]:
    """Return what writes the times of one list as `format_clock` does, all with as many decimals as one of them needs.

    `0:00`, `0:01.6` and `0:02` become `0:00.0`, `0:01.6` and `0:02.0`.
    """
    decimals = max((len(f"{to_milliseconds(time) % 1000:03d}".rstrip("0")) for time in times), default=0)
    return partial(format_clock, decimals=decimals)


def format_timestamp(seconds: float, *, decimal_mark: str = ".") -> str:
    """Write seconds as subtitle files do: `HH:MM:SS.mmm`, with SRT's comma as `decimal_mark`."""
    hours, minutes, whole, milliseconds = _split(seconds)
    return f"{hours:02d}:{minutes:02d}:{whole:02d}{decimal_mark}{milliseconds:03d}"


def parse_clock(text: str) -> float:
    """Read `90`, `1:30`, `99:00`, `0:01:30.5` or `00:01:30,500` as seconds.

    The first number may be as large as it needs; those behind a colon go up to 59.

    Raises:
        OptionError: the text is not a time, or a number behind a colon is 60 or more.
    """
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        raise OptionError(f"{text!r:.40} is not a time. Write seconds (90), minutes (1:30) or hours (1:02:03.5).")
    seconds = float(match["seconds"].replace(",", "."))
    minutes = int(match["minutes"] or 0)
    if (match["minutes"] and seconds >= _SIXTY) or (match["hours"] and minutes >= _SIXTY):
        raise OptionError(f"{text!r:.40} is not a time: the numbers behind a colon go up to 59.")
    return int(match["hours"] or 0) * _SIXTY * _SIXTY + minutes * _SIXTY + seconds


def _split(seconds: float) -> tuple[int, int, int, int]:
    if not seconds >= 0:
        raise _no_time(seconds)
    whole_seconds, milliseconds = divmod(to_milliseconds(seconds), 1000)
    whole_minutes, whole = divmod(whole_seconds, _SIXTY)
    hours, minutes = divmod(whole_minutes, _SIXTY)
    return hours, minutes, whole, milliseconds


def _no_time(seconds: float) -> OptionError:
    return OptionError(f"{seconds!r:.40} is not a time in a video: times go from 0 to {MOST_SECONDS:,.0f} seconds.")
