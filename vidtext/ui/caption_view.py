"""What a captioning looks like: pure functions from results to HTML. All texts are escaped here."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from vidtext.clock import format_clock
from vidtext.job import Progress
from vidtext.text.formats import FORMATS
from vidtext.ui.model_line import display_name

if TYPE_CHECKING:
    from vidtext.tasks.caption import CaptionResult
    from vidtext.text.timed import Segment

_MEDIA_TYPES = {
    "srt": "application/x-subrip",
    "vtt": "text/vtt",
    "json": "application/json",
    "csv": "text/csv",
    "txt": "text/plain",
}

_PERCENT = 100


def empty_html(message: str) -> str:
    """Return what stands where a result will be."""
    return f'<p class="vt-empty">{escape(message)}</p>'


def status_html(text: str, *, progress: Progress | None = None) -> str:
    """Return the line under the button: what is being done, and a bar that moves."""
    percent = min(_PERCENT, _PERCENT * progress.done // progress.total) if progress and progress.total > 0 else None
    value = "" if percent is None else f' aria-valuenow="{percent}" aria-valuemin="0" aria-valuemax="100"'
    style = "" if percent is None else f' style="width:{percent}%"'
    kind = "vt-bar vt-unknown" if percent is None else "vt-bar"
    return (
        f'<p class="vt-doing">{escape(text)}</p>'
        f'<div class="{kind}" role="progressbar" aria-label="Progress"{value}>'
        f"<i{style}></i></div>"
    )


def progress_text(progress: Progress) -> str:
    """Say how far a step is: "Reading frames, 3 of 6"; bytes, which mean nothing to a reader, as a share."""
    doing = progress.doing[:1].upper() + progress.doing[1:]
    if progress.doing.startswith("downloading"):
        return f"{doing}, {_PERCENT * progress.done // progress.total} %" if progress.total else doing
    return f"{doing}, {progress.done} of {progress.total}" if progress.total > 1 else doing


def captioning_html(progress: Progress, result: CaptionResult | None) -> str:
    """Return the status of a captioning: the step, and once there are captions of many, how many are written."""
    if result is None or result.windows_total == 1:
        return status_html(progress_text(progress), progress=progress)
    text = f"{result.windows_done} of {result.windows_total} captions, {progress.doing}"
    status = status_html(text, progress=Progress(progress.doing, result.windows_done, result.windows_total))
    return f'<div class="vt-flowing">{status}</div>'  # what is shown below is no longer the result before


def caption_html(result: CaptionResult, *, name: str, finished: bool, stopped: bool = False) -> str:
    """Return the captions, what made them, and, when no more will come, the downloads."""
    segments = result.text.segments
    if not segments:
        return empty_html("Stopped before the first caption was written.") if stopped else ""
    words = _quotation(segments[0]) if result.windows_total == 1 else _list(segments)
    closing = provenance_html(result, stopped=stopped) + _downloads(result, name) if finished or stopped else ""
    return words + closing


def _quotation(segment: Segment) -> str:
    return (
        f'<blockquote class="vt-quotation" data-cue-start="{segment.start_seconds:.3f}" '
        f'data-cue-stop="{segment.stop_seconds:.3f}"><p class="vt-text">{escape(segment.text)}</p></blockquote>'
    )


def _list(segments: tuple[Segment, ...]) -> str:
    rows = "".join(
        f'<li data-cue-start="{segment.start_seconds:.3f}" data-cue-stop="{segment.stop_seconds:.3f}">'
        f'<button type="button" class="vt-time" data-seek-seconds="{segment.start_seconds:.3f}" '
        f'aria-label="Play from {_clock(segment.start_seconds)}">{_clock(segment.start_seconds)}'
        f"<span>–{_clock(segment.stop_seconds)}</span></button>"
        f'<p class="vt-text">{escape(segment.text)}</p></li>'
        for segment in segments
    )
    return f'<ol class="vt-cues">{rows}</ol>'


def provenance_html(result: CaptionResult, *, stopped: bool) -> str:
    """Return the quiet line: model, device, frames, seconds taken; then the notes."""
    windows = result.windows_done if stopped else result.windows_total
    frames = windows * result.card.frames_per_clip
    facts = [
        display_name(result.card),
        result.device,
        f"{frames} frames",
        f"{result.seconds_taken:.1f} s",
    ]
    if result.windows_total > 1:
        facts.insert(2, f"{windows} windows")
    notes = [f"Stopped after {result.windows_done} of {result.windows_total} windows."] if stopped else []
    items = "".join(f"<li>{escape(note)}</li>" for note in (*notes, *result.text.notes))
    line = "".join(f"<span>{escape(fact)}</span>" for fact in facts)
    return f'<p class="vt-facts">{line}</p>' + (f'<ul class="vt-notes">{items}</ul>' if items else "")


def _downloads(result: CaptionResult, name: str) -> str:
    """Return links that carry their files in themselves, so that none lies on the server's disk."""
    stem = name.rsplit(".", 1)[0] or "captions"
    links = "".join(
        f'<a class="vt-small" download="{escape(stem)}.{kind}" '
        f'href="data:{_MEDIA_TYPES.get(kind, "text/plain")};charset=utf-8,{quote(write(result.text))}" '
        f'aria-label="Download as {kind.upper()}">{kind.upper()}</a>'
        for kind, write in FORMATS.items()
    )
    return (
        '<div class="vt-actions"><button type="button" class="vt-small" data-copy>Copy</button>'
        '<button type="button" class="vt-small" data-subtitles aria-pressed="true">Subtitles on</button>'
        f'<span class="vt-label">Download</span>{links}</div>'
    )


def announcement(result: CaptionResult) -> str:
    """Say to a screen reader what came."""
    segments = result.text.segments
    if not segments:
        return ""
    if result.windows_total == 1:
        return f"Caption: {segments[-1].text}"
    return f"{result.windows_done} of {result.windows_total} captions. {segments[-1].text}"


def _clock(seconds: float) -> str:
    return format_clock(round(seconds, 1))


def note_html(note: str) -> str:
    """Return a quiet sentence, or nothing."""
    return f'<p class="vt-note">{escape(note)}</p>' if note else ""
