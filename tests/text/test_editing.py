from __future__ import annotations

import pytest

from vidtext.errors import OptionError
from vidtext.text.chapters import Chapter, Chapters
from vidtext.text.editing import (
    EDITED,
    TEXT_CHARACTERS,
    TITLE_CHARACTERS,
    with_chapter,
    with_description,
    with_start,
    with_text,
    without,
    without_chapter,
)
from vidtext.text.timed import Segment, TimedText

CAPTIONS = TimedText((Segment(0, 2, "One."), Segment(3, 5, "Two.")), model="m", notes=("A note.",))
CHAPTERS = Chapters((Chapter(0, 10, "A", "First."), Chapter(10, 20, "B", "Second."), Chapter(20, 30, "C")), model="m")


def spans(chapters: Chapters) -> list[tuple[float, float, str]]:
    return [(each.start_seconds, each.stop_seconds, each.title) for each in chapters.segments]


def test_words_of_a_caption() -> None:
    edited = with_text(CAPTIONS, 1, "  Zwei \n Worte ")
    assert edited.segments == (Segment(0, 2, "One."), Segment(3, 5, "Zwei Worte"))
    assert edited.notes == ("A note.", EDITED)
    assert with_text(edited, 0, "Eins").notes == ("A note.", EDITED)
    assert edited.model == "m"


def test_a_caption_less() -> None:
    assert without(CAPTIONS, 0).segments == (Segment(3, 5, "Two."),)
    with pytest.raises(OptionError):
        without(without(CAPTIONS, 0), 0)


def test_title_and_description() -> None:
    edited = with_description(with_text(CHAPTERS, 0, "Anfang"), 0, "")
    assert edited.segments[0] == Chapter(0, 10, "Anfang", "")
    assert edited.segments[1:] == CHAPTERS.segments[1:]


def test_another_start() -> None:
    assert spans(with_start(CHAPTERS, 1, 12.5)) == [(0, 12.5, "A"), (12.5, 20, "B"), (20, 30, "C")]


@pytest.mark.parametrize("seconds", [0, 20, 25, float("1e9")])
def test_a_start_outside_its_neighbours(seconds: float) -> None:
    with pytest.raises(OptionError):
        with_start(CHAPTERS, 1, seconds)


def test_the_first_starts_with_the_video() -> None:
    with pytest.raises(OptionError):
        with_start(CHAPTERS, 0, 1)


def test_one_more() -> None:
    added = with_chapter(CHAPTERS, 15)
    assert [span[:2] for span in spans(added)] == [(0, 10), (10, 15), (15, 20), (20, 30)]
    assert added.segments[1].description == "Second."
    assert added.segments[2].description == ""


@pytest.mark.parametrize("seconds", [0, 9.95, 10.05, 30, 31])
def test_one_more_where_there_is_no_place(seconds: float) -> None:
    with pytest.raises(OptionError):
        with_chapter(CHAPTERS, seconds)


@pytest.mark.parametrize(
    ("index", "left"),
    [(0, [(0, 20, "B"), (20, 30, "C")]), (1, [(0, 20, "A"), (20, 30, "C")]), (2, [(0, 10, "A"), (10, 30, "B")])],
)
def test_one_less(index: int, left: list[tuple[float, float, str]]) -> None:
    assert spans(without_chapter(CHAPTERS, index)) == left


def test_the_only_chapter_stays() -> None:
    with pytest.raises(OptionError):
        without_chapter(Chapters((Chapter(0, 1, "A"),)), 0)


@pytest.mark.parametrize("index", [-1, 3])
def test_no_such_chapter(index: int) -> None:
    with pytest.raises(OptionError):
        with_text(CHAPTERS, index, "D")
    with pytest.raises(OptionError):
        with_start(CHAPTERS, index, 11)


def test_bounds_of_texts() -> None:
    assert with_text(CHAPTERS, 0, "x" * TITLE_CHARACTERS).segments[0].title == "x" * TITLE_CHARACTERS
    with pytest.raises(OptionError):
        with_text(CHAPTERS, 0, "x" * (TITLE_CHARACTERS + 1))
    with pytest.raises(OptionError):
        with_text(CAPTIONS, 0, " \n ")
    with pytest.raises(OptionError):
        with_text(CAPTIONS, 0, "x" * (TEXT_CHARACTERS + 1))
