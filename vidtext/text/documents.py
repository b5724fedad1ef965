"""Formats of documents, and what they share: cues, whole milliseconds, JSON and CSV, and escaping.

To add a format to a kind of result:

1. Write a function from the result to the whole document as `str`.
2. Add one `Format` to that kind's dictionary: `FORMATS` in `vidtext.text.formats`, `CHAPTER_FORMATS`,
   `SUMMARY_FORMATS` or `TRANSCRIPT_FORMATS`.

The page, the HTTP API, the command line and batches offer what the dictionaries hold.
"""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from vidtext.clock import list_format, to_milliseconds
from vidtext.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from vidtext.text.timed import Segment

_LINE_ENDS_AND_SURROGATES = re.compile("[\x85\u2028\u2029\ud800-\udfff]")
"""The line ends of Unicode beyond U+0020, at which `str.splitlines` divides, and what is half a character."""

_FORMULA = re.compile(r"[\s\0]*[=+\-@＝＋－＠]")

_MARKDOWN = re.compile(r"[\\`*_\[\]<>&~|$^=#:@!]|(?<=www)\.")
"""What has a meaning inside a line of CommonMark (https://spec.commonmark.org/0.31.2/), or of what GitHub and others
add to it: tables, strikethrough, formulas, addresses without brackets."""

_MARKDOWN_BLOCK = re.compile(r"^(\d{1,9}(?=[.)])|(?=[-+]))")
"""What makes a line the start of a list, a rule or a heading, where `_MARKDOWN` does not hold it already."""


Result_contra = TypeVar("Result_contra", contravariant=True)
Result = TypeVar("Result")


@dataclass(frozen=True)
class Format(Generic[Result_contra]):
    """A way to write a kind of result.

    Attributes:
        name: what the command line and the HTTP API call it.
        label: what a link on the page says.
        suffix: how the names of its files end. Two formats of one kind of result have different suffixes.
        media_type: the media type of its files, which are UTF-8.
        write: returns the whole document.
        in_batches: whether a batch writes it for every video.
    """

    name: str
    label: str
    suffix: str
    media_type: str
    write: Callable[[Result_contra], str]
    in_batches: bool = False


def by_name(*formats: Format[Result]) -> dict[str, Format[Result]]:
    """Return a dictionary of formats, in this order."""
    return {each.name: each for each in formats}


def json_format(document: Callable[[Result_contra], dict[str, Any]]) -> Format[Result_contra]:
    """Return the format that writes a result's JSON document."""
    return Format("json", "JSON", ".json", "application/json", lambda result: json_document(document(result)))


def render(result: Result, name: str, formats: Mapping[str, Format[Result]]) -> str:
    """Return the result as one document of the named format.

    Raises:
        OptionError: there is no format of this name.
    """
    if name not in formats:
        raise OptionError(f"{name!r} is not a format. The formats are {', '.join(formats)}.", option="format")
    return formats[name].write(result)


@dataclass(frozen=True)
class Cue:
    """What a player shows: text of at least one line, none of them blank, for at least a millisecond."""

    start_seconds: float
    stop_seconds: float
    text: str


def cues(segments: Iterable[Segment]) -> Iterator[Cue]:
    """Give the segments as cues, in whole milliseconds.

    WebVTT demands that a cue stops after it starts. A segment that rounds to nothing, such as that of a video of one
    frame, therefore lasts 1 ms, and the next one waits for it. A segment without words is no cue: nothing would show.
    """
    free_from = 0
    for segment in segments:
        lines = [line.strip() for line in segment.text.splitlines()]
        words = "\n".join(line for line in lines if line)
        if words:
            start = max(to_milliseconds(segment.start_seconds), free_from)
            free_from = max(to_milliseconds(segment.stop_seconds), start + 1)
            yield Cue(start / 1000, free_from / 1000, words)


def segments_format(segments: Iterable[Segment]) -> Callable[[float], str]:
    """Return what writes the times of a list of segments for a person, all with as many decimals."""
    return list_format(time for segment in segments for time in (segment.start_seconds, segment.stop_seconds))


def segments_json(segments: Iterable[Segment]) -> list[dict[str, Any]]:
    """Return segments as JSON documents have them."""
    return [
        {
            "start_seconds": rounded(segment.start_seconds),
            "stop_seconds": rounded(segment.stop_seconds),
            "text": segment.text,
        }
        for segment in segments
    ]


def rounded(seconds: float) -> float:
    """Return seconds in whole milliseconds, as every document gives them; see `to_milliseconds`."""
    return to_milliseconds(seconds) / 1000


def json_document(document: Mapping[str, object]) -> str:
    """Write one JSON object; texts keep their line breaks."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def json_line(document: Mapping[str, object]) -> str:
    """Write one JSON object as a line without its end, for JSONL, logs and server-sent events.

    Every reader takes it for one line: what only some take for a line's end is escaped, as are lone surrogates, which
    no UTF-8 can say. All of it reads back as it was.
    """
    line = json.dumps(document, ensure_ascii=False)  # escapes the controls below U+0020 in any case
    return _LINE_ENDS_AND_SURROGATES.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def csv_document(header: Sequence[str], rows: Iterable[Sequence[float | str]]) -> str:
    """Write RFC 4180: a header, CRLF, quotes where a field needs them; numbers are seconds.

    What a video shows decides what a model says, so a text may be a spreadsheet formula that a stranger wrote. One that
    starts like a formula, spaces aside, gets an apostrophe in front, which spreadsheets take as "this is text" (OWASP,
    CSV injection). A program that needs the bare text reads the JSON.
    """
    document = io.StringIO(newline="")
    writer = csv.writer(document)
    writer.writerow(header)
    for row in rows:
        writer.writerow([_csv_text(cell) if isinstance(cell, str) else f"{rounded(cell):.3f}" for cell in row])
    return document.getvalue()


def _csv_text(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text


def one_line(text: str) -> str:
    """Return the text on one line: every run of blanks and line ends is one space."""
    return " ".join(text.split())


def without_arrows(text: str) -> str:
    """Return the text with `→` for the arrow that subtitle files write between two times."""
    return text.replace("-->", "→")


def escaped(text: str) -> str:
    """Return the text with the characters escaped that WebVTT gives a meaning to."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def markdown_lines(text: str) -> list[str]:
    """Return the lines of a text that are not blank, as Markdown that shows them as they are, wherever it stands."""
    lines = (_MARKDOWN.sub(r"\\\g<0>", one_line(line)) for line in text.splitlines())
    return [_MARKDOWN_BLOCK.sub(r"\1\\", line) for line in lines if line]
