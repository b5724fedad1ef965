"""A summary as a document: Markdown, JSON and plain text.

`SUMMARY_FORMATS` holds them; `vidtext.text.documents` says how to add one. The highlights alone can be written as
subtitles: `render(summary.highlights, "srt", FORMATS)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vidtext.text.documents import (
    Format,
    by_name,
    json_format,
    markdown_lines,
    one_line,
    segments_format,
    segments_json,
)
from vidtext.text.formats import FORMATS

if TYPE_CHECKING:
    from vidtext.text.summary import Summary


def summary_document(summary: Summary) -> dict[str, Any]:
    """Return a summary as one JSON object."""
    return {
        "model": summary.model,
        "abstract": summary.abstract,
        "summary": summary.summary,
        "highlights": segments_json(summary.highlights.segments),
        "keywords": list(summary.keywords),
        "notes": list(summary.notes),
    }


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


def _to_txt(summary: Summary) -> str:
    """Write plain text: a paragraph each, one line for each highlight: `[0:00–0:05] text`; nothing that is empty."""
    keywords = _listed(summary.keywords)
    parts = [
        _line(summary.abstract),
        _line(summary.summary),
        FORMATS["txt"].write(summary.highlights),
        _line(f"Keywords: {keywords}" if keywords else ""),
    ]
    return "\n".join(part for part in parts if part)


def _paragraphs(text: str) -> str:
    return "\n".join(f"{line}\n" for line in markdown_lines(text))


def _line(text: str) -> str:
    return f"{one_line(text)}\n" if text.strip() else ""


def _listed(keywords: tuple[str, ...]) -> str:
    return ", ".join(one_line(keyword) for keyword in keywords)


SUMMARY_FORMATS: dict[str, Format[Summary]] = by_name(
    Format("md", "Markdown", ".md", "text/markdown", _to_markdown, in_batches=True),
    json_format(summary_document),
    Format("txt", "TXT", ".txt", "text/plain", _to_txt),
)
"""What a summary can be written as."""
