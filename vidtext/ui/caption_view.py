"""What a captioning looks like: pure functions from results to HTML. All texts are escaped here."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from vidtext.text.formats import FORMATS
from vidtext.text.names import file_name
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
    from vidtext.tasks.caption import CaptionResult
    from vidtext.text.timed import Segment
    from vidtext.ui.kept import Closing


def captioning_html(progress: Progress, result: CaptionResult | None) -> str:
    """Return the status of a captioning: the step, and once there are captions of many, how many are written."""
    if result is None or result.windows_total == 1:
        return status_html(progress_text(progress), progress=progress)
    done, total = result.windows_done, result.windows_total
    return counted_html(progress, done, total, "captions", seconds_taken=result.seconds_taken)


def caption_html(result: CaptionResult, name: str, closing: Closing) -> str:
    """Return the captions, what made them, and, when no more will come, the downloads."""
    segments = result.text.segments
    words = _quotation(segments[0]) if result.windows_total == 1 else _list(segments)
    return words + (_provenance(result, closing) + _downloads(result, name) if closing.closed else "")


def _quotation(segment: Segment) -> str:
    return (
        f'<blockquote class="vt-quotation" data-cue-start="{to_seek(segment.start_seconds)}" '
        f'data-cue-stop="{to_seek(segment.stop_seconds)}">'
        f'<p class="vt-text">{escape(segment.text)}</p></blockquote>'
    )


def _list(segments: tuple[Segment, ...]) -> str:
    clock = clock_of_segments(segments)
    rows = "".join(
        f'<li data-cue-start="{to_seek(segment.start_seconds)}" data-cue-stop="{to_seek(segment.stop_seconds)}">'
        f"{time_html(segment.start_seconds, segment.stop_seconds, clock)}"
        f'<p class="vt-text">{escape(segment.text)}</p></li>'
        for segment in segments
    )
    return f'<ol class="vt-cues">{rows}</ol>'


def _provenance(result: CaptionResult, closing: Closing) -> str:
    windows = result.windows_done if closing.stopped else result.windows_total
    frames = f"{windows * result.card.frames_per_clip} frames"
    facts = [f"{windows} captions", frames] if result.windows_total > 1 else [frames]
    stopped = [f"Stopped after {result.windows_done} of {result.windows_total} captions."] if closing.stopped else []
    notes = [*stopped, *merged_notes(result), *result.text.notes]
    return provenance_html(result.card, result.device, facts, result.seconds_taken, notes)


def merged_notes(result: CaptionResult) -> list[str]:
    """Say how many captions are not shown because they say the same as the one before."""
    rows = len(result.text.segments)
    if rows == result.windows_done:
        return []
    return [f"{result.windows_done} captions are shown as {rows}: neighbours that say the same are joined."]


def _downloads(result: CaptionResult, name: str) -> str:
    links = "".join(
        download_html(form.label, file_name(name, "captions", form.suffix), form.media_type, form.write(result.text))
        for form in FORMATS.values()
    )
    return (
        '<div class="vt-actions"><button type="button" class="vt-small" data-copy>Copy</button>'
        '<button type="button" class="vt-small" data-subtitles aria-pressed="true">Subtitles</button>'
        f"{downloads_html(links)}</div>"
    )


def announcement(result: CaptionResult) -> str:
    """Say to a screen reader what came."""
    segments = result.text.segments
    if result.windows_total == 1:
        return f"Caption: {segments[-1].text}"
    return f"{result.windows_done} of {result.windows_total} captions. {segments[-1].text}"
