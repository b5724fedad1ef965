"""What the tests of chat models say to them, and what they see of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoProcessor, LlavaNextVideoForConditionalGeneration, ProcessorMixin

from vidtext.compute.memory import ModelDims
from vidtext.job import Job
from vidtext.media.read.frames import Frames
from vidtext.models import video_chat
from vidtext.models.base import GenerationOptions, Message
from vidtext.models.checkpoint import Checkpoint
from vidtext.models.families import info_from_folder, local_family
from vidtext.models.model_cache import LoadedModel, loaded_model
from vidtext.models.video_chat import VideoChat

SHORT = GenerationOptions(max_new_tokens=12)


def dims_of(folder: Path) -> ModelDims:
    """Return the memory shape that is read off a checkpoint."""
    info = info_from_folder(folder)
    return local_family(info).dims(folder, info)


def clip(seed: int, frames: int = 4, height: int = 64, width: int = 64) -> Frames:
    pixels = np.random.default_rng(seed).integers(0, 255, (frames, height, width, 3)).astype(np.uint8)
    return Frames(pixels, np.arange(frames, dtype=np.float64))


def two_turns(*clips: Frames) -> list[Message]:
    return [
        Message("user", "What moves?", clips or (clip(0),)),
        Message("assistant", "A red ball."),
        Message("user", "Which way?"),
    ]


def given_to_the_model(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, torch.Tensor]]:
    """Watch what `generate` is called with, and answer nothing."""
    given: list[dict[str, torch.Tensor]] = []
    monkeypatch.setattr(LlavaNextVideoForConditionalGeneration, "generate", lambda _, **inputs: given.append(inputs))
    return given


def processor_of(folder: Path) -> ProcessorMixin:
    return AutoProcessor.from_pretrained(folder)


@dataclass
class Seen:
    """What the model's parts were given: frames for its vision tower, tokens for its text model, at each call."""

    frames: list[int] = field(default_factory=list)
    fed: list[int] = field(default_factory=list)

    def clear(self) -> None:
        self.frames.clear()
        self.fed.clear()


def kept_model(folder: Path) -> LoadedModel:
    """Return the very model that answers."""
    return loaded_model(Checkpoint(str(folder), "cpu", "float32"))


@contextmanager
def watched(folder: Path) -> Iterator[Seen]:
    """Watch what the parts of the model in a folder are given."""
    model = kept_model(folder).model
    seen = Seen()
    tower = model.model.vision_tower.register_forward_pre_hook(lambda _, given: seen.frames.append(len(given[0])))
    text = model.model.language_model.register_forward_pre_hook(
        lambda _, __, named: seen.fed.append(named["inputs_embeds"].shape[1]), with_kwargs=True
    )
    try:
        yield seen
    finally:
        tower.remove()
        text.remove()


def tokens_of(
    chat: VideoChat, messages: list[Message], key: str, options: GenerationOptions = SHORT
) -> tuple[list[int], str]:
    """Return the tokens of the answer, and its text."""
    last: list[torch.Tensor] = []
    real = video_chat.stream_generate

    def watching(*given: object, **named: object) -> Iterator[torch.Tensor]:
        with closing(real(*given, **named)) as steps:
            for tokens in steps:
                last[:] = [tokens]
                yield tokens

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(video_chat, "stream_generate", watching)
        text = "".join(chat.reply(messages, replace(options, memory_key=key), Job()))
    return last[0][0].tolist()[-options.max_new_tokens :], text


def asserted_same(chat: VideoChat, messages: list[Message], key: str) -> str:
    """Answer with and without what was kept; return the answer."""
    with_kept, text = tokens_of(chat, messages, key)
    without, plain = tokens_of(chat, messages, "")
    assert with_kept == without
    assert text == plain
    return text


def turns(chat: VideoChat, frames: Frames, key: str, questions: list[str]) -> list[Message]:
    """Hold a conversation in which every answer is what it would be without the cache."""
    messages: list[Message] = []
    for number, question in enumerate(questions):
        messages.append(Message("user", question, () if number else (frames,)))
        messages.append(Message("assistant", asserted_same(chat, messages, key)))
    return messages
