"""What is kept of conversations: whose it is, for how long, and how much of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.models.checkpoints import save_tiny_llava_next_video
from tests.models.conversation import SHORT, Seen, asserted_same, clip, kept_model, tokens_of, turns, watched
from vidtext.errors import CancelledError
from vidtext.job import Job
from vidtext.models import prefix_cache, video_chat
from vidtext.models.base import Message
from vidtext.models.families.llava_next_video import LlavaNextVideo
from vidtext.models.loading import load_model
from vidtext.models.prefix_cache import PREFIXES, PrefixCache, forget
from vidtext.models.video_chat import VideoChat

FRAMES = 4
QUESTIONS = ["What moves?", "Which way does it go?", "And then?"]


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


def kept() -> PrefixCache:
    return video_chat.PREFIXES


def test_two_conversations_in_turn_keep_to_themselves(chat, seen: Seen) -> None:
    talks: dict[str, list[Message]] = {"a": [], "b": []}
    for number, question in enumerate(QUESTIONS):
        for seed, (key, messages) in enumerate(talks.items()):
            messages.append(Message("user", question, () if number else (clip(seed),)))
            seen.clear()
            with_kept, answer = tokens_of(chat, messages, key)
            assert len(seen.frames) == (number == 0)
            assert with_kept == tokens_of(chat, messages, "")[0]
            messages.append(Message("assistant", answer))
    assert len(kept()) == 2


def test_without_a_key_nothing_is_kept(chat) -> None:
    tokens_of(chat, [Message("user", "What moves?", (clip(0),))], "")

    assert len(kept()) == 0


def test_what_is_over_is_forgotten(chat, seen: Seen) -> None:
    messages = turns(chat, clip(0), "a", QUESTIONS[:1])
    turns(chat, clip(0), "b", QUESTIONS[:1])

    kept().forget("a")
    kept().forget("never heard of")

    assert len(kept()) == 1
    seen.clear()
    tokens_of(chat, [*messages, Message("user", "And?")], "a")
    assert seen.frames == [FRAMES]


def test_what_is_forgotten_while_it_is_answered_is_not_kept(chat) -> None:
    pieces = chat.reply([Message("user", "Hm?", (clip(0),))], replace(SHORT, memory_key="a"), Job())
    next(pieces)

    kept().forget("a")
    list(pieces)

    assert len(kept()) == 0


def test_the_module_forgets_in_the_store_of_the_process(folder: Path) -> None:
    model = load_model(str(folder))
    assert isinstance(model, VideoChat)
    tokens_of(model, [Message("user", "Hm?")], "of the process")
    before = len(PREFIXES)

    forget("of the process")

    assert len(PREFIXES) == before - 1


def test_the_least_recently_used_is_dropped_when_there_is_no_room(folder: Path, chat, seen: Seen) -> None:
    messages = turns(chat, clip(0), "a", QUESTIONS[:1])
    one = kept().nbytes
    tokens = chat.count_tokens(messages[:1]) + SHORT.max_new_tokens - 1
    assert one == tokens * 2 * 2 * 32 * 4  # keys and values, 2 layers, 32 numbers of 4 bytes
    for_two = VideoChat(LlavaNextVideo(), chat.info, kept_model(folder), kept_bytes=2 * one + one // 2)
    turns(for_two, clip(1), "b", QUESTIONS[:1])
    tokens_of(for_two, messages[:1], "a")

    turns(for_two, clip(2), "c", QUESTIONS[:1])

    assert len(kept()) == 2
    assert kept().nbytes <= 2 * one + one // 2
    seen.clear()
    tokens_of(for_two, messages[:1], "a")
    assert seen.frames == []
    turns(for_two, clip(1), "b", QUESTIONS[:2])


def test_what_has_no_room_at_all_is_answered_and_not_kept(folder: Path, chat) -> None:
    small = VideoChat(LlavaNextVideo(), chat.info, kept_model(folder), kept_bytes=1000)

    turns(small, clip(0), "a", QUESTIONS[:2])

    assert kept().nbytes == 0


@pytest.mark.parametrize("read", [1, 3])
def test_a_stopped_answer_is_kept_as_far_as_it_was_read(chat, seen: Seen, read: int) -> None:
    messages = turns(chat, clip(0), "a", QUESTIONS[:2])
    messages.append(Message("user", "And then?"))

    def watch(progress) -> None:
        if progress.done == read:
            job.stop()

    job = Job(watch)
    with pytest.raises(CancelledError):
        list(chat.reply(messages, replace(SHORT, memory_key="a", max_new_tokens=200), job))

    assert len(kept()) == 1
    messages += [Message("assistant", ""), Message("user", "Go on.")]
    seen.clear()
    tokens_of(chat, messages, "a")
    assert seen.frames == []
    asserted_same(chat, messages, "a")


def test_after_a_fault_nothing_is_kept(chat, folder: Path, monkeypatch) -> None:
    messages = turns(chat, clip(0), "a", QUESTIONS[:1])
    model = kept_model(folder).model

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("out of memory, say")

    with monkeypatch.context() as patch:  # the first layer has grown by then, the second not
        patch.setattr(model.model.language_model.layers[1], "forward", fail)
        with pytest.raises(RuntimeError, match="out of memory"):
            tokens_of(chat, [*messages, Message("user", "And?")], "a")

    assert len(kept()) == 0
    asserted_same(chat, [*messages, Message("user", "And?")], "a")


@pytest.mark.parametrize("keys", [("a", "b"), ("a", "a")])
def test_two_threads_get_their_own_answers(chat, keys: tuple[str, str]) -> None:
    questions = [[Message("user", "What moves?", (clip(seed),))] for seed in (0, 1)]
    plain = ["".join(chat.reply(messages, SHORT, Job())) for messages in questions]
    answers: list[list[str]] = [[], []]

    def ask(who: int) -> None:
        for _ in range(4):
            options = replace(SHORT, memory_key=keys[who])
            answers[who].append("".join(chat.reply(questions[who], options, Job())))

    threads = [threading.Thread(target=ask, args=(who,)) for who in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [[text] * 4 for text in plain]
    assert len(kept()) == len(set(keys))


def test_a_text_model_whose_states_depend_on_the_length_keeps_nothing(folder: Path) -> None:
    model = kept_model(folder).model
    text = model.config.text_config
    assert prefix_cache.can_be_kept(text)

    for change in ({"rope_parameters": {"rope_type": "dynamic", "factor": 2.0}}, {"sliding_window": 4096}):
        other = type(text)(**text.to_dict() | change)
        assert not prefix_cache.can_be_kept(other)


def test_fingerprints_tell_each_frame_apart() -> None:
    frames = clip(0).pixels
    changed = frames.copy()
    changed[3, -1, -1, -1] ^= 1

    one, other = prefix_cache.fingerprints([frames]), prefix_cache.fingerprints([changed[:2], changed[2:]])

    assert len(set(one)) == 4
    assert one[:3] == other[:3]
    assert one[3] != other[3]
