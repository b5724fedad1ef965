"""What a summary looks like: it reads like an article. All texts are escaped here."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from vidtext.text.formats import FORMATS
from vidtext.text.names import file_name
from vidtext.text.summary_formats import SUMMARY_FORMATS
from vidtext.ui.filmstrip import picture_uri
from vidtext.ui.status import (
    clock_of_segments,
    counted_html,
    download_html,
    downloads_html,
    progress_text,
    provenance_html,
    status_html,
    time_html,
    to_seek,
)

if TYPE_CHECKING:
    from vidtext.job import Progress
    from vidtext.tasks.summary import SummaryResult
    from vidtext.ui.kept import Closing


def summarizing_html(progress: Progress, result: SummaryResult | None) -> str:
    """Return the status: the step, and how many parts of the video were looked at."""
    if result is None:
        return status_html(progress_text(progress), progress=progress)
    done, total = result.windows_done, result.windows_total
    return counted_html(progress, done, total, "parts seen", seconds_taken=result.seconds_taken)


def article_html(result: SummaryResult, name: str, closing: Closing) -> str:
    """Return the summary as far as it is; when no more will come, with what made it and the downloads."""
    summary = result.summary
    paragraph = "" if summary.summary == summary.abstract else _paragraphs(summary.summary)
    chips = "".join(f"<li>{escape(word)}</li>" for word in summary.keywords)
    keywords = f'<ul class="vt-chips" aria-label="Keywords">{chips}</ul>' if chips else ""
    return (
        f'<blockquote class="vt-quotation vt-abstract"><p class="vt-text">{escape(summary.abstract)}</p></blockquote>'
        + paragraph
        + _highlights(result)
        + keywords
        + (_closing(result, name, closing) if closing.closed else "")
    )


def _paragraphs(text: str) -> str:
    return "".join(f'<p class="vt-paragraph">{escape(line)}</p>' for line in text.splitlines() if line.strip())


def _highlights(result: SummaryResult) -> str:
    if result.thumbnails is None:
        return ""
    clock = clock_of_segments(result.summary.highlights.segments)
    rows = "".join(
        f'<li data-from="{to_seek(segment.start_seconds)}" data-to="{to_seek(segment.stop_seconds)}">'
        f'<button type="button" class="vt-thumb" data-seek-seconds="{to_seek(segment.start_seconds)}" tabindex="-1" '
        f'aria-hidden="true"><img src="{picture_uri(picture)}" alt=""></button>'
        f"<div>{time_html(segment.start_seconds, segment.stop_seconds, clock)}"
        f'<p class="vt-text">{escape(segment.text)}</p></div></li>'
        for segment, picture in zip(result.summary.highlights.segments, result.thumbnails.pixels, strict=True)
    )
    return f'<h3 class="vt-heading">Highlights</h3><ol class="vt-chapters">{rows}</ol>'


def _closing(result: SummaryResult, name: str, closing: Closing) -> str:
    summary = result.summary
    stopped = f"Stopped: {result.windows_done} of {result.windows_total} parts were looked at."
    notes = [*([stopped] if closing.stopped else []), *summary.notes]
    links = "".join(
        download_html(form.label, file_name(name, "summary", form.suffix), form.media_type, form.write(summary))
        for form in SUMMARY_FORMATS.values()
    )
    cues = "".join(
        download_html(
            f"Highlights {form.label}",
            file_name(name, "highlights", form.suffix),
            form.media_type,
            form.write(summary.highlights),
        )
        for form in (FORMATS["srt"], FORMATS["vtt"])
    )
    return (
        provenance_html(result.card, result.device, [f"{result.windows_done} parts seen"], result.seconds_taken, notes)
        + '<div class="vt-actions"><button type="button" class="vt-small" '
        + f'data-copy="{escape(SUMMARY_FORMATS["txt"].write(summary))}">Copy</button>'
        + f"{downloads_html(links + cues)}</div>"
    )


def announcement(result: SummaryResult) -> str:
    """Say to a screen reader what came."""
    return f"{result.windows_done} of {result.windows_total} parts seen. {result.summary.abstract}"
