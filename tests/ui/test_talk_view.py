from __future__ import annotations

import re
from dataclasses import replace

import pytest

from vidtext.models.base import ModelInfo
from vidtext.tasks.dialogue import Dialogue, Turn
from vidtext.ui.session.results import FINISHED, GROWING, STOPPED
from vidtext.ui.tabs.chat_view import Talk, linked_html, talk_html

CARD = ModelInfo("chatty", "llava_next_video", "MIT", 6, 64, "squash", 512, 0, "Sees.", chats=True)
NASTY = '</p><img src=x onerror="alert(1)"><!-- ${1+1} {{value}}'


def talk(*turns: Turn, seconds: float = 60.0) -> Talk:
    return Talk(Dialogue((), turns), CARD, "cpu", duration_seconds=seconds)


@pytest.mark.parametrize("closing", [GROWING, FINISHED, STOPPED])
def test_nothing_that_anyone_says_is_markup(closing) -> None:
    html = talk_html(talk(Turn(NASTY, NASTY, notes=(NASTY,))), NASTY, closing)
    assert "<img" not in html
    assert 'onerror="' not in html
    assert "<!--" not in html


def test_an_answer_is_not_markdown_either() -> None:
    html = talk_html(talk(Turn("a", "# Big\n[x](javascript:alert(1)) **b** ![](http://a/b.png)")), "a", FINISHED)
    assert "<h1" not in html
    assert "<a href" not in html
    assert "<strong" not in html


@pytest.mark.parametrize(
    ("text", "seeks"),
    [
        ("At 0:07 it ends.", ["7.000"]),
        ("From 0:01.5 to 0:59", ["1.500", "59.000"]),
        ("At 1:00 sharp", ["60.000"]),
        ("At 1:01", []),
        ("1:75 is no time", []),
        ("A ratio of 16:9", []),
        ("9:59", []),
        ("0:00:30", ["30.000"]),
    ],
)
def test_times_within_the_video_seek(text: str, seeks: list[str]) -> None:
    html = linked_html(text, 60.0)
    assert re.findall(r'data-seek-seconds="([\d.]+)"', html) == seeks
    assert re.sub(r"<[^>]*>", "", html) == text


def test_what_stands_around_a_time_is_escaped() -> None:
    assert "<b>" not in linked_html("<b>0:07</b>", 60.0)


def test_only_a_conversation_at_rest_can_be_changed() -> None:
    turns = Turn("a", "b", finished=True), Turn("c", "d", finished=True)
    again = replace(talk(*turns), again=True)
    growing, closed = (talk_html(again, "a", closing) for closing in (GROWING, FINISHED))
    for mark in ("data-edit", "data-again", "data-undo", "data-fresh", "download="):
        assert mark not in growing
        assert mark in closed
    assert closed.count("data-edit") == 2
    assert closed.count("data-again") == 1
    assert "data-again" not in talk_html(talk(*turns), "a", FINISHED)  # the same answer would come again


def test_an_answer_that_was_stopped_says_so() -> None:
    assert "Stopped before" in talk_html(talk(Turn("a", "It is")), "a", STOPPED)
    assert "Stopped before" not in talk_html(talk(Turn("a", "It is")), "a", GROWING)
    assert "Stopped before" not in talk_html(talk(Turn("a", "It is", finished=True)), "a", FINISHED)
