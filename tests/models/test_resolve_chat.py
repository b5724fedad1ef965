"""Which model a conversation gets, and what the person is told about it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.models.checkpoints import save_tiny_git, save_tiny_llava_next_video
from vidtext.errors import ModelError, ModelUnavailableError, UnknownModelError
from vidtext.models import loading
from vidtext.models.base import ChatModel
from vidtext.models.catalog import EMBEDDED_CHAT, FULL_CAPTIONER, FULL_CHAT, MODELS, SMALL_CHAT
from vidtext.models.checkpoint import free_gpu_bytes
from vidtext.models.loading import ResolvedModel, load_resolved, resolve, resolve_captioner, resolve_chat
from vidtext.settings import Settings

SETTINGS = Settings()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    return save_tiny_llava_next_video(tmp_path_factory.mktemp("llava"))


@pytest.fixture
def embedded(tiny: Path, monkeypatch) -> Path:
    monkeypatch.setattr(loading, "EMBEDDED_CHAT_FOLDER", tiny)
    return tiny


def with_gpu(monkeypatch: pytest.MonkeyPatch, free: int | None) -> None:
    monkeypatch.setattr(loading, "free_gpu_bytes", lambda: free)


def on_this_machine(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(loading, "cached_folder", lambda name: folder if name == FULL_CHAT else None)


@pytest.mark.parametrize(
    ("free", "why"),
    [
        (None, "needs a CUDA GPU, and there is none here"),
        (11_940_000_000, "needs 20 GB of a GPU's memory, and 11.9 GB can be had here"),
        (24_000_000_000, "the hub is switched off here"),
    ],
)
def test_auto_is_the_embedded_model_where_the_full_one_cannot_run_and_says_why(
    embedded: Path, monkeypatch, free: int | None, why: str
) -> None:
    with_gpu(monkeypatch, free)

    resolution = resolve_chat("auto", SETTINGS)

    assert (resolution.info.id, resolution.folder) == (EMBEDDED_CHAT, embedded)
    assert resolution.note.startswith(f"The embedded chat model is used: {FULL_CHAT}")
    assert why in resolution.note


def test_auto_is_the_full_model_on_a_gpu_with_room(embedded: Path, tmp_path: Path, monkeypatch) -> None:
    with_gpu(monkeypatch, 20_000_000_000)
    on_this_machine(monkeypatch, tmp_path)

    assert resolve_chat("auto", SETTINGS) == ResolvedModel(MODELS[FULL_CHAT], tmp_path)


@pytest.mark.parametrize(("free", "why"), [(None, "there is none here"), (11_940_000_000, "11.9 GB can be had here")])
@pytest.mark.parametrize("here", ["cached", "on the hub"])
def test_auto_is_the_small_model_without_such_a_gpu_and_says_why(
    tmp_path: Path, monkeypatch, free: int | None, why: str, here: str
) -> None:
    cached = {SMALL_CHAT: tmp_path} if here == "cached" else {}
    with_gpu(monkeypatch, free)
    monkeypatch.setattr(loading, "cached_folder", cached.get)
    asked: list[str] = []
    monkeypatch.setattr(loading, "require_hub", lambda name, _: asked.append(name))

    resolution = resolve_chat("auto", SETTINGS)

    assert (resolution.info, resolution.folder) == (MODELS[SMALL_CHAT], cached.get(SMALL_CHAT))
    assert resolution.note.startswith(f"{SMALL_CHAT} is used: {FULL_CHAT} needs")
    assert why in resolution.note
    assert asked == ([] if cached else [SMALL_CHAT])


def test_what_this_process_holds_of_the_gpu_counts_as_free(monkeypatch) -> None:
    """Else the model that is loaded would be refused by the next question for want of room."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (6_000, 24_000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda: 15_000)

    assert free_gpu_bytes() == 21_000


def test_embedded_means_the_chat_model_and_its_card_is_read_off_the_folder(embedded: Path) -> None:
    resolution = resolve_chat("embedded", SETTINGS)

    info = resolution.info
    assert resolution == resolve_chat(EMBEDDED_CHAT, SETTINGS) == resolve(EMBEDDED_CHAT, SETTINGS)
    assert info == replace(
        MODELS[EMBEDDED_CHAT],
        context_tokens=1024,
        weight_bytes=(embedded / "model.safetensors").stat().st_size,
    )
    assert (info.frames_per_clip, info.min_frames, info.max_clips) == (6, 6, 1)
    assert isinstance(load_resolved(resolution), ChatModel)
    assert resolve("embedded", SETTINGS).info.family == "git"


def test_the_number_of_frames_is_taken_from_the_folder_that_tells_it(tiny: Path, tmp_path: Path, monkeypatch) -> None:
    for path in tiny.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    told = json.loads((tmp_path / "processor_config.json").read_text())
    told["video_processor"]["num_frames"] = 8
    (tmp_path / "processor_config.json").write_text(json.dumps(told))
    monkeypatch.setattr(loading, "EMBEDDED_CHAT_FOLDER", tmp_path)

    info = resolve_chat("embedded", SETTINGS).info
    other = resolve_chat(str(tmp_path), SETTINGS).info

    assert (info.frames_per_clip, info.min_frames) == (8, 8)
    assert (other.frames_per_clip, other.min_frames, other.max_clips) == (8, 4, 0)


@pytest.mark.parametrize("name", ["auto", "embedded", EMBEDDED_CHAT])
def test_an_installation_without_the_embedded_model_is_told(tmp_path: Path, monkeypatch, name: str) -> None:
    monkeypatch.setattr(loading, "EMBEDDED_CHAT_FOLDER", tmp_path / "chat")
    with_gpu(monkeypatch, None)

    with pytest.raises(ModelUnavailableError, match="embedded chat model is not part of this installation"):
        resolve_chat(name, SETTINGS)


def test_a_captioner_is_refused_without_a_download(monkeypatch) -> None:
    with pytest.raises(ModelError, match=f"{FULL_CAPTIONER} writes captions and cannot chat.*auto, {EMBEDDED_CHAT}"):
        resolve_chat(FULL_CAPTIONER, SETTINGS)


def test_a_captioners_folder_is_refused(tmp_path: Path) -> None:
    folder = save_tiny_git(tmp_path / "git")

    with pytest.raises(ModelError, match="git writes captions and cannot chat"):
        resolve_chat(str(folder), SETTINGS)


def test_other_names_are_resolved_as_ever(tiny: Path) -> None:
    assert resolve_chat(str(tiny), SETTINGS) == resolve(str(tiny), SETTINGS)
    with pytest.raises(UnknownModelError, match="no model 'gpt-7'"):
        resolve_chat("gpt-7", SETTINGS)
    with pytest.raises(ModelUnavailableError, match="not on this machine"):
        resolve_chat(FULL_CHAT, SETTINGS)


def test_the_embedded_chat_model_describes_no_videos() -> None:
    with pytest.raises(ModelError, match="answers questions alone and describes no videos"):
        resolve_captioner(EMBEDDED_CHAT, SETTINGS)
    assert resolve_captioner("embedded", SETTINGS).info.id == "embedded"
