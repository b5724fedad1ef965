"""Shapes that are read off files, against the models that are loaded from them."""

from __future__ import annotations

import pytest

from tests.models.checkpoints import save_tiny_git, save_tiny_llava_next_video
from tests.models.conversation import dims_of
from tests.models.timed_checkpoints import save_tiny_qwen3_vl, save_tiny_smolvlm
from vidtext.errors import ModelUnavailableError
from vidtext.models.checkpoint import Checkpoint, load_checkpoint
from vidtext.models.checkpoint_files import parameter_count

SAVERS = [save_tiny_git, save_tiny_llava_next_video, save_tiny_smolvlm, save_tiny_qwen3_vl]


@pytest.mark.parametrize("save", SAVERS)
def test_a_shape_is_that_of_the_loaded_model(tmp_path, save) -> None:
    folder = save(tmp_path / "tiny")
    shape = dims_of(folder)
    model, _ = load_checkpoint(Checkpoint(str(folder), "cpu", "float32"))
    stored = {name: each for name, each in model.state_dict().items() if "position_ids" not in name}
    unique = {each.data_ptr(): each.numel() for each in stored.values()}
    assert shape.parameters == sum(unique.values())
    assert shape.vocabulary == model.get_output_embeddings().out_features
    assert (shape.text.layers, shape.text.hidden_size, shape.text.intermediate_size) == (2, 32, 64)
    assert shape.kv_dim == 32


def test_a_file_that_is_no_safetensors_is_explained(tmp_path) -> None:
    for content in (b"", b"\x00" * 7, b"\xff" * 64, b"\x02\x00\x00\x00\x00\x00\x00\x00[]"):
        (tmp_path / "model.safetensors").write_bytes(content)
        with pytest.raises(ModelUnavailableError, match=r"model\.safetensors in .* cannot be read"):
            parameter_count(tmp_path)
