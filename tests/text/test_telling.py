from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidtext.text.telling import (
    TITLE_CHARACTERS,
    distinct_title,
    keywords,
    sentence,
    title_of,
    told_in_order,
    without_repeats,
)


@pytest.mark.parametrize(
    ("words", "whole"),
    [("a dog runs", "A dog runs."), ("Ends well.", "Ends well."), ("really?", "Really?"), ("", ""), ("  x ", "X.")],
)
def test_a_sentence_begins_large_and_ends(words, whole) -> None:
    assert sentence(words) == whole


@pytest.mark.parametrize(
    ("description", "title"),
    [
        ("A dark scene, mostly black; the camera stays still.", "A dark scene, mostly black"),
        ("a man plays a guitar.", "A man plays a guitar"),
        ("Two people talk. Then they leave.", "Two people talk"),
        ("At 3.5 metres it falls.", "At 3.5 metres it falls"),
        ("", "Untitled"),
        (" ... ", "Untitled"),
        ("one\ntwo", "One two"),
        (
            "A man is playing a guitar in a room with a large window while a dog sleeps.",
            "A man is playing a guitar in a room with a large window while…",
        ),
        (
            "A woman in a red coat is walking, a child runs behind her with a very large balloon.",
            "A woman in a red coat is walking…",
        ),
    ],
)
def test_a_title_is_the_first_clause(description, title) -> None:
    assert title_of(description) == title


@given(st.text())
def test_a_title_is_one_short_line_whatever_was_said(description) -> None:
    title = title_of(description)

    assert 0 < len(title) <= TITLE_CHARACTERS + 2  # a capital letter may be longer than its small one: ß
    assert len(title.splitlines()) == 1


def test_neighbours_get_different_titles() -> None:
    assert distinct_title(["A", "B"], None) == "A"
    assert distinct_title(["A", "B"], "A") == "B"
    assert distinct_title(["A"], "A") == "A (2)"
    assert distinct_title(["A"], "A (2)") == "A (3)"
    assert distinct_title(["A", "B"], "A (2)") == "B"
    assert distinct_title(["A"], "B") == "A"


def test_the_same_words_are_told_once() -> None:
    assert without_repeats(["A dog.", "a dog", "A cat.", "A dog!", "", "…"]) == ["A dog.", "A cat."]


@pytest.mark.parametrize(
    "texts",
    [
        ["Slide 1 is shown.", "Slide 2 is shown."],
        ["The score is 1 to 0.", "The score is 2 to 1."],
        ["The clock shows 10:00.", "The clock shows 11:30."],
        ["1000", "2000"],
    ],
)
def test_texts_that_differ_in_a_number_are_two(texts: list[str]) -> None:
    assert without_repeats(texts) == texts


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        ([], ""),
        (["a dog runs"], "A dog runs."),
        (["A dog runs.", "A cat sleeps."], "First, a dog runs. Then, a cat sleeps."),
        (["A dog runs.", "A dog runs."], "A dog runs."),
        (
            ["One.", "Two.", "Three.", "Four.", "Five.", "Six."],
            "First, one. Then, two. Next, three. After that, four. Then, five. Finally, six.",
        ),
        (
            ["It is dark.", "First a dog runs, then a cat."],
            "First, it is dark. Then, a dog runs, then a cat.",
        ),
        (["I walk.", "NASA launches."], "First, I walk. Then, NASA launches."),
    ],
)
def test_a_paragraph_tells_in_order(texts, told) -> None:
    assert told_in_order(texts) == told


@given(st.lists(st.sampled_from(["a red circle grows.", "a blue square is still.", "It is dark."]), max_size=9))
def test_a_paragraph_adds_no_word_of_content(texts) -> None:
    own = set(" ".join(texts).lower().replace(".", " ").split())
    told = set(told_in_order(texts).lower().replace(",", " ").replace(".", " ").split())

    assert told - own <= {"first", "then", "next", "after", "that", "finally"}


def test_keywords_are_what_lasts_longest() -> None:
    texts = ["A red circle moves to the right.", "A blue circle stays still.", "It is dark."]

    assert keywords(texts, [5, 3, 1], 3) == ("circle", "red", "blue")
    assert keywords(texts, [1, 1, 9], 1) == ("dark",)


def test_a_word_counts_once_a_text() -> None:
    assert keywords(["dog dog dog", "cat", "cat"], [1, 1, 1], 2) == ("cat", "dog")


def test_keywords_of_nothing_are_none() -> None:
    assert keywords([], [], 5) == ()
    assert keywords(["the of and it is"], [1], 5) == ()
