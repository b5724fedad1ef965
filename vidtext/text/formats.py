"""Timed text as a document: SRT, WebVTT, JSON, CSV and plain text.

`FORMATS` is the registry. To add a format, write one function from a `TimedText` to the whole document as `str`, and
name it there; the page, the API and the command line offer what the dict holds, under its key, which is also the
file's extension.

Every document is meant to be stored as UTF-8 with its line ends as they are (`newline=""` where Python opens the file).
Times are rounded up to whole milliseconds in every format alike. Notes go where a format has a place for them:
JSON and WebVTT.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vidtext.clock import format_timestamp
from vidtext.errors import OptionError
from vidtext.text.documents import (
    csv_document,
    cues,
    escaped,
    json_document,
    one_line,
    rounded,
    segments_format,
    without_arrows,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from vidtext.text.timed import TimedText


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
        f"{without_arrows(cue.text)}\n"
        for number, cue in enumerate(cues(text.segments), start=1)
    )
    return "\n".join(blocks)


def _to_vtt(text: TimedText) -> str:
    """Write WebVTT (https://www.w3.org/TR/webvtt1/), the notes as NOTE blocks before the cues.

    Cue text is escaped, so it reads back as it was; a comment cannot be, so an arrow in it becomes `→`.
    """
    notes = (f"NOTE {without_arrows(one_line(note))}\n" for note in text.notes)
    blocks = (
        f"{format_timestamp(cue.start_seconds)} --> {format_timestamp(cue.stop_seconds)}\n{escaped(cue.text)}\n"
        for cue in cues(text.segments)
    )
    return "\n".join(["WEBVTT\n", *notes, *blocks])


def _to_json(text: TimedText) -> str:
    """Write one JSON object; a text keeps its line breaks."""
    segments = [
        {
            "start_seconds": rounded(segment.start_seconds),
            "stop_seconds": rounded(segment.stop_seconds),
            "text": segment.text,
        }
        for segment in text.segments
    ]
    return json_document({"model": text.model, "segments": segments, "notes": list(text.notes)})


def _to_csv(text: TimedText) -> str:
    """Write RFC 4180, in which no text is a formula."""
    rows = ((segment.start_seconds, segment.stop_seconds, segment.text) for segment in text.segments)
    return csv_document(["start_seconds", "stop_seconds", "text"], rows)


def _to_txt(text: TimedText) -> str:
    """Write one line a segment: `[0:00–0:05] text`."""
    write = segments_format(text.segments)
    return "".join(
        f"[{write(segment.start_seconds)}–{write(segment.stop_seconds)}] {one_line(segment.text)}\n"
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
