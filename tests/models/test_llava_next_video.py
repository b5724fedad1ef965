from __future__ import annotations

import functools
import pickle
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import LlavaNextVideoForConditionalGeneration

from tests.models.checkpoints import save_tiny_llava_next_video
from tests.models.conversation import clip, given_to_the_model, kept_model, processor_of, two_turns
from vidtext.errors import CancelledError, ModelError, OptionError
from vidtext.job import Job
from vidtext.media.read.resize import fit_square
from vidtext.models import video_chat
from vidtext.models.base import ChatModel, GenerationOptions, Message
from vidtext.models.chat_template import render
from vidtext.models.families.llava_next_video import LlavaNextVideo
from vidtext.models.loading import load_model
from vidtext.models.prefix_cache import forget
from vidtext.models.video_chat import Prompt, generate_reply
from vidtext.text.prompts import CAPTION

TOKENS_PER_FRAME = 16


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return save_tiny_llava_next_video(tmp_path_factory.mktemp("llava"))


@pytest.fixture
def chat(folder: Path) -> ChatModel:
    model = load_model(str(folder))
    assert isinstance(model, ChatModel)
    return model


@pytest.mark.parametrize("sizes", [(4,), (1,), (3, 5), (2, 2)])
def test_every_frame_has_its_tokens_and_its_pixels(chat: ChatModel, folder: Path, monkeypatch, sizes) -> None:
    clips = [clip(seed, frames) for seed, frames in enumerate(sizes)]
    given = given_to_the_model(monkeypatch)
    messages = two_turns(*clips)

    list(chat.reply(messages, GenerationOptions(), Job()))

    processor = processor_of(folder)
    ids, pixels = given[0]["input_ids"][0], given[0]["pixel_values_videos"]
    assert (ids == processor.video_token_id).sum() == sum(sizes) * TOKENS_PER_FRAME
    real = [processor.video_processor([each.pixels], return_tensors="pt")["pixel_values_videos"][0] for each in clips]
    assert torch.equal(pixels, torch.cat(real)[None])
    assert len(ids) == chat.count_tokens(messages)


@pytest.mark.parametrize("fit", ["crop", "pad", "squash"])
def test_frames_are_fitted_into_the_models_square(chat: ChatModel, folder: Path, monkeypatch, fit) -> None:
    wide = clip(1, height=90, width=160)
    given = given_to_the_model(monkeypatch)

    list(chat.reply(two_turns(wide), GenerationOptions(fit=fit), Job()))

    square = fit_square(wide.pixels, 64, fit)
    real = processor_of(folder).video_processor([square], return_tensors="pt")["pixel_values_videos"]
    assert torch.equal(given[0]["pixel_values_videos"], real)


def test_clips_in_later_turns_come_in_their_order(chat: ChatModel, monkeypatch) -> None:
    given = given_to_the_model(monkeypatch)
    messages = [*two_turns(clip(1)), Message("assistant", "Left."), Message("user", "And here?", (clip(2), clip(3)))]

    list(chat.reply(messages, GenerationOptions(), Job()))

    assert given[0]["pixel_values_videos"].shape == (1, 12, 3, 64, 64)
    assert len(given[0]["input_ids"][0]) == chat.count_tokens(messages)


def test_a_conversation_without_clips_is_counted_and_answered(chat: ChatModel, monkeypatch) -> None:
    given = given_to_the_model(monkeypatch)
    messages = [Message("system", "Be brief."), Message("user", "Wörter, 名 and \U0001f600")]

    list(chat.reply(messages, GenerationOptions(), Job()))

    assert "pixel_values_videos" not in given[0]
    assert len(given[0]["input_ids"][0]) == chat.count_tokens(messages)


