"""A summary as a document: Markdown, JSON and plain text.

`SUMMARY_FORMATS` is the registry, in the manner of `vidtext.text.chapter_formats`. The highlights alone can be had as
subtitles: `render(summary.highlights, "srt")`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vidtext.errors import OptionError
from vidtext.text.documents import json_document, markdown_lines, one_line, rounded, segments_format
from vidtext.text.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable

    from vidtext.text.summary import Summary


@dataclass(frozen=True)
class SummaryFormat:
    """How a summary is written: how the file's name ends, its media type, and what writes the whole document."""

    suffix: str
    media_type: str
    write: Callable[[Summary], str]


def render_summary(summary: Summary, format_name: str) -> str:
    """Return the summary as one document of the named format.

    Raises:
        OptionError: no format has this name.
    """
    if format_name not in SUMMARY_FORMATS:
        raise OptionError(f"{format_name!r} is not a summary format. The formats are {', '.join(SUMMARY_FORMATS)}.")
    return SUMMARY_FORMATS[format_name].write(summary)


def _to_markdown(summary: Summary) -> str:
    """Write CommonMark: the abstract, the summary, the highlights with their times, the keywords; nothing empty."""
    write = segments_format(summary.highlights.segments)
    highlights = (
        f"- **{write(segment.start_seconds)}–{write(segment.stop_seconds)}** {' '.join(markdown_lines(segment.text))}\n"
        for segment in summary.highlights.segments
    )
    parts = {
        "Abstract": _paragraphs(summary.abstract),
        "Summary": _paragraphs(summary.summary),
        "Highlights": "".join(highlights),
        "Keywords": _paragraphs(_listed(summary.keywords)),
    }
    return "\n".join(f"## {name}\n\n{part}" for name, part in parts.items() if part)


def _to_json(summary: Summary) -> str:
    """Write one JSON object."""
    highlights = [
        {
            "start_seconds": rounded(segment.start_seconds),
            "stop_seconds": rounded(segment.stop_seconds),
            "text": segment.text,
        }
        for segment in summary.highlights.segments
    ]
    return json_document(
        {
            "model": summary.model,
            "abstract": summary.abstract,
            "summary": summary.summary,
            "highlights": highlights,
            "keywords": list(summary.keywords),
            "notes": list(summary.notes),
        }
    )


def _to_txt(summary: Summary) -> str:
    """Write plain text: a paragraph each, one line for each highlight: `[0:00–0:05] text`; nothing that is empty."""
    keywords = _listed(summary.keywords)
    parts = [
        _line(summary.abstract),
        _line(summary.summary),
        FORMATS["txt"](summary.highlights),
        _line(f"Keywords: {keywords}" if keywords else ""),
    ]
    return "\n".join(part for part in parts if part)


def _paragraphs(text: str) -> str:
    return "\n".join(f"{line}\n" for line in markdown_lines(text))


def _line(text: str) -> str:
    return f"{one_line(text)}\n" if text.strip() else ""


def _listed(keywords: tuple[str, ...]) -> str:
    return ", ".join(one_line(keyword) for keyword in keywords)


SUMMARY_FORMATS: dict[str, SummaryFormat] = {
    "md": SummaryFormat(".md", "text/markdown", _to_markdown),
    "json": SummaryFormat(".json", "application/json", _to_json),
    "txt": SummaryFormat(".txt", "text/plain", _to_txt),
}
"""What a summary can be written as."""
