from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.media.clips import number_of, numbered_frame
from tests.tasks.models import ColourChat
from vidtext.errors import OptionError
from vidtext.media.read.frames import Frames
from vidtext.tasks.dialogue import ChatVideo, CloserLook, Dialogue, Prompt, Turn, fitted_prompt, thinned


def frames(count: int) -> Frames:
    return Frames.from_images([numbered_frame(number, 8, 8) for number in range(count)], list(range(count)))


def video(label: str = "Video A", count: int = 16) -> ChatVideo:
    return ChatVideo(label, "clip.mp4", b"", float(count), frames(count))


def prompt(dialogue: Dialogue, turn: Turn, *, context: int = 100_000, **how) -> Prompt:
    options = {"new_tokens": 10, "system_prompt": "", "min_frames": 4, "most_frames": 768} | how
    return fitted_prompt(dialogue, turn, ColourChat(lambda _: "", context_tokens=context), **options)


def talk(turns: int, words: int = 5) -> Dialogue:
    said = [Turn(f"Q{number} " + "w " * words, f"A{number} " + "w " * words) for number in range(turns)]
    return Dialogue((video(),), tuple(said))


def test_the_video_goes_with_the_first_question() -> None:
    given = prompt(Dialogue((video(),), (Turn("What moves?", "A ball."),)), Turn("Which way?"))

    assert [(message.role, message.text) for message in given.messages] == [
        ("user", "What moves?"),
        ("assistant", "A ball."),
        ("user", "Which way?"),
    ]
    assert [len(message.clips) for message in given.messages] == [1, 0, 0]
    assert given.notes == ()


def test_a_system_prompt_comes_first() -> None:
    assert prompt(Dialogue((video(),)), Turn("Q"), system_prompt="Be brief.").messages[0].text == "Be brief."


def test_several_videos_are_named() -> None:
    given = prompt(Dialogue((video("Video A"), video("Video B"))), Turn("Which is longer?"))

    assert given.messages[0].text == "There are 2 videos, in this order: Video A, Video B.\nWhich is longer?"
    assert len(given.messages[0].clips) == 2


def test_a_closer_look_goes_with_its_question() -> None:
    turn = Turn("What happens at 0:05?", looks=(CloserLook("Video A", 3, 7, frames(6)),))

    given = prompt(Dialogue((video(),), (Turn("Q", "A"),)), turn)

    assert given.messages[-1].text == "The last frames are from 0:03–0:07.\nWhat happens at 0:05?"
    assert len(given.messages[-1].clips[0]) == 6


def test_first_fewer_frames_are_given() -> None:
    given = prompt(talk(2), Turn("Q"), context=60)  # a frame takes 2 tokens, the words 25, the answer 10

    assert len(given.messages[0].clips[0]) == 8
    assert len(given.messages) == 5
    assert given.notes == ("The model was given 8 of 16 frames, so that the conversation fits into its 60 tokens.",)


def test_then_the_oldest_turns_are_left_out_and_the_video_moves_on() -> None:
    given = prompt(talk(10), Turn("Last?"), context=70)

    assert len(given.messages[0].clips[0]) == 4
    assert given.messages[0].text.startswith("Q6")  # 4 frames take 8 tokens, a turn 12, the question 1
    assert given.messages[-1].text == "Last?"
    assert (
        given.notes[1]
        == "The first 6 turns of the conversation no longer fit into the model's context and were left out."
    )


def test_no_more_is_left_out_than_needed() -> None:
    chat = ColourChat(lambda _: "", context_tokens=70)
    given = prompt(talk(10), Turn("Last?"), context=70)
    one_more = replace(talk(10), turns=talk(10).turns[5:])

    assert chat.count_tokens(given.messages) <= 60
    assert chat.count_tokens(prompt(one_more, Turn("Last?"), context=100_000).messages) > 60


def test_two_hundred_turns_are_no_trouble() -> None:
    assert prompt(talk(200), Turn("And now?"), context=300).messages[-1].text == "And now?"


def test_a_question_that_cannot_fit_is_explained() -> None:
    with pytest.raises(OptionError, match=r"takes 1008 tokens with 4 frames.*up to 10; chatty has room for 300"):
        prompt(talk(3), Turn("w " * 1000), context=300)


def test_thinning_keeps_the_first_and_the_last() -> None:
    kept = thinned(frames(16), 4)

    assert [number_of(picture) for picture in kept.pixels] == [0, 5, 10, 15]
    assert kept.seconds.tolist() == [0, 5, 10, 15]
    assert thinned(frames(3), 4).seconds.tolist() == [0, 1, 2]
    assert np.shares_memory(thinned(frames(3), 4).pixels, frames(3).pixels) is False


def test_for_a_model_of_one_clip_a_closer_look_takes_the_videos_place() -> None:
    looked, earlier = CloserLook("Video A", 2, 4, frames(6)), CloserLook("Video A", 0, 1, frames(5))
    before = Dialogue((video(),), (Turn("Q", "A", looks=(earlier,)),))
    model = ColourChat(lambda _: "", context_tokens=100_000)
    model.info = replace(model.info, max_clips=1)
    limits = {"new_tokens": 10, "system_prompt": "", "min_frames": 4, "most_frames": 768}

    looking = fitted_prompt(before, Turn("At 0:03?", looks=(looked,)), model, **limits).messages
    again = fitted_prompt(before, Turn("And?"), model, **limits).messages

    assert [[len(clip) for clip in message.clips] for message in looking] == [[6], [], []]
    assert [message.text for message in looking] == ["Q", "A", "At 0:03?"]
    assert [[len(clip) for clip in message.clips] for message in again] == [[16], [], []]


def test_words_that_surely_do_not_fit_are_not_counted() -> None:
    class Counting(ColourChat):
        counted = 0

        def count_tokens(self, messages) -> int:
            self.counted += sum(len(message.text) for message in messages)
            return super().count_tokens(messages)

    model = Counting(lambda _: "", context_tokens=300)
    options = {"new_tokens": 10, "system_prompt": "", "min_frames": 4, "most_frames": 768}
    given = fitted_prompt(talk(2000, words=500), Turn("And now?"), model, **options)
    assert given.messages[-1].text == "And now?"
    assert "2000 turns" in given.notes[-1]
    assert model.counted < 100_000  # of four million
