"""Chapters as a document: for YouTube, for players (WebVTT), for FFmpeg, and as JSON, CSV and Markdown.

`CHAPTER_FORMATS` holds them; `vidtext.text.documents` says how to add one.

As in `vidtext.text.formats`, every document is meant to be stored as UTF-8 with its line ends as they are. Notes and
descriptions go where a format has a place for them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from vidtext.clock import format_clock, list_format, to_milliseconds
from vidtext.text.documents import (
    Format,
    by_name,
    csv_document,
    cues,
    json_format,
    markdown_lines,
    one_line,
    rounded,
    without_arrows,
)
from vidtext.text.formats import FORMATS

if TYPE_CHECKING:
    from vidtext.text.chapters import Chapters

YOUTUBE_MIN_CHAPTERS = 3
YOUTUBE_MIN_SECONDS = 10
"""What YouTube asks of chapters: at least three, of at least ten seconds each, in order, the first at 0:00
(https://support.google.com/youtube/answer/9884579)."""

YOUTUBE_MAX_BYTES = 5000
"""What a description on YouTube may have, in UTF-8 and without `<` and `>`
(https://developers.google.com/youtube/v3/docs/videos#snippet.description)."""

_NAMED_CHAPTERS = 3
"""Of chapters that share a problem, so many are named."""

_ANGLES = str.maketrans("<>", "‹›")
_FFMETADATA_SPECIAL = re.compile(r"[=;#\\\n]")


def chapters_document(chapters: Chapters) -> dict[str, Any]:
    """Return chapters as one JSON object."""
    entries = [
        {
            "start_seconds": rounded(chapter.start_seconds),
            "stop_seconds": rounded(chapter.stop_seconds),
            "title": chapter.title,
            "description": chapter.description,
        }
        for chapter in chapters.segments
    ]
    return {"model": chapters.model, "chapters": entries, "notes": list(chapters.notes)}


def youtube_problems(chapters: Chapters) -> tuple[str, ...]:
    """Say why YouTube would not make chapters of the list, one sentence for each reason; nothing if it would.

    The first chapter starts at 0:00 wherever there is one: `Chapters` holds that.
    """
    problems = []
    count = len(chapters.segments)
    if count < YOUTUBE_MIN_CHAPTERS:
        problems.append(f"YouTube wants at least {YOUTUBE_MIN_CHAPTERS} chapters; there are {count}.")
    starts = _youtube_starts(chapters)
    stops = [*starts[1:], chapters.segments[-1].stop_seconds] if starts else []
    spans = list(enumerate(zip(chapters.segments, starts, stops, strict=True), start=1))
    moved = [number for number, (chapter, start, _) in spans if int(rounded(chapter.start_seconds)) != start]
    short = [number for number, (_, start, stop) in spans if stop - start < YOUTUBE_MIN_SECONDS]
    if short:
        problems.append(f"{_named(short)} shorter than the {YOUTUBE_MIN_SECONDS} s that YouTube wants.")
    if moved:
        problems.append(f"{_named(moved)} listed later: the chapter before starts in the same second.")
    size_bytes = len(_to_youtube(chapters).encode())
    if size_bytes > YOUTUBE_MAX_BYTES:
        problems.append(
            f"The list has {size_bytes:,} bytes; a description on YouTube has room for {YOUTUBE_MAX_BYTES:,}."
        )
    return tuple(problems)


def _named(numbers: list[int]) -> str:
    """Name chapters, the first few of many: "Chapters 1, 2, 3 and 5 more are"."""
    if len(numbers) == 1:
        return f"Chapter {numbers[0]} is"
    shown = [str(number) for number in (numbers if len(numbers) <= _NAMED_CHAPTERS + 1 else numbers[:_NAMED_CHAPTERS])]
    more = len(numbers) - len(shown)
    last = f"{more} more" if more else shown.pop()
    return f"Chapters {', '.join(shown)} and {last} are"


def _youtube_starts(chapters: Chapters) -> list[int]:
    """Return when chapters start, in seconds that grow: rounded down, so that nothing of a chapter is missed."""
    starts: list[int] = []
    for chapter in chapters.segments:
        second = to_milliseconds(chapter.start_seconds) // 1000
        starts.append(max(second, starts[-1] + 1) if starts else second)
    return starts


def _to_youtube(chapters: Chapters) -> str:
    """Write one line a chapter: `0:00 Title`, from an hour on `1:02:03 Title`.

    YouTube refuses descriptions with angle brackets, and has nothing to escape them with.
    """
    return "".join(
        f"{format_clock(start)} {without_arrows(one_line(chapter.title)).translate(_ANGLES)}\n"
        for start, chapter in zip(_youtube_starts(chapters), chapters.segments, strict=True)
    )


def _to_ffmetadata(chapters: Chapters) -> str:
    """Write FFmpeg's metadata (https://ffmpeg.org/ffmpeg-formats.html#Metadata-2), as `-map_chapters` reads it.

    It is read as C strings, which end at a NUL.
    """
    blocks = (
        "[CHAPTER]\nTIMEBASE=1/1000\n"
        f"START={to_milliseconds(cue.start_seconds)}\nEND={to_milliseconds(cue.stop_seconds)}\n"
        f"title={_ffmetadata_value(cue.text)}\n"
        for cue in cues(chapters.segments)
    )
    return "".join([";FFMETADATA1\n", *blocks])


def _ffmetadata_value(text: str) -> str:
    """Escape a value. FFmpeg joins a line that ends in a backslash, even an escaped one, to the next."""
    value = one_line(text).replace("\0", "�")
    return _FFMETADATA_SPECIAL.sub(r"\\\g<0>", f"{value} " if value.endswith("\\") else value)


def _to_csv(chapters: Chapters) -> str:
    """Write RFC 4180, in which no text is a formula."""
    rows = (
        (chapter.start_seconds, chapter.stop_seconds, chapter.title, chapter.description)
        for chapter in chapters.segments
    )
    return csv_document(["start_seconds", "stop_seconds", "title", "description"], rows)


def _to_markdown(chapters: Chapters) -> str:
    """Write CommonMark: a list of times and titles, the description as a paragraph under its title."""
    write = list_format(chapter.start_seconds for chapter in chapters.segments)
    return "".join(
        "".join(
            [
                f"- **{write(chapter.start_seconds)}** {' '.join(markdown_lines(chapter.title))}\n",
                *(f"\n  {line}\n" for line in markdown_lines(chapter.description)),
                "\n",
            ]
        )
        for chapter in chapters.segments
    )


CHAPTER_FORMATS: dict[str, Format[Chapters]] = by_name(
    Format("youtube", "YouTube", ".txt", "text/plain", _to_youtube, in_batches=True),
    Format("vtt", "VTT", ".vtt", "text/vtt", FORMATS["vtt"].write, in_batches=True),
    Format("ffmetadata", "FFmetadata", ".ffmeta.txt", "text/plain", _to_ffmetadata),
    json_format(chapters_document),
    Format("csv", "CSV", ".csv", "text/csv", _to_csv),
    Format("md", "Markdown", ".md", "text/markdown", _to_markdown),
)
"""What chapters can be written as. WebVTT's chapters are cues whose text is the title, one line, escaped
(https://www.w3.org/TR/webvtt1/#chapter-cues), so they are written as any other cues are."""
