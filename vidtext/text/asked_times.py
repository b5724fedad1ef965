"""Times that a question names: "at 0:45", "between 1:00 and 2:00", "in the last ten seconds", "at the end"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vidtext.clock import format_clock, parse_clock

_AROUND_SECONDS = 2.0
"""How far before and after a single moment is looked: what happens "at 0:45" takes a few seconds."""

_EDGE_SHARE = 0.1
_EDGE_SECONDS = (2.0, 30.0)
"""The beginning, the middle and the end are a tenth of the video each, from 2 s up to 30 s."""

_NUMBER_WORDS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
}  # fmt: skip

_UNITS = {"sec": 1, "second": 1, "min": 60, "minute": 60, "hr": 3600, "hour": 3600}
"""In seconds. Single letters are left out: "the 80s" and "3 m" are no times."""

_UNIT = r"(?:seconds?|secs?|minutes?|mins?|hours?|hrs?)"


def _amount_of(unit: str) -> str:
    return rf"(?:\b\d+(?:\.\d+)?[\s-]*{unit}\b|\b(?:{'|'.join(_NUMBER_WORDS)})[\s-]+{unit}\b)"


def _amounts(joint: str) -> str:
    """Match an amount of time, also one of several parts: "1 hour 20 minutes"."""
    hours, minutes, seconds = map(_amount_of, ("(?:hours?|hrs?)", "(?:minutes?|mins?)", "(?:seconds?|secs?)"))
    return rf"(?:{hours}(?:{joint}{minutes})?(?:{joint}{seconds})?|{minutes}(?:{joint}{seconds})?|{seconds})"


_AMOUNT = _amounts(r"[\s,-]+(?:and\s+)?")
_CLOCK = r"(?<![\d:.])\d{1,3}:[0-5]\d(?::[0-5]\d)?(?!:?\d)(?:\.\d+)?"
"""What `parse_clock` reads; 1:75 is no time, whatever else it may be."""

_PLACE = r"\bsecond\s+\d+(?:\.\d+)?\b|\bminute\s+\d+(?:\.\d+)?\b"
_TIME = rf"(?:{_CLOCK}|{_AMOUNT}|{_PLACE})"
_END = rf"(?:{_CLOCK}|{_amounts(r'[ ,-]+')}|{_PLACE})"
"""One end of a stretch: between two of them, "and" belongs to neither."""

_BETWEEN = re.compile(rf"\bbetween\s+({_END})\s*and\s*({_END})")
_FROM_TO = re.compile(rf"({_TIME})\s*(?:-|–|—|to|until|till)\s*({_TIME})|({_CLOCK})\s*and\s*({_CLOCK})")
_BARE_TO = re.compile(rf"\b(\d+(?:\.\d+)?)\s*(?:-|–|—|to|and)\s*(\d+(?:\.\d+)?)[\s-]*({_UNIT})\b")
_BUT_FIRST_LAST = re.compile(
    rf"\b(after|before|until|up to|but|except(?: for)?|without) (?:the )?(first|last|final)\s+({_AMOUNT}|{_UNIT}\b)"
)
_AWAY_FROM = re.compile(
    rf"({_AMOUNT})\s+(before|after|from|into)\s+(?:(?:the|its)\s+)?(end|start|beginning|video|{_TIME})"
)
_HOW_LONG = re.compile(rf"\b(?:for|every|each|per|than|within)\s+(?:about\s+|at least\s+)?{_AMOUNT}")
"""How long something lasts or how often it comes: no time of the video."""

_FIRST_LAST = re.compile(rf"\b(first|last|final)\s+({_AMOUNT}|{_UNIT}\b)")
_BEFORE_AFTER = re.compile(rf"\b(before|until|up to|after|since|from)\s+({_TIME})(?:\s+on(?:wards?)?\b)?")
_MOMENT = re.compile(rf"({_TIME})")
_EDGES = (
    (re.compile(r"\b(?:at|in|near|by|towards?) the (?:very )?(?:end|ending)\b|\bhow does (?:it|the \w+) end\b"), 1.0),
    (
        re.compile(
            r"\b(?:at|in|near) the (?:very )?(?:beginning|start|opening)\b"
            r"|\bhow does (?:it|the \w+) (?:begin|start|open)\b"
        ),
        0.0,
    ),
    (re.compile(r"\bin the (?:very )?middle\b|\bhalf-?way\b"), 0.5),
)


@dataclass(frozen=True)
class AskedTime:
    """The half-open stretch of the video that a question is about, and a note for the person where it needs one."""

    start_seconds: float
    stop_seconds: float
    note: str = ""


def asked_time(question: str, duration_seconds: float) -> AskedTime | None:
    """Find the time that a question names; None if it names none.

    A time behind the end of the video is no time of it: then the whole video is returned with a note.
    """
    text = _HOW_LONG.sub(" ", question.lower())
    found = _range(text, duration_seconds)
    if found is None:
        return None
    start, stop = found
    if start >= duration_seconds and start > 0:
        return AskedTime(
            0.0,
            duration_seconds,
            f"{format_clock(start)} is behind the end of the video, {format_clock(duration_seconds)}: "
            "all of it was looked at.",
        )
    return AskedTime(max(0.0, start), max(start, min(stop, duration_seconds)))


def _range(text: str, duration: float) -> tuple[float, float] | None:
    if match := _BETWEEN.search(text) or _FROM_TO.search(text):
        first, second = sorted(_seconds(end) for end in match.groups() if end)
        return first, second
    if match := _BARE_TO.search(text):
        first, second = sorted((_seconds(f"{match[1]} {match[3]}"), _seconds(f"{match[2]} {match[3]}")))
        return first, second
    if found := _relative(text, duration):
        return found
    if times := [_seconds(each) for each in _MOMENT.findall(text)]:
        first, last = min(times), max(times)
        return (first if first >= duration else max(0.0, first - _AROUND_SECONDS)), last + _AROUND_SECONDS
    for pattern, place in _EDGES:
        if pattern.search(text):
            length = min(max(_EDGE_SHARE * duration, _EDGE_SECONDS[0]), _EDGE_SECONDS[1], duration)
            start = place * (duration - length)
            return start, start + length
    return None


def _relative(text: str, duration: float) -> tuple[float, float] | None:
    """Return a stretch that is named by what lies before it or behind it."""
    if match := _BUT_FIRST_LAST.search(text):
        amount = _amount(match[3])
        return (amount, max(amount, duration)) if match[2] == "first" else (0.0, max(0.0, duration - amount))
    if match := _AWAY_FROM.search(text):
        return _away_from(match[3], match[2], _seconds(match[1]), duration)
    if match := _FIRST_LAST.search(text):
        amount = _amount(match[2])
        return (0.0, amount) if match[1] == "first" else (max(0.0, duration - amount), duration)
    if match := _BEFORE_AFTER.search(text):
        time = _seconds(match[2])
        return (0.0, time) if match[1] in {"before", "until", "up to"} else (time, max(time, duration))
    return None


def _away_from(place: str, way: str, amount: float, duration: float) -> tuple[float, float]:
    """Return the stretch that reaches so far back or on from a time; for an edge of the video, the moment there."""
    if place in ("end", "start", "beginning", "video"):
        time = max(0.0, duration - amount) if place == "end" else amount
        return (time if time >= duration else max(0.0, time - _AROUND_SECONDS)), time + _AROUND_SECONDS
    time = _seconds(place)
    return (max(0.0, time - amount), time) if way == "before" else (time, time + amount)


def _amount(text: str) -> float:
    """Read `10 seconds`, or `minute`, which is one."""
    return _seconds(text if re.search(r"\d|[\s-]", text) else f"one {text}")


def _seconds(text: str) -> float:
    """Read `1:30`, `90 seconds`, `two minutes`, `1 hour and 20 minutes`, `minute 3`."""
    if ":" in text:
        return parse_clock(text)
    total, amount, unit = 0.0, None, None
    for word in re.findall(r"[a-z]+|\d+(?:\.\d+)?", text):
        if word.rstrip("s") in _UNITS:
            unit = _UNITS[word.rstrip("s")]
        elif word != "and":
            amount = _NUMBER_WORDS[word] if word in _NUMBER_WORDS else float(word)
        if amount is not None and unit is not None:
            total, amount, unit = total + amount * unit, None, None
    return total
