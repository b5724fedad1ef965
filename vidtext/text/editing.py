"""Changes by hand to timed texts, chapters and summaries. Each returns a new value, with a note that says so.

A segment is named by its index.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from vidtext.clock import format_clock
from vidtext.errors import OptionError
from vidtext.text.chapters import Chapter
from vidtext.text.timed import TimedText

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vidtext.text.chapters import Chapters
    from vidtext.text.summary import Summary
    from vidtext.text.timed import Segment

Timed = TypeVar("Timed", bound=TimedText)

EDITED = "Edited by hand."
"""The note of a text that is no longer only the model's."""

TITLE_CHARACTERS = 200
"""The most characters of a chapter's title: twice what YouTube allows a video's title."""

TEXT_CHARACTERS = 5000
"""The most characters of any other text: what a description on YouTube may have."""

SHORTEST_SECONDS = 0.1
"""The shortest chapter that an edit may leave: a few frames."""

NEW_TITLE = "New chapter"


def with_text(timed: Timed, index: int, text: str) -> Timed:
    """Return the text with other words in one segment: a caption's text, or a chapter's title.

    Raises:
        OptionError: there is no such segment, or the words are none or too many.
    """
    segment = _segment(timed, index)
    most = TITLE_CHARACTERS if isinstance(segment, Chapter) else TEXT_CHARACTERS
    return _with(timed, index, [replace(segment, text=_checked(text, most, fewest=1))])


def with_description(chapters: Chapters, index: int, description: str) -> Chapters:
    """Return the chapters with another description of one of them; it may be empty.

    Raises:
        OptionError: there is no such chapter, or the description is too long.
    """
    chapter = _chapter(chapters, index)
    return _with(chapters, index, [replace(chapter, description=_checked(description, TEXT_CHARACTERS))])


def without(timed: TimedText, index: int) -> TimedText:
    """Return the text without one segment.

    Raises:
        OptionError: there is no such segment, or it is the only one.
    """
    _segment(timed, index)
    _check_not_the_only(timed)
    return _with(timed, index, [])


def with_start(chapters: Chapters, index: int, start_seconds: float) -> Chapters:
    """Return the chapters with another start of one of them, up to which the one before lasts.

    Raises:
        OptionError: there is no such chapter, it is the first, or the time is not between the starts of its neighbours.
    """
    chapter = _chapter(chapters, index)
    if index == 0:
        raise OptionError("The first chapter starts with the video.")
    before = chapters.segments[index - 1]
    earliest, latest = before.start_seconds + SHORTEST_SECONDS, chapter.stop_seconds - SHORTEST_SECONDS
    if not earliest <= start_seconds <= latest:
        raise OptionError(
            f"{format_clock(start_seconds)} is not possible: chapter {index + 1} starts after "
            f"{format_clock(before.start_seconds)}, where the one before starts, and before "
            f"{format_clock(chapter.stop_seconds)}, where it ends."
        )
    moved = [replace(before, stop_seconds=start_seconds), replace(chapter, start_seconds=start_seconds)]
    return _with(chapters, index - 1, moved, instead_of=2)


def with_chapter(chapters: Chapters, start_seconds: float) -> Chapters:
    """Return the chapters with one more, which starts at a time and takes the rest of the chapter that it is in.

    Raises:
        OptionError: the time is outside the chapters, or too near to where one starts or ends.
    """
    inside = (n for n, each in enumerate(chapters.segments) if each.start_seconds <= start_seconds < each.stop_seconds)
    index = next(inside, None)
    if index is None:
        raise OptionError(f"{format_clock(start_seconds)} is after the end of the last chapter.")
    chapter = chapters.segments[index]
    if min(start_seconds - chapter.start_seconds, chapter.stop_seconds - start_seconds) < SHORTEST_SECONDS:
        raise OptionError(
            f"A chapter already starts or ends at {format_clock(start_seconds)}. Go to another time in the video."
        )
    added = Chapter(start_seconds, chapter.stop_seconds, NEW_TITLE)
    return _with(chapters, index, [replace(chapter, stop_seconds=start_seconds), added])


def without_chapter(chapters: Chapters, index: int) -> Chapters:
    """Return the chapters without one; its time goes to the chapter before, that of the first to the next.

    Raises:
        OptionError: there is no such chapter, or it is the only one.
    """
    chapter = _chapter(chapters, index)
    _check_not_the_only(chapters)
    if index == 0:
        following = replace(chapters.segments[1], start_seconds=chapter.start_seconds)
        return _with(chapters, 0, [following], instead_of=2)
    before = replace(chapters.segments[index - 1], stop_seconds=chapter.stop_seconds)
    return _with(chapters, index - 1, [before], instead_of=2)


def with_abstract(summary: Summary, abstract: str) -> Summary:
    """Return the summary with another abstract; a summary that was the same stays the same.

    Raises:
        OptionError: the words are none or too many.
    """
    words = _checked(abstract, TEXT_CHARACTERS, fewest=1)
    whole = words if summary.summary == summary.abstract else summary.summary
    return replace(summary, abstract=words, summary=whole, notes=_with_note(summary.notes))


def with_paragraph(summary: Summary, index: int, text: str) -> Summary:
    """Return the summary with other words in one of its paragraphs, which lines are.

    Raises:
        OptionError: there is no such paragraph, or the words are none or too many.
    """
    paragraphs = summary.paragraphs
    if not 0 <= index < len(paragraphs):
        raise OptionError(f"There is no paragraph {index + 1}; there are {len(paragraphs)}.")
    words = _checked(text, TEXT_CHARACTERS, fewest=1)
    whole = "\n".join((*paragraphs[:index], words, *paragraphs[index + 1 :]))
    return replace(summary, summary=whole, notes=_with_note(summary.notes))


def with_highlight(summary: Summary, index: int, text: str) -> Summary:
    """Return the summary with other words for one of its highlights.

    Raises:
        OptionError: there is no such highlight, or the words are none or too many.
    """
    highlights = replace(with_text(summary.highlights, index, text), notes=summary.highlights.notes)
    return replace(summary, highlights=highlights, notes=_with_note(summary.notes))


def _segment(timed: TimedText, index: int) -> Segment:
    count = len(timed.segments)
    if not 0 <= index < count:
        raise OptionError(f"There is no number {index + 1}; there are {count}.")
    return timed.segments[index]


def _chapter(chapters: Chapters, index: int) -> Chapter:
    _segment(chapters, index)
    return chapters.segments[index]


def _checked(text: str, most: int, *, fewest: int = 0) -> str:
    words = " ".join(text.split())
    if not fewest <= len(words) <= most:
        raise OptionError(f"The text has {len(words):,} characters; {fewest} to {most:,} are allowed.")
    return words


def _check_not_the_only(timed: TimedText) -> None:
    if len(timed.segments) == 1:
        raise OptionError("The only one cannot be removed. Change its words.")


def _with(timed: Timed, index: int, segments: Sequence[Segment], *, instead_of: int = 1) -> Timed:
    """Put segments in the place of others, and note that this was done by hand."""
    changed = (*timed.segments[:index], *segments, *timed.segments[index + instead_of :])
    return replace(timed, segments=changed, notes=_with_note(timed.notes))


def _with_note(notes: tuple[str, ...]) -> tuple[str, ...]:
    return notes if EDITED in notes else (*notes, EDITED)
