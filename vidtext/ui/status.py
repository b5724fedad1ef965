"""What is said while work goes on, and around results: pure functions to HTML. All texts are escaped here."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from vidtext.clock import format_clock, list_format
from vidtext.job import Progress
from vidtext.text.documents import rounded
from vidtext.ui.model_line import display_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from vidtext.models.base import ModelInfo
    from vidtext.text.timed import Segment

_PERCENT = 100

_SHORTEST_TOLD_SECONDS = 10
"""Shorter times are over before they are read."""


def empty_html(message: str) -> str:
    """Return what stands where a result will be."""
    return f'<p class="vt-empty">{escape(message)}</p>'


def of_video_html(html: str, key: str) -> str:
    """Return what is about the video with this key, which `page.js` hides as soon as the player shows another one."""
    return f'<div class="vt-of-video" data-video="{key}">{html}</div>' if key and html else html


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
    """Say how far a step is: "Reading frames, 3 of 6"; bytes and seconds, which are many, as a share."""
    doing = progress.doing[:1].upper() + progress.doing[1:]
    if progress.doing.startswith(("downloading", "looking")):
        return f"{doing}, {_PERCENT * progress.done // progress.total} %" if progress.total else doing
    return f"{doing}, {progress.done} of {progress.total}" if progress.total > 1 else doing


def counted_html(progress: Progress, done: int, total: int, things: str, *, seconds_taken: float = 0.0) -> str:
    """Return the status of work that makes one thing after another: "3 of 12 captions, about 0:40 left, writing".

    Args:
        progress: the newest report.
        done: how many are made.
        total: how many there will be.
        things: what they are.
        seconds_taken: for those that are made; 0 tells no time.
    """
    left = seconds_taken / done * (total - done) if done else 0.0
    left_text = f", about {format_clock(round(left))} left" if left >= _SHORTEST_TOLD_SECONDS else ""
    status = status_html(
        f"{done} of {total} {things}{left_text}, {progress.doing}", progress=Progress(progress.doing, done, total)
    )
    return f'<div class="vt-flowing">{status}</div>'  # what is shown below is no longer the result before


def note_html(note: str) -> str:
    """Return a quiet sentence, or nothing."""
    return f'<p class="vt-note">{escape(note)}</p>' if note else ""


def provenance_html(info: ModelInfo, device: str, facts: Sequence[str], seconds: float, notes: Iterable[str]) -> str:
    """Return the quiet line: model, device, facts, seconds taken; then the notes."""
    line = "".join(f"<span>{escape(fact)}</span>" for fact in (display_name(info), device, *facts, f"{seconds:.1f} s"))
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f'<p class="vt-facts">{line}</p>' + (f'<ul class="vt-notes">{items}</ul>' if items else "")


def download_html(label: str, file_name: str, media_type: str, document: str) -> str:
    """Return a link that carries its file in itself, so that none lies on the server's disk."""
    return (
        f'<a class="vt-small" download="{escape(file_name)}" '
        f'href="data:{media_type};charset=utf-8,{quote(document)}" '
        f'aria-label="Download as {escape(label)}">{escape(label)}</a>'
    )


def downloads_html(links: str) -> str:
    """Return links to files as one group with its label."""
    return f'<span class="vt-downloads"><span class="vt-label">Download</span>{links}</span>'


def to_seek(seconds: float) -> str:
    """Write the time that a click leads to: never before the frame that is meant, as documents write it."""
    return f"{rounded(seconds):.3f}"


def clock(seconds: float) -> str:
    """Write a time for a reader: tenths of a second at most."""
    return format_clock(round(seconds, 1))


def time_html(start_seconds: float, stop_seconds: float, clock: Callable[[float], str] = clock) -> str:
    """Return a time that seeks the player; `clock` writes the times of the list that it is in, see `clock_of`."""
    return (
        f'<button type="button" class="vt-time" data-seek-seconds="{to_seek(start_seconds)}" '
        f'aria-label="Play from {clock(start_seconds)}">{clock(start_seconds)}'
        f"<span>–{clock(stop_seconds)}</span></button>"
    )


def clock_of(times: Iterable[float]) -> Callable[[float], str]:
    """Return what writes the times of a list as `clock` does, but all with tenths of a second where one has them."""
    write = list_format(round(time, 1) for time in times)
    return lambda seconds: write(round(seconds, 1))


def clock_of_segments(segments: Iterable[Segment]) -> Callable[[float], str]:
    """Return what writes the starts and stops of segments, see `clock_of`."""
    return clock_of(time for segment in segments for time in (segment.start_seconds, segment.stop_seconds))
