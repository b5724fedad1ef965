"""What a captioning looks like: pure functions from results to HTML. All texts are escaped here."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from vidtext.text.editing import EDITED
from vidtext.text.formats import FORMATS
from vidtext.text.names import file_name
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

if TYPE_CHECKING:
    from vidtext.job import Progress
    from vidtext.tasks.caption import CaptionResult
    from vidtext.text.timed import Segment
    from vidtext.ui.session.results import Closing


def captioning_html(progress: Progress, result: CaptionResult | None) -> str:
    """Return the status of a captioning: the step, and once there are captions of many, how many are written."""
    if result is None or result.windows_total == 1:
        return status_html(progress_text(progress), progress=progress)
    done, total = result.windows_done, result.windows_total
    return counted_html(progress, done, total, "captions", seconds_taken=result.seconds_taken)


def caption_html(result: CaptionResult, name: str, closing: Closing) -> str:  # noqa: ARG001  it needs no name
    """Return the captions; when no more will come, as texts that can be changed."""
    segments = result.text.segments
    if len(segments) == 1 and result.windows_total == 1:
        return f'<blockquote class="vt-quotation" {_cue(0, segments[0])}>{_text(0, segments, closing)}</blockquote>'
    clock = clock_of_segments(segments)
    rows = "".join(
        f"<li {_cue(index, segment)}>{time_html(segment.start_seconds, segment.stop_seconds, clock)}"
        f"{_text(index, segments, closing)}</li>"
        for index, segment in enumerate(segments)
    )
    return f'<ol class="vt-cues">{rows}</ol>'


def below_html(result: CaptionResult, name: str, closing: Closing) -> str:
    """Return what made the captions, and the downloads."""
    return _provenance(result, closing) + _downloads(result, name)


def _cue(index: int, segment: Segment) -> str:
    start, stop = to_seek(segment.start_seconds), to_seek(segment.stop_seconds)
    return f'{place_html(index, segment)} data-cue-start="{start}" data-cue-stop="{stop}"'


def _text(index: int, segments: tuple[Segment, ...], closing: Closing) -> str:
    text = segments[index].text
    if not closing.closed:
        return f'<p class="vt-text">{escape(text)}</p>'
    return field_html("text", f"Caption {index + 1}", text, if_empty="remove" if len(segments) > 1 else "")


def _provenance(result: CaptionResult, closing: Closing) -> str:
    windows = result.windows_done if closing.stopped else result.windows_total
    frames = f"{windows * result.info.frames_per_clip} frames"
    facts = [f"{windows} captions", frames] if result.windows_total > 1 else [frames]
    stopped = [f"Stopped after {result.windows_done} of {result.windows_total} captions."] if closing.stopped else []
    notes = [*stopped, *merged_notes(result), *result.text.notes]
    return provenance_html(result.info, result.device, facts, result.seconds_taken, notes)


def merged_notes(result: CaptionResult) -> list[str]:
    """Say how many captions are not shown because they say the same as the one before."""
    rows = len(result.text.segments)
    if rows == result.windows_done or EDITED in result.text.notes:
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
