"""Conversations as documents, read back by other readers and by ourselves."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from vidtext.errors import OptionError
from vidtext.text.transcript import Exchange, TalkedAbout, Transcript, read_transcript
from vidtext.text.transcript_formats import TRANSCRIPT_FORMATS, render_transcript

TALK = Transcript(
    (
        Exchange("What moves?", "A *red* ball.\nIt <b>falls</b>.", ("Looked at 0:01–0:05 more closely.",)),
        Exchange("# And\nthen?", "It", finished=False),
    ),
    (TalkedAbout("Video A", "my_clip_[1].mp4", 75.25),),
    "llava",
)
LIMITS = {"most_turns": 10, "most_characters": 200, "most_answer_characters": 300}


def test_json_says_all() -> None:
    assert json.loads(render_transcript(TALK, "json")) == {
        "model": "llava",
        "videos": [{"label": "Video A", "name": "my_clip_[1].mp4", "duration_seconds": 75.25}],
        "turns": [
            {
                "question": "What moves?",
                "answer": "A *red* ball.\nIt <b>falls</b>.",
                "finished": True,
                "notes": ["Looked at 0:01–0:05 more closely."],
            },
            {"question": "# And\nthen?", "answer": "It", "finished": False, "notes": []},
        ],
    }


def test_markdown_shows_the_words_as_they_are() -> None:
    html = MarkdownIt("commonmark").render(render_transcript(TALK, "md"))
    assert re.findall(r"<h2>(.*?)</h2>", html) == ["What moves?", "# And then?"]
    assert "<p>A *red* ball.</p>\n<p>It &lt;b&gt;falls&lt;/b&gt;.</p>" in html
    assert "my_clip_[1].mp4, 1:15.2" in html
    assert html.count("<blockquote>") == 2  # a note, and that an answer was stopped
    assert "<em>" not in html


def test_text_has_a_line_each() -> None:
    assert render_transcript(TALK, "txt") == (
        "Q: What moves?\nA: A *red* ball. It <b>falls</b>.\n\nQ: # And then?\nA: It\n"
    )


def test_an_unknown_format_is_explained() -> None:
    with pytest.raises(OptionError, match=r"'pdf' is not a format\. The formats are md, json, txt\."):
        render_transcript(TALK, "pdf")


words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


@given(st.lists(st.builds(Exchange, words.filter(str.strip), words, st.tuples(words), st.booleans()), max_size=5))
def test_what_was_saved_is_read_again(turns: list[Exchange]) -> None:
    talk = Transcript(tuple(turns), TALK.videos, "llava")
    assert read_transcript(render_transcript(talk, "json"), **LIMITS) == talk
    for kind in TRANSCRIPT_FORMATS:
        assert isinstance(render_transcript(talk, kind), str)


def test_a_long_answer_is_read_again() -> None:
    """As long as one of `Settings().max_answer_tokens` may be, of which some stand for more than eighty spaces."""
    talk = Transcript((Exchange("Why?", "a" + " " * 83_000 + "z"),))
    read = read_transcript(render_transcript(talk, "json"), most_turns=1, most_characters=8000)
    assert read == talk


def test_surrogates_become_text() -> None:
    saved = {
        "model": "m\udc00",
        "videos": [{"label": "Video A", "name": "caf\udce9.mp4", "duration_seconds": 1}],
        "turns": [{"question": "\ud83d?", "answer": "\ud83d\ude00 \ude00", "notes": ["\udfff."], "finished": True}],
    }
    read = read_transcript(json.dumps(saved), **LIMITS)
    assert read == Transcript(
        (Exchange("\ufffd?", "😀 \ufffd", ("\ufffd.",)),), (TalkedAbout("Video A", "caf\ufffd.mp4", 1.0),), "m\ufffd"
    )
    for kind in TRANSCRIPT_FORMATS:
        render_transcript(read, kind).encode()


def changed(**fields: object) -> str:
    return json.dumps(json.loads(render_transcript(TALK, "json")) | fields)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("[]", 'it has no list "turns"'),
        ("{}", 'it has no list "turns"'),
        (changed(turns=[{}]), 'turn 1 has no text "question"'),
        (changed(turns=[1]), 'turn 1 has no text "question"'),
        (changed(turns=[{"question": " ", "answer": "", "notes": []}]), "the question of turn 1 is empty"),
        (changed(turns=[{"question": "a", "answer": 3, "notes": []}]), 'turn 1 has no text "answer"'),
        (changed(turns=[{"question": "a", "answer": "b", "notes": [3]}]), "the notes of turn 1 are not sentences"),
        (changed(turns=[{"question": "a" * 201, "answer": "b", "notes": []}]), "has 201 characters; up to 200"),
        (changed(turns=[{"question": "a", "answer": "b" * 301, "notes": []}]), "has 301 characters; up to 300"),
        (changed(turns=[{"question": "a", "answer": "", "notes": []}] * 11), "has 11 turns; up to 10"),
        (changed(videos=[{"label": "A", "name": "b", "duration_seconds": "1"}]), "the duration of video 1 is '1'"),
        (changed(videos=[{"label": "A", "name": "b", "duration_seconds": True}]), "the duration of video 1 is True"),
        (changed(videos=[{"name": "b", "duration_seconds": 1}]), 'video 1 has no text "label"'),
        (changed(videos=[{"label": "A", "name": "b", "duration_seconds": 10**400}]), "the duration of video 1 is 1000"),
        (changed(videos=[{"label": "A", "name": "b", "duration_seconds": 1e306}]), "the duration of video 1 is 1e+306"),
        (changed(model=None), 'the conversation has no text "model"'),
        (changed(videos=[{"label": "A", "name": "b", "duration_seconds": float("nan")}]), "the duration of video 1"),
    ],
)
def test_what_is_no_saved_conversation_is_explained(text: str, message: str) -> None:
    with pytest.raises(OptionError, match=re.escape(message)):
        read_transcript(text, **LIMITS)
