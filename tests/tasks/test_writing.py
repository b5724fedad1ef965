from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any

import pytest

from tests.tasks.models import ColourCaptioner, ColourChat
from vidtext.errors import OptionError
from vidtext.job import Job
from vidtext.models.base import GenerationOptions, cut_short
from vidtext.tasks.writing import Writer, beginnings, instruction

OPTIONS = GenerationOptions(max_new_tokens=20)


def writer_of(chat: ColourCaptioner, style: str = "Be plain.") -> Writer:
    return Writer(chat, OPTIONS, style, clips_at_once=4, frames_per_clip=4, notes=[])


def table_of_contents(prompt: str) -> str:
    """A well-behaved model: "1. the first word" for each description."""
    return "\n".join(f"{number}. {words.split()[0]} things" for number, words in re.findall(r"(\d+)\. (.*)", prompt))


def test_a_captioner_names_chapters_by_the_beginnings() -> None:
    titles, note = writer_of(ColourCaptioner()).titles([["A red screen."], ["A blue screen; it is still."]], Job())

    assert titles == ["A red screen", "A blue screen"]
    assert note == ""


def test_neighbours_that_begin_alike_take_what_else_was_said() -> None:
    assert beginnings([["Red.", "Blue."], ["Red.", "Green."], ["Green.", "Green."], ["Green."]]) == [
        "Red",
        "Green",
        "Green (2)",
        "Green (3)",
    ]


def test_a_chat_model_writes_all_titles_together() -> None:
    chat = ColourChat(table_of_contents)

    titles, note = writer_of(chat).titles([["Red moves."], ["Blue rests."], ["Green sinks."]], Job())

    assert titles == ["Red things", "Blue things", "Green things"]
    assert (len(chat.asked), note) == (1, "")


@pytest.mark.parametrize(
    "answer",
    [
        "1. One\n2. Two",
        "1) One\n\n2) Two\n",
        "- One\n- Two",
        "**One**\n**Two**",
        '"One"\n"Two"',
        "One\nTwo.",
        "1: One\n2: Two",
        "**1. One**\n**2. Two**",
        "1. **One**:\n2. __Two__",
        "## 1. One\n## 2. Two",
        "Chapter 1: One\nChapter 2: Two",
        "Part 1 - One\nPart 2 – Two",
    ],
)
def test_a_table_of_contents_is_read_however_it_is_set(answer: str) -> None:
    titles, note = writer_of(ColourChat(lambda _: answer)).titles([["A."], ["B."]], Job())

    assert (titles, note) == (["One", "Two"], "")


@pytest.mark.parametrize("answer", ["", "1. Only one", "1. One\n2. Two\n3. Three"])
def test_a_table_with_another_number_of_lines_is_not_used_and_told(answer: str) -> None:
    titles, note = writer_of(ColourChat(lambda _: answer)).titles([["A dog."], ["A cat."]], Job())

    assert titles == ["A dog", "A cat"]
    assert "no usable table of contents" in note


@pytest.mark.parametrize(
    "title", ["A well-known singer", "Dr. Strange enters", "Intro – Setting the scene", "10:00 at night", "3-D glasses"]
)
def test_a_title_of_the_model_stays_as_it_is(title: str) -> None:
    titles, _ = writer_of(ColourChat(lambda _: f"1. {title}\n{title}")).titles([["A."], ["B."]], Job())

    assert titles == [title, f"{title} (2)"]


def test_an_answer_that_was_cut_is_told_once() -> None:
    class Verbose(ColourChat):
        def reply(self, *asked: Any) -> Generator[str, None, str]:
            _, options, _ = asked
            yield "One."
            return cut_short(options.max_new_tokens)

    writer = writer_of(Verbose(lambda _: ""))
    assert writer.reduce(["A."], "two sentences", 7, Job()) == "One."
    writer.reduce(["B."], "two sentences", 7, Job())

    assert writer.notes == ["The model had more to say: its answer was cut at 7 tokens."]


def test_titles_that_the_model_repeats_are_told_apart() -> None:
    titles, _ = writer_of(ColourChat(lambda _: "1. Same\n2. Same\n3. Other")).titles([["A."], ["B."], ["C."]], Job())

    assert titles == ["Same", "Same (2)", "Other"]


def test_a_title_of_the_model_is_one_short_line() -> None:
    long = "word " * 60
    titles, _ = writer_of(ColourChat(lambda _: f"1. {long}\n2. ok")).titles([["A."], ["B."]], Job())

    assert len(titles[0]) <= 64


def test_what_does_not_fit_the_context_is_done_in_rounds() -> None:
    chat = ColourChat(table_of_contents, context_tokens=400)
    told = [[f"Colour{number} " + "very " * 20 + "long."] for number in range(30)]

    titles, note = writer_of(chat).titles(told, Job())

    assert titles == [f"Colour{number} things" for number in range(30)]
    assert len(chat.asked) > 1
    assert note == ""


def test_a_summary_of_more_than_the_context_is_reduced_twice() -> None:
    chat = ColourChat(lambda _: "In short.", context_tokens=300)

    assert (
        writer_of(chat).reduce([f"{n} " + "word " * 30 for n in range(20)], "two sentences", 20, Job()) == "In short."
    )
    assert len(chat.asked) > 3
    assert "1. In short." in chat.asked[-1]


def test_a_context_too_small_for_two_descriptions_is_explained() -> None:
    chat = ColourChat(lambda _: "x", context_tokens=100)

    with pytest.raises(OptionError, match="context of 100 tokens, too few for two descriptions"):
        writer_of(chat).reduce(["word " * 30] * 5, "two sentences", 20, Job())


def test_the_style_reaches_the_model() -> None:
    chat = ColourChat(lambda _: "x")

    writer_of(chat, instruction("meeting")).reduce(["One."], "two sentences", 20, Job())

    assert "meeting minutes" in chat.asked[0]
    assert instruction("Sing it.") == "Sing it."


def test_keywords_are_read_off_the_answer_each_once() -> None:
    chat = ColourChat(lambda _: "dog, cat; dog\n big tree.")

    assert writer_of(chat).keywords("A dog and a cat.", 8, Job()) == ("dog", "cat", "big tree")
    assert writer_of(chat).keywords("A dog and a cat.", 2, Job()) == ("dog", "cat")


def test_braces_in_what_was_said_are_text() -> None:
    chat = ColourChat(lambda prompt: prompt)

    assert "{count} {0}" in writer_of(chat).reduce(["Look: {count} {0}."], "one sentence", 20, Job())