def test_clips_given_together_are_answered_as_the_model_by_hand_answers(chat: ChatModel, folder: Path) -> None:
    """Clips of one length can also go through the processor and the model side by side, each as one video."""
    clips = [clip(5), clip(6)]
    processor = processor_of(folder)
    model = LlavaNextVideoForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
    prompt = "USER: <video>\n<video>\nWhat moves? ASSISTANT: A red ball. USER: Which way? ASSISTANT:"
    inputs = processor(text=prompt, videos=[each.pixels for each in clips], return_tensors="pt")
    assert inputs["pixel_values_videos"].shape == (2, 4, 3, 64, 64)
    written = model.generate(**inputs, max_new_tokens=40, do_sample=False)
    expected = processor.decode(written[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    tokens: list[int] = []

    pieces = list(
        chat.reply(
            two_turns(*clips), GenerationOptions(max_new_tokens=40), Job(lambda progress: tokens.append(progress.done))
        )
    )

    assert "".join(pieces) == expected.strip() != ""
    assert all(pieces)
    assert tokens[:3] == [1, 2, 3]


def test_pictures_reach_the_answer(chat: ChatModel) -> None:
    answers = {"".join(chat.reply(two_turns(clip(seed)), GenerationOptions(), Job())) for seed in range(3)}

    assert len(answers) == 3


def test_too_long_is_told_before_anything_is_generated(chat: ChatModel, monkeypatch) -> None:
    given = given_to_the_model(monkeypatch)
    messages = two_turns(clip(0, frames=60))

    with pytest.raises(
        OptionError, match=r"takes 1,\d\d\d tokens, 960 of them for 60 frames.*to 30; .* room for 1,024"
    ):
        chat.reply(messages, GenerationOptions(), Job())

    assert not given


def test_the_longest_that_fits_is_taken(chat: ChatModel) -> None:
    messages = two_turns(clip(0, frames=50))
    room = chat.info.context_tokens - chat.count_tokens(messages)

    assert isinstance(next(chat.reply(messages, GenerationOptions(max_new_tokens=room), Job())), str)
    with pytest.raises(OptionError, match="has room for"):
        chat.reply(messages, GenerationOptions(max_new_tokens=room + 1), Job())


def test_a_processor_that_counts_differently_is_told(folder: Path) -> None:
    prompt = Prompt("USER: <video>\nHm? ASSISTANT:", (clip(0),), 9)

    with pytest.raises(ModelError, match="writes 64 tokens for frames that should take 36"):
        next(generate_reply(kept_model(folder), LlavaNextVideo(), prompt, GenerationOptions(), 1))


def generating() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "generate"]


class Forwards(list[float]):
    """When the model began with each token. It is slowed down, so that it does not run ahead of its reader."""

    seconds_each = 0.25


@pytest.fixture
def forwards(monkeypatch) -> Forwards:
    moments = Forwards()
    forward = LlavaNextVideoForConditionalGeneration.forward

    @functools.wraps(forward)  # generate() looks at the names of its arguments
    def slow(self: LlavaNextVideoForConditionalGeneration, *positional: object, **named: object) -> object:
        moments.append(time.monotonic())
        time.sleep(moments.seconds_each)
        return forward(self, *positional, **named)

    monkeypatch.setattr(LlavaNextVideoForConditionalGeneration, "forward", slow)
    return moments


def test_closing_the_iterator_ends_the_generation_within_a_token(chat: ChatModel, forwards: Forwards) -> None:
    forwards.seconds_each = 0.01  # it takes hundreds of tokens until this model ends its first word
    pieces = chat.reply(two_turns(), GenerationOptions(max_new_tokens=600), Job())
    next(pieces)
    forwards.seconds_each = 0.25
    assert generating()

    begun = len(forwards)
    pieces.close()  # type: ignore[attr-defined]

    assert not generating()
    assert len(forwards) <= begun + 1


def test_a_stopped_job_ends_the_generation_within_a_token(chat: ChatModel, forwards: Forwards) -> None:
    tokens: list[int] = []

    def watch(progress) -> None:
        tokens.append(progress.done)
        if progress.done == 3:
            job.stop()

    job = Job(watch)
    with pytest.raises(CancelledError):
        list(chat.reply(two_turns(), GenerationOptions(max_new_tokens=600), job))

    assert tokens == [1, 2, 3]
    assert not generating()
    assert len(forwards) <= 3 + 2  # the fourth had begun when the third was reported; one more may follow


def test_a_job_stopped_before_does_not_begin(chat: ChatModel, forwards: Forwards) -> None:
    job = Job()
    job.stop()

    with pytest.raises(CancelledError):
        list(chat.reply(two_turns(), GenerationOptions(), job))

    assert not forwards


def test_greedy_by_default_and_drawn_at_a_temperature(chat: ChatModel, monkeypatch) -> None:
    given = given_to_the_model(monkeypatch)

    list(chat.reply(two_turns(), GenerationOptions(top_p=0.5), Job()))
    list(chat.reply(two_turns(), GenerationOptions(temperature=0.7, top_p=0.9), Job()))

    greedy, drawn = given
    assert greedy["do_sample"] is False
    assert not {"temperature", "top_p", "top_k"} & greedy.keys()
    assert (drawn["do_sample"], drawn["temperature"], drawn["top_p"], drawn["top_k"]) == (True, 0.7, 0.9, 0)


@pytest.mark.parametrize("memory_key", ["", "a conversation"])
def test_drawn_answers_differ_and_repeat_with_the_seed(chat: ChatModel, memory_key: str) -> None:
    options = GenerationOptions(temperature=1.5, memory_key=memory_key)

    def drawn(seed: int) -> str:
        torch.manual_seed(seed)
        return "".join(chat.reply(two_turns(), options, Job()))

    answers = [drawn(seed) for seed in (1, 2, 1)]
    forget(memory_key)

    assert answers[0] == answers[2] != answers[1]


def test_it_captions_by_being_asked(chat: ChatModel) -> None:
    clips = [clip(1), clip(2, frames=2)]
    options = GenerationOptions(max_new_tokens=12)

    captions = chat.caption(clips, options, Job())

    asked = ["".join(chat.reply([Message("user", CAPTION, (each,))], options, Job())) for each in clips]
    assert captions == asked


def test_what_goes_to_another_process_pickles(chat: ChatModel, monkeypatch) -> None:
    calls: list[tuple] = []
    real = generate_reply

    def through_a_pickle(*arguments: object) -> Iterator[object]:
        calls.append(pickle.loads(pickle.dumps(arguments)))
        for step in real(*calls[-1]):
            yield pickle.loads(pickle.dumps(step))

    plain = "".join(chat.reply(two_turns(), GenerationOptions(), Job()))
    monkeypatch.setattr(video_chat, "generate_reply", through_a_pickle)

    assert "".join(chat.reply(two_turns(), GenerationOptions(), Job())) == plain
    assert len(calls) == 1


def test_features_of_frames_have_length_one_and_do_not_depend_on_their_batch(chat: ChatModel, folder: Path) -> None:
    frames = clip(3, frames=20, height=80)

    features = chat.image_features(frames, Job())

    assert features.shape == (20, 32)
    assert features.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, atol=1e-5)
    alone = np.concatenate([chat.image_features(frames.part(index, index + 1), Job()) for index in range(20)])
    np.testing.assert_allclose(features, alone, atol=1e-5)
    loaded = kept_model(folder)
    model, processor = loaded.model, loaded.processor
    square = fit_square(frames.pixels, 64, "squash")
    values = processor.video_processor([square], return_tensors="pt")["pixel_values_videos"][0]
    with torch.inference_mode():
        patches = model.model.vision_tower(pixel_values=values).last_hidden_state[:, 1:]
    expected = torch.nn.functional.normalize(patches.mean(dim=1), dim=1).numpy()
    np.testing.assert_allclose(features, expected, atol=1e-5)


def test_features_end_when_the_job_is_stopped(chat: ChatModel) -> None:
    job = Job()
    job.stop()

    with pytest.raises(CancelledError):
        chat.image_features(clip(0), job)


def test_inputs_are_one_conversation(folder: Path) -> None:
    prompt = render(processor_of(folder), two_turns())

    inputs = LlavaNextVideo().inputs(processor_of(folder), prompt, [clip(0)])

    assert inputs["input_ids"].shape == inputs["attention_mask"].shape
    assert inputs["input_ids"].shape[0] == 1
    assert inputs["attention_mask"].all()
