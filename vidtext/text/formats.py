"""Timed text as a document: SRT, WebVTT, JSON, CSV and plain text.

`FORMATS` holds them; `vidtext.text.documents` says how to add one.

Every document is meant to be stored as UTF-8 with its line ends as they are (`newline=""` where Python opens the file).
Times are rounded up to whole milliseconds in every format alike. Notes go where a format has a place for them:
JSON and WebVTT.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vidtext.clock import format_timestamp
from vidtext.text.documents import (
    Format,
    by_name,
    csv_document,
    cues,
    escaped,
    json_format,
    one_line,
    segments_format,
    segments_json,
    without_arrows,
)

if TYPE_CHECKING:
    from vidtext.text.timed import TimedText


def timed_text_document(text: TimedText) -> dict[str, Any]:
    """Return timed text as one JSON object; texts keep their line breaks."""
    return {"model": text.model, "segments": segments_json(text.segments), "notes": list(text.notes)}


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


FORMATS: dict[str, Format[TimedText]] = by_name(
    Format("srt", "SRT", ".srt", "application/x-subrip", _to_srt, in_batches=True),
    Format("vtt", "VTT", ".vtt", "text/vtt", _to_vtt, in_batches=True),
    json_format(timed_text_document),
    Format("csv", "CSV", ".csv", "text/csv", _to_csv),
    Format("txt", "TXT", ".txt", "text/plain", _to_txt),
)
"""What timed text can be written as."""
