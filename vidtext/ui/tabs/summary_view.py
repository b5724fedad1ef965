"""What a summary looks like: it reads like an article. All texts are escaped here."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from vidtext.text.formats import FORMATS
from vidtext.text.names import file_name
from vidtext.text.summary_formats import SUMMARY_FORMATS
from vidtext.ui.framework.editing import field_html, place_html
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
from vidtext.ui.video.filmstrip import picture_uri

if TYPE_CHECKING:
    from vidtext.job import Progress
    from vidtext.tasks.summary import SummaryResult
    from vidtext.text.summary import Summary
    from vidtext.ui.session.results import Closing


def summarizing_html(progress: Progress, result: SummaryResult | None) -> str:
    """Return the status: the step, and how many parts of the video were looked at."""
    if result is None:
        return status_html(progress_text(progress), progress=progress)
    done, total = result.windows_done, result.windows_total
    return counted_html(progress, done, total, "parts seen", seconds_taken=result.seconds_taken)


def article_html(result: SummaryResult, name: str, closing: Closing) -> str:  # noqa: ARG001  it needs no name
    """Return the summary as far as it is; when no more will come, as texts that can be changed."""
    summary = result.summary
    chips = "".join(f"<li>{escape(word)}</li>" for word in summary.keywords)
    keywords = f'<ul class="vt-chips" aria-label="Keywords">{chips}</ul>' if chips else ""
    abstract = _text("abstract", "Abstract", summary.abstract, closing)
    return (
        f'<blockquote class="vt-quotation vt-abstract">{abstract}</blockquote>'
        + ("" if summary.summary == summary.abstract else _paragraphs(summary, closing))
        + _highlights(result, closing)
        + keywords
    )


def _text(what: str, label: str, text: str, closing: Closing, classes: str = "vt-text") -> str:
    return (
        field_html(what, label, text, classes=classes) if closing.closed else f'<p class="{classes}">{escape(text)}</p>'
    )


def _paragraphs(summary: Summary, closing: Closing) -> str:
    return "".join(
        f'<div data-index="{index}">{_text("paragraph", f"Paragraph {index + 1}", line, closing, "vt-paragraph")}</div>'
        for index, line in enumerate(summary.paragraphs)
    )


def _highlights(result: SummaryResult, closing: Closing) -> str:
    if result.thumbnails is None:
        return ""
    clock = clock_of_segments(result.summary.highlights.segments)
    rows = "".join(
        f'<li {place_html(index, segment)} data-from="{to_seek(segment.start_seconds)}" '
        f'data-to="{to_seek(segment.stop_seconds)}">'
        f'<button type="button" class="vt-thumb" data-seek-seconds="{to_seek(segment.start_seconds)}" tabindex="-1" '
        f'aria-hidden="true"><img src="{picture_uri(picture)}" alt=""></button>'
        f"<div>{time_html(segment.start_seconds, segment.stop_seconds, clock)}"
        f"{_text('text', f'Highlight {index + 1}', segment.text, closing)}</div></li>"
        for index, (segment, picture) in enumerate(
            zip(result.summary.highlights.segments, result.thumbnails.pixels, strict=True)
        )
    )
    return f'<h3 class="vt-heading">Highlights</h3><ol class="vt-chapters">{rows}</ol>'


def below_html(result: SummaryResult, name: str, closing: Closing) -> str:
    """Return what made the summary, and the downloads."""
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
        provenance_html(result.info, result.device, [f"{result.windows_done} parts seen"], result.seconds_taken, notes)
        + '<div class="vt-actions"><button type="button" class="vt-small" '
        + f'data-copy="{escape(SUMMARY_FORMATS["txt"].write(summary))}">Copy</button>'
        + f"{downloads_html(links + cues)}</div>"
    )


def announcement(result: SummaryResult) -> str:
    """Say to a screen reader what came."""
    return f"{result.windows_done} of {result.windows_total} parts seen. {result.summary.abstract}"
