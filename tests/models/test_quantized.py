"""Weights in fewer bits: who may ask for them, what is planned, and what transformers is told. There is no GPU here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.models.checkpoints import save_tiny_llava_next_video
from tests.models.conversation import dims_of
from vidtext.compute.memory import RunConfig, estimate_memory
from vidtext.errors import ModelUnavailableError
from vidtext.models import quantized
from vidtext.models.catalog import FULL_CHAT, MODELS
from vidtext.models.loading import resolve, resolve_chat
from vidtext.models.quantized import split_name, with_quantized
from vidtext.settings import Settings


def on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantized, "can_quantize", lambda: True)


def test_a_name_is_told_from_what_stands_behind_it() -> None:
    assert split_name(f"{FULL_CHAT}:8bit") == (FULL_CHAT, "int8")
    assert split_name(f"{FULL_CHAT}:4bit") == (FULL_CHAT, "int4")
    assert split_name(FULL_CHAT) == (FULL_CHAT, "")


@pytest.mark.parametrize("find", [resolve, resolve_chat])
def test_without_a_gpu_it_is_refused_and_told_why(find) -> None:
    with pytest.raises(ModelUnavailableError, match=rf"{FULL_CHAT}:4bit needs a CUDA GPU and bitsandbytes"):
        find(f"{FULL_CHAT}:4bit", Settings())


def test_only_where_it_works_the_page_offers_it(monkeypatch) -> None:
    assert with_quantized(MODELS) == MODELS
    on_a_gpu(monkeypatch)
    more = set(with_quantized(MODELS)) - set(MODELS)
    assert f"{FULL_CHAT}:4bit" in more
    assert not [name for name in more if name.startswith(("embedded", "microsoft"))]


def test_where_it_works_the_same_files_are_found_with_another_precision(tmp_path: Path, monkeypatch) -> None:
    on_a_gpu(monkeypatch)
    folder = save_tiny_llava_next_video(tmp_path / "llava")
    found = resolve_chat(f"{folder}:8bit", Settings())
    assert (found.folder, found.dtype) == (folder, "int8")
    assert found.note.startswith("The weights are held in 8 bits")
    assert resolve_chat(str(folder), Settings()).dtype == ""


def test_the_plan_counts_a_quarter_of_the_weights_and_the_same_arithmetic(tmp_path: Path) -> None:
    folder = save_tiny_llava_next_video(tmp_path / "llava")
    shape = dims_of(folder)
    half, four = (estimate_memory(shape, RunConfig(1, 4, 64, 64, dtype)) for dtype in ("bfloat16", "int4"))
    assert half.weights - four.weights == pytest.approx(shape.parameters * 1.4, abs=1)
    assert (half.seeing, half.writing, half.pixels) == (four.seeing, four.writing, four.pixels)
