"""What chapters look like: a timeline under the player, a list whose titles can be edited, and downloads."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from vidtext.text.chapter_formats import CHAPTER_FORMATS, youtube_problems
from vidtext.text.names import file_name
from vidtext.ui.filmstrip import picture_uri
from vidtext.ui.status import (
    clock,
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
    from collections.abc import Callable

    from vidtext.job import Progress
    from vidtext.tasks.chapters import ChaptersResult
    from vidtext.text.chapters import Chapter
    from vidtext.ui.kept import Closing

TITLE_CHARACTERS = 200
"""The longest title that can be typed."""

_NUMBERED = re.compile(r" \(\d+\)$")
"""What `vidtext.text` puts behind a title that another chapter has too."""

_OFTEN_REDRAWN = 20
"""With more chapters than this, pictures are sent at the beginning and at the end alone, not with every new title."""


def finding_html(progress: Progress, result: ChaptersResult | None) -> str:
    """Return the status: the step, and once it is known where chapters begin, how many are described."""
    if result is None:
        return status_html(progress_text(progress), progress=progress)
    return counted_html(progress, result.chapters_done, result.chapters_total, "chapters described")


def list_html(result: ChaptersResult, name: str, closing: Closing) -> str:  # noqa: ARG001  the list needs no name
    """Return the chapters as a list; when no more will come, with titles to edit."""
    pictures = pictures_are_due(result, closing)
    clock = clock_of_segments(result.chapters.segments)
    rows = "".join(
        _row(number, picture_uri(result.thumbnails.pixels[number]) if pictures else "", clock, result, closing)
        for number in range(len(result.chapters.segments))
    )
    return f'<ol class="vt-chapters">{rows}</ol>'


def _row(number: int, picture: str, clock: Callable[[float], str], result: ChaptersResult, closing: Closing) -> str:
    chapter = result.chapters.segments[number]
    pending = number >= result.chapters_done
    says_more = _plain(chapter.description) not in ("", _plain(chapter.title))
    description = f'<p class="vt-text">{escape(chapter.description)}</p>' if says_more else ""
    return (
        f'<li data-from="{to_seek(chapter.start_seconds)}" data-to="{to_seek(chapter.stop_seconds)}"'
        f"{' class=vt-pending' if pending and not closing.closed else ''}>"
        f'<button type="button" class="vt-thumb" data-seek-seconds="{to_seek(chapter.start_seconds)}" tabindex="-1" '
        f'aria-hidden="true"><img src="{picture}" alt=""></button>'
        f"<div>{_title(number, chapter, closing)}"
        f"{time_html(chapter.start_seconds, chapter.stop_seconds, clock)}{description}</div></li>"
    )


def _plain(words: str) -> str:
    """Return words without what tells equal titles apart: " (2)", and a full stop."""
    return _NUMBERED.sub("", words).strip().rstrip(".").casefold()


def _title(number: int, chapter: Chapter, closing: Closing) -> str:
    if not closing.closed:
        return f'<h3 class="vt-title">{escape(chapter.title)}</h3>'
    return (
        f'<input class="vt-title" type="text" value="{escape(chapter.title)}" maxlength="{TITLE_CHARACTERS}" '
        f'data-chapter="{number}" aria-label="Title of chapter {number + 1}" autocomplete="off">'
    )


def timeline_html(result: ChaptersResult) -> str:
    """Return one block a chapter, as wide as it is long."""
    return "".join(
        f'<button type="button" class="vt-block" data-seek-seconds="{to_seek(chapter.start_seconds)}" '
        f'data-from="{to_seek(chapter.start_seconds)}" data-to="{to_seek(chapter.stop_seconds)}" '
        f'style="flex-grow:{max(chapter.stop_seconds - chapter.start_seconds, 0.001):.3f}" '
        f'title="{clock(chapter.start_seconds)} {escape(chapter.title)}">'
        f'<img src="{picture_uri(picture)}" alt=""><span>{escape(chapter.title)}</span></button>'
        for chapter, picture in zip(result.chapters.segments, result.thumbnails.pixels, strict=True)
    )


def pictures_are_due(result: ChaptersResult, closing: Closing) -> bool:
    """Whether pictures, and with them the timeline, are sent again for this result."""
    return closing.closed or result.chapters_done == 0 or result.chapters_total <= _OFTEN_REDRAWN


def closing_html(result: ChaptersResult, name: str, closing: Closing) -> str:
    """Return what made the chapters, the downloads, and why YouTube would not take them, if so."""
    chapters = result.chapters
    facts = [f"{result.chapters_total} chapters", f"{len(result.shots)} shots"]
    stopped = f"Stopped: {result.chapters_done} of {result.chapters_total} chapters are described."
    notes = [*([stopped] if closing.stopped else []), *chapters.notes]
    links = "".join(
        download_html(form.label, file_name(name, "chapters", form.suffix), form.media_type, form.write(chapters))
        for form in CHAPTER_FORMATS.values()
    )
    problems = " ".join(youtube_problems(chapters))
    return (
        provenance_html(result.card, result.device, facts, result.seconds_taken, notes)
        + '<div class="vt-actions"><button type="button" class="vt-small" '
        + f'data-copy="{escape(CHAPTER_FORMATS["youtube"].write(chapters))}">Copy</button>'
        + f"{downloads_html(links)}</div>"
        + (f'<p class="vt-note">For YouTube: {escape(problems)}</p>' if problems else "")
    )


def announcement(result: ChaptersResult) -> str:
    """Say to a screen reader what came."""
    if result.chapters_done == 0:
        return f"{result.chapters_total} chapters found."
    title = result.chapters.segments[result.chapters_done - 1].title
    return f"{result.chapters_done} of {result.chapters_total} chapters. {title}"
