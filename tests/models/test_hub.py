"""A model is here when all of its files are: also those of weights that are cut into shards."""

from __future__ import annotations

from pathlib import Path

import pytest
from transformers import LlavaNextVideoForConditionalGeneration

from tests.models.checkpoints import save_tiny_llava_next_video
from vidtext.models.hub import cached_folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch) -> Path:
    """A cache with one model in it, whose weights are in shards."""
    folder = save_tiny_llava_next_video(tmp_path / "model")
    model = LlavaNextVideoForConditionalGeneration.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="100KB")
    (folder / "preprocessor_config.json").write_text("{}")

    def look(_name: str, file: str) -> str | None:
        return str(folder / file) if (folder / file).is_file() else None

    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", look)
    return folder


def test_shards_are_weights(cache: Path) -> None:
    assert len(list(cache.glob("model-*.safetensors"))) > 1
    assert cached_folder("some/model") == cache


@pytest.mark.parametrize("missing", ["model-00002-of-*.safetensors", "model.safetensors.index.json", "tokenizer.json"])
def test_a_model_that_lacks_a_file_is_not_here(cache: Path, missing: str) -> None:
    next(cache.glob(missing)).unlink()

    assert cached_folder("some/model") is None
