"""Answers with what was kept of the turns before are the answers without it, and do not pay for frames again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.models.checkpoints import save_tiny_llava_next_video
from tests.models.conversation import Seen, asserted_same, clip, tokens_of, turns, watched
from vidtext.media.read.frames import Frames
from vidtext.models import video_chat
from vidtext.models.base import Message
from vidtext.models.loading import load_model
from vidtext.models.prefix_cache import PrefixCache
from vidtext.models.video_chat import VideoChat

FRAMES = 4
TOKENS_PER_FRAME = 16
QUESTIONS = ["What moves?", "Which way does it go?", "And then?", "Is it large?", "Say it again."]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return save_tiny_llava_next_video(tmp_path_factory.mktemp("llava"))


@pytest.fixture
def chat(folder: Path, monkeypatch) -> VideoChat:
    monkeypatch.setattr(video_chat, "PREFIXES", PrefixCache())
    model = load_model(str(folder))
    assert isinstance(model, VideoChat)
    return model


@pytest.fixture
def seen(folder: Path) -> Iterator[Seen]:
    with watched(folder) as seen:
        yield seen


def test_five_turns_are_answered_as_without_it_and_the_frames_are_seen_once(chat, seen: Seen) -> None:
    messages: list[Message] = []
    for number, question in enumerate(QUESTIONS):
        messages.append(Message("user", question, () if number else (clip(0),)))
        seen.clear()
        with_kept, answer = tokens_of(chat, messages, "a")
        assert seen.frames == ([] if number else [FRAMES])
        whole = chat.count_tokens(messages)
        assert sum(seen.fed[1:]) == len(seen.fed) - 1  # one at a time after the prompt
        assert seen.fed[0] == whole if number == 0 else seen.fed[0] < whole - FRAMES * TOKENS_PER_FRAME
        without, _ = tokens_of(chat, messages, "")
        assert with_kept == without
        messages.append(Message("assistant", answer))


def test_an_edited_turn_is_read_anew_from_there(chat, seen: Seen) -> None:
    messages = turns(chat, clip(0), "a", QUESTIONS[:3])
    edited = [messages[0], messages[1], Message("user", "Whose is it?")]

    seen.clear()
    tokens_of(chat, edited, "a")
    assert seen.frames == []
    assert seen.fed[0] < 40
    asserted_same(chat, edited, "a")
    asserted_same(chat, [*messages, Message("user", "So?")], "a")


def test_an_edited_first_question_still_has_its_frames(chat, seen: Seen) -> None:
    turns(chat, clip(0), "a", QUESTIONS[:2])

    seen.clear()
    tokens_of(chat, [Message("user", "Where is it?", (clip(0),))], "a")

    assert seen.frames == []
    asserted_same(chat, [Message("user", "Who is it?", (clip(0),))], "a")


def test_the_same_question_again_leaves_one_token_to_feed(chat, seen: Seen) -> None:
    messages = [Message("user", "What moves?", (clip(0),))]
    asserted_same(chat, messages, "a")

    seen.clear()
    tokens_of(chat, messages, "a")

    assert seen.fed[0] == 1
    asserted_same(chat, messages, "a")


def test_other_frames_under_the_same_words_are_seen(chat, seen: Seen) -> None:
    first = asserted_same(chat, [Message("user", "What moves?", (clip(0),))], "a")

    seen.clear()
    tokens_of(chat, [Message("user", "What moves?", (clip(1),))], "a")

    assert seen.frames == [FRAMES]
    assert asserted_same(chat, [Message("user", "What moves?", (clip(1),))], "a") != first


@pytest.mark.parametrize(("changed", "anew"), [(0, 4), (2, 2), (3, 1)])
def test_frames_before_the_first_changed_one_are_not_seen_again(chat, seen: Seen, changed: int, anew: int) -> None:
    frames = clip(0)
    asserted_same(chat, [Message("user", "What moves?", (frames,))], "a")
    pixels = frames.pixels.copy()
    pixels[changed] = 255 - pixels[changed]
    messages = [Message("user", "What moves?", (Frames(pixels, frames.seconds),))]

    seen.clear()
    tokens_of(chat, messages, "a")

    assert seen.frames == [anew]
    asserted_same(chat, [Message("user", "What moves?", (frames,))], "a")
    asserted_same(chat, messages, "a")


@pytest.mark.parametrize("frames", [2, 3, 5, 6])
def test_fewer_or_more_frames_do_not_cut_one_in_two(chat, frames: int) -> None:
    many = clip(0, frames=6)
    asserted_same(chat, [Message("user", "What moves?", (many.part(0, 4),))], "a")

    asserted_same(chat, [Message("user", "What moves?", (many.part(0, frames),))], "a")


def test_a_clip_in_a_later_turn_is_all_that_is_seen_then(chat, seen: Seen) -> None:
    messages = [*turns(chat, clip(0), "a", QUESTIONS[:1]), Message("user", "And here?", (clip(1, frames=3),))]

    seen.clear()
    tokens_of(chat, messages, "a")

    assert seen.frames == [3]
    asserted_same(chat, messages, "a")
