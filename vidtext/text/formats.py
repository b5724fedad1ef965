"""Timed text as a document: SRT, WebVTT, JSON, CSV and plain text.

`FORMATS` is the registry. To add a format, write one function from a `TimedText` to the whole document as `str`, and
name it there; the page, the API and the command line offer what the dict holds, under its key, which is also the
file's extension.

Every document is meant to be stored as UTF-8 with its line ends as they are (`newline=""` where Python opens the file).
Times are rounded to whole milliseconds, halves up, in every format alike. Notes go where a format has a place for them:
JSON and WebVTT.
"""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vidtext.clock import format_clock, format_timestamp, to_milliseconds
from vidtext.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vidtext.text.timed import TimedText

_FORMULA = re.compile(r"[\s\0]*[=+\-@＝＋－＠]")


def render(text: TimedText, format_name: str) -> str:
    """Return the text as one document of the named format.

    Raises:
        OptionError: no format has this name.
    """
    if format_name not in FORMATS:
        raise OptionError(f"{format_name!r} is not a format. The formats are {', '.join(FORMATS)}.")
    return FORMATS[format_name](text)


def _to_srt(text: TimedText) -> str:
    """Write SubRip, which has no standard; this is what its readers have in common.

    Lines end with LF as FFmpeg writes them: SubRip itself wrote CRLF, but readers take both, and LF survives every tool
    that a text goes through. SubRip has no way to escape: a blank line would end the cue and an arrow could pass for
    its times, so blank lines are left out and `-->` becomes `→`. Players may take `<i>` in a text for markup.
    """
    blocks = (
        f"{number}\n"
        f"{format_timestamp(cue.start_seconds, decimal_mark=',')} --> "
        f"{format_timestamp(cue.stop_seconds, decimal_mark=',')}\n"
        f"{_without_arrows(cue.text)}\n"
        for number, cue in enumerate(_cues(text), start=1)
    )
    return "\n".join(blocks)


def _to_vtt(text: TimedText) -> str:
    """Write WebVTT (https://www.w3.org/TR/webvtt1/), the notes as NOTE blocks before the cues.

    Cue text is escaped, so it reads back as it was; a comment cannot be, so an arrow in it becomes `→`.
    """
    notes = (f"NOTE {_without_arrows(_one_line(note))}\n" for note in text.notes)
    cues = (
        f"{format_timestamp(cue.start_seconds)} --> {format_timestamp(cue.stop_seconds)}\n{_escaped(cue.text)}\n"
        for cue in _cues(text)
    )
    return "\n".join(["WEBVTT\n", *notes, *cues])


def _to_json(text: TimedText) -> str:
    """Write one JSON object; a text keeps its line breaks."""
    segments = [
        {
            "start_seconds": to_milliseconds(segment.start_seconds) / 1000,
            "stop_seconds": to_milliseconds(segment.stop_seconds) / 1000,
            "text": segment.text,
        }
        for segment in text.segments
    ]
    document = {"model": text.model, "segments": segments, "notes": list(text.notes)}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _to_csv(text: TimedText) -> str:
    """Write RFC 4180: a header, CRLF, quotes where a field needs them.

    What a video shows decides what a model says, so a text may be a spreadsheet formula that a stranger wrote. One that
    starts like a formula, spaces aside, gets an apostrophe in front, which spreadsheets take as "this is text" (OWASP,
    CSV injection). A program that needs the bare text reads the JSON.
    """
    document = io.StringIO(newline="")
    rows = csv.writer(document)
    rows.writerow(["start_seconds", "stop_seconds", "text"])
    for segment in text.segments:
        formula = _FORMULA.match(segment.text)
        rows.writerow(
            [
                f"{to_milliseconds(segment.start_seconds) / 1000:.3f}",
                f"{to_milliseconds(segment.stop_seconds) / 1000:.3f}",
                f"'{segment.text}" if formula else segment.text,
            ]
        )
    return document.getvalue()


def _to_txt(text: TimedText) -> str:
    """Write one line a segment: `[0:00–0:05] text`."""
    return "".join(
        f"[{format_clock(segment.start_seconds)}–{format_clock(segment.stop_seconds)}] {_one_line(segment.text)}\n"
        for segment in text.segments
    )


FORMATS: dict[str, Callable[[TimedText], str]] = {
    "srt": _to_srt,
    "vtt": _to_vtt,
    "json": _to_json,
    "csv": _to_csv,
    "txt": _to_txt,
}
"""What timed text can be written as: the extension → the function that writes the whole document."""


@dataclass(frozen=True)
class _Cue:
    """What a player shows: text of at least one line, none of them blank, for at least a millisecond."""

    start_seconds: float
    stop_seconds: float
    text: str


def _cues(text: TimedText) -> Iterator[_Cue]:
    """Give the segments as cues, in whole milliseconds.

    WebVTT demands that a cue stops after it starts. A segment that rounds to nothing, such as that of a video of one
    frame, therefore lasts 1 ms, and the next one waits for it. A segment without words is no cue: nothing would show.
    """
    free_from = 0
    for segment in text.segments:
        lines = [line.strip() for line in segment.text.splitlines()]
        words = "\n".join(line for line in lines if line)
        if words:
            start = max(to_milliseconds(segment.start_seconds), free_from)
            free_from = max(to_milliseconds(segment.stop_seconds), start + 1)
            yield _Cue(start / 1000, free_from / 1000, words)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _without_arrows(text: str) -> str:
    return text.replace("-->", "→")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
