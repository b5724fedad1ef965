"""What chapters look like: a timeline under the player, a list that can be edited, and downloads."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from vidtext.clock import format_clock
from vidtext.text.chapter_formats import CHAPTER_FORMATS, youtube_problems
from vidtext.text.editing import TITLE_CHARACTERS
from vidtext.text.names import file_name
from vidtext.ui.framework.editing import field_html, place_html
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
from vidtext.ui.video.filmstrip import picture_uri

if TYPE_CHECKING:
    from collections.abc import Callable

    from vidtext.job import Progress
    from vidtext.tasks.chapters import ChaptersResult
    from vidtext.text.chapters import Chapter
    from vidtext.ui.session.results import Closing


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
    """Return the chapters as a list; when no more will come, with fields to edit them."""
    pictures = pictures_are_due(result, closing)
    clock = clock_of_segments(result.chapters.segments)
    rows = "".join(
        _row(index, picture_uri(result.thumbnails.pixels[index]) if pictures else "", clock, result, closing)
        for index in range(len(result.chapters.segments))
    )
    add = '<button type="button" class="vt-small" data-edit-action="add" data-value="now">Add a chapter here</button>'
    hint = '<span class="vt-label">At the time that the player shows</span>'
    return f'<ol class="vt-chapters">{rows}</ol>' + (f'<p class="vt-add">{add}{hint}</p>' if closing.closed else "")


def _row(index: int, picture: str, clock: Callable[[float], str], result: ChaptersResult, closing: Closing) -> str:
    chapter = result.chapters.segments[index]
    pending = index >= result.chapters_done
    return (
        f'<li {place_html(index, chapter)} data-from="{to_seek(chapter.start_seconds)}" '
        f'data-to="{to_seek(chapter.stop_seconds)}"{" class=vt-pending" if pending and not closing.closed else ""}>'
        f'<button type="button" class="vt-thumb" data-seek-seconds="{to_seek(chapter.start_seconds)}" tabindex="-1" '
        f'aria-hidden="true"><img src="{picture}" alt=""></button><div>{_title(index, chapter, closing)}'
        f'<div class="vt-when">{time_html(chapter.start_seconds, chapter.stop_seconds, clock)}'
        f"{_changes(index, chapter, result) if closing.closed else ''}</div>"
        f"{_description(index, chapter, closing)}</div></li>"
    )


def _description(index: int, chapter: Chapter, closing: Closing) -> str:
    says_more = _plain(chapter.description) not in ("", _plain(chapter.title))
    if not closing.closed:
        return f'<p class="vt-text">{escape(chapter.description)}</p>' if says_more else ""
    text = chapter.description if says_more else ""
    return field_html("description", f"Description of chapter {index + 1}", text, if_empty="description")


def _changes(index: int, chapter: Chapter, result: ChaptersResult) -> str:
    """Return what changes where a chapter starts, and removes it: folded away until it is wanted."""
    number = index + 1
    start = (
        f'<label>Start <input type="text" class="vt-start" data-edit="start" autocomplete="off" '
        f'value="{format_clock(chapter.start_seconds)}" aria-label="Start of chapter {number}"></label>'
        '<button type="button" class="vt-small" data-edit-action="start" data-value="now">Use the current time</button>'
    )
    remove = '<button type="button" class="vt-small" data-edit-action="remove">Remove</button>'
    parts = (start if index else "") + (remove if result.chapters_total > 1 else "")
    if not parts:
        return ""
    label = f"Change the start of chapter {number}, or remove it" if index else "Remove chapter 1"
    return (
        f'<details class="vt-fold"><summary aria-label="{label}">Edit</summary>'
        f'<div class="vt-actions">{parts}</div></details>'
    )


def _plain(words: str) -> str:
    """Return words without what tells equal titles apart: " (2)", and a full stop."""
    return _NUMBERED.sub("", words).strip().rstrip(".").casefold()


def _title(index: int, chapter: Chapter, closing: Closing) -> str:
    if not closing.closed:
        return f'<h3 class="vt-title">{escape(chapter.title)}</h3>'
    return (
        f'<input class="vt-title" type="text" value="{escape(chapter.title)}" maxlength="{TITLE_CHARACTERS}" '
        f'data-edit="title" aria-label="Title of chapter {index + 1}" autocomplete="off">'
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


def below_html(result: ChaptersResult, name: str, closing: Closing) -> str:
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
        provenance_html(result.info, result.device, facts, result.seconds_taken, notes)
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
