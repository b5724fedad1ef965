"""Reasoning is kept out of answers, however it is marked and wherever a reply is cut into pieces."""

from __future__ import annotations

import pytest

from vidtext.models.reasoning import AnswerFilter, opens_reasoning

CASES: list[tuple[bool | None, str, str]] = [
    (False, "<think>\nOkay.\n</think>\n\nA red ball.", "A red ball."),
    (None, "<think>\nOkay.\n</think>\n\nA red ball.", "A red ball."),
    (None, "Okay, the user wants.\n</think>\n\nA red ball.", "A red ball."),
    (True, "Okay, the user wants.\n</think>\n\nA red ball.", "A red ball."),
    (True, "Is 1 < 2? <b>\n</think>A <b>red</b> ball.", "A <b>red</b> ball."),
    (False, "\n<think>\n\n</think>\n\nA red ball.", "A red ball."),
    (None, "[THINK]Okay.[/THINK]A red ball.", "A red ball."),
    (None, "◁think▷Okay.◁/think▷A red ball.", "A red ball."),
    (None, "<seed:think>Okay.</seed:think>A red ball.", "A red ball."),
    (False, "A red <think>or blue</think>ball. <think>Yes.</think>It rolls.", "A red ball. It rolls."),
    (False, "<think>The sign says [THINK] and ◁/think▷.</think>A sign.", "A sign."),
    (False, "</think>\n\nA red ball.", "\n\nA red ball."),
    (False, "A ball </think> or not.", "A ball </think> or not."),
]

PLAIN = [
    "A red ball.",
    "3 < 4",
    "a <thin line",
    "<",
    "<thi",
    "a [T",
    "</",
    "x </thinking",
    "",
    "  two  spaces ",
    "1 <\n2",
]


def filtered(pieces: list[str], *, opened: bool | None, cut: bool = False) -> str:
    answer = AnswerFilter(opened=opened)
    return "".join([*(answer.added(piece) for piece in pieces), answer.ended(cut=cut)])


def divisions(text: str) -> list[list[str]]:
    """Divide a text into pieces of each length, and into two at each place."""
    lengths = range(1, len(text) + 1)
    evenly = [[text[at : at + length] for at in range(0, len(text), length)] for length in lengths]
    return [*evenly, *([text[:at], text[at:]] for at in lengths), [text, ""]]


@pytest.mark.parametrize(("opened", "reply", "answer"), CASES)
def test_the_answer_comes_without_reasoning_however_it_is_divided(
    opened: bool | None,  # noqa: FBT001  a parameter of the test
    reply: str,
    answer: str,
) -> None:
    for pieces in divisions(reply):
        assert filtered(pieces, opened=opened) == answer, pieces
        assert filtered(pieces, opened=opened, cut=True) == answer, pieces


@pytest.mark.parametrize("reply", PLAIN)
@pytest.mark.parametrize("opened", [None, False])
def test_an_ordinary_answer_is_never_changed(
    reply: str,
    opened: bool | None,  # noqa: FBT001
) -> None:
    for pieces in divisions(reply):
        assert filtered(pieces, opened=opened) == reply, pieces
        assert filtered(pieces, opened=opened, cut=True) == reply, pieces


def test_an_answer_comes_as_soon_as_it_is_certain() -> None:
    answer = AnswerFilter(opened=False)
    assert [answer.added(piece) for piece in ("A ", "<", "b> <thi", "n", "k>", "no", "</think>", " red")] == [
        "A ", "", "<b> ", "", "", "", "", " red",
    ]  # fmt: skip


def test_what_nobody_knows_yet_is_held_back_to_its_end() -> None:
    answer = AnswerFilter(opened=None)
    assert (answer.added("A red ball."), answer.opened) == ("", None)
    assert answer.ended(cut=False) == "A red ball."


@pytest.mark.parametrize(
    ("opened", "reply", "cut", "text", "reasoned"),
    [
        (False, "<think>Okay, the user", True, "", True),
        (True, "Okay, the user", True, "", True),
        (True, "Okay, the user", False, "", True),
        (False, "<think>Okay, the user", False, "", True),
        (False, "The sign says <think>.", False, "The sign says <think>.", False),
        (False, "It rolls. <think>But", True, "It rolls. ", True),
    ],
)
def test_reasoning_without_its_end(opened: bool, reply: str, cut: bool, text: str, reasoned: bool) -> None:  # noqa: FBT001
    answer = AnswerFilter(opened=opened)
    assert answer.added(reply) + answer.ended(cut=cut) == text
    assert answer.reasoned == reasoned


def test_a_prompt_that_opens_reasoning() -> None:
    assert opens_reasoning("<|im_start|>assistant\n<think>\n")
    assert not opens_reasoning("<|im_start|>assistant\n<think>\n\n</think>\n\n")
    assert not opens_reasoning("<|im_start|>user\nWhat is <think>?<|im_end|>\n<|im_start|>assistant\n")
