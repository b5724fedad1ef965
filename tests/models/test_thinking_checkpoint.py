"""A local checkpoint that reasons before it answers: a tiny random Qwen3-VL whose generation is scripted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoProcessor

from tests.models.conversation import clip
from tests.models.timed_checkpoints import QWEN_TEMPLATE, save_tiny_qwen3_vl
from vidtext.errors import ModelError
from vidtext.job import Job
from vidtext.models import video_chat
from vidtext.models.base import ChatModel, GenerationOptions, Message, collect_reply
from vidtext.models.loading import load_model

OPENING = QWEN_TEMPLATE.replace("assistant\n' }}", "assistant\n<think>\n' }}")
"""What the template of Qwen3-VL-Thinking writes at its end."""


@pytest.fixture(scope="module", params=["opened by the prompt", "opened by the model"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = save_tiny_qwen3_vl(tmp_path_factory.mktemp("thinking") / "tiny")
    if request.param == "opened by the prompt":
        assert OPENING != QWEN_TEMPLATE
        processor = AutoProcessor.from_pretrained(folder)
        processor.chat_template = OPENING
        processor.save_pretrained(folder)
    return folder


@pytest.fixture
def chat(folder: Path) -> ChatModel:
    model = load_model(str(folder))
    assert isinstance(model, ChatModel)
    return model


def scripted(monkeypatch: pytest.MonkeyPatch, folder: Path, reply: str) -> int:
    """Let the model write this reply, token by token; return how many tokens it has."""
    tokenizer = AutoProcessor.from_pretrained(folder).tokenizer
    opened = AutoProcessor.from_pretrained(folder).chat_template == OPENING
    text = reply if opened else f"<think>\n{reply}"
    tokens = tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids

    def write(_: torch.nn.Module, **inputs: Any) -> Iterator[torch.Tensor]:
        for length in range(1, tokens.shape[1] + 1):
            yield torch.cat([inputs["input_ids"], tokens[:, :length]], dim=1)

    monkeypatch.setattr(video_chat, "stream_generate", write)
    return int(tokens.shape[1])


def messages(chat: ChatModel) -> list[Message]:
    edge = chat.info.image_size
    return [Message("user", "What moves?", (clip(0, 4, edge, edge),))]


def test_only_the_answer_comes(chat: ChatModel, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch, folder, "Okay, 1 < 2.\n</think>\n\nA <b>red</b> ball.")
    pieces = list(chat.reply(messages(chat), GenerationOptions(max_new_tokens=200), Job()))
    assert "".join(pieces) == "A <b>red</b> ball."
    assert len(pieces) > 1
    assert chat.caption(messages(chat)[0].clips, GenerationOptions(max_new_tokens=200), Job()) == ["A <b>red</b> ball."]


def test_an_answer_that_was_cut_is_told(chat: ChatModel, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    length = scripted(monkeypatch, folder, "Okay.</think>A red")
    answer = collect_reply(chat.reply(messages(chat), GenerationOptions(max_new_tokens=length), Job()))
    assert answer.text == "A red"
    assert str(length) in answer.note


def test_nothing_but_reasoning_is_told(chat: ChatModel, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    length = scripted(monkeypatch, folder, "Okay, the user wants")
    with pytest.raises(ModelError, match=f"used all {length} tokens"):
        list(chat.reply(messages(chat), GenerationOptions(max_new_tokens=length), Job()))
