from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.models.checkpoints import save_tiny_llava_next_video
from vidtext.errors import UnknownModelError
from vidtext.models.loading import load_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return save_tiny_llava_next_video(tmp_path_factory.mktemp("llava"))


def test_the_card_is_read_off_the_folder(folder: Path) -> None:
    info = load_model(str(folder)).info

    assert (info.family, info.frames_per_clip, info.image_size, info.fit) == (
        "llava_next_video",
        32,
        64,
        "squash",
    )
    assert info.context_tokens == 512 * 2
    assert info.tokens_per_frame == 16
    assert info.weight_bytes == (folder / "model.safetensors").stat().st_size


def test_a_folder_of_the_old_layout_is_read_the_same(folder: Path, tmp_path: Path) -> None:
    """Published checkpoints have the video processor in a file of its own, and the scaling as `rope_scaling`."""
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    processor = json.loads((tmp_path / "processor_config.json").read_text())
    del processor["image_processor"]
    videos = processor.pop("video_processor") | {"do_center_crop": True, "crop_size": {"height": 64, "width": 64}}
    (tmp_path / "processor_config.json").write_text(json.dumps(processor))
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(videos))
    config = json.loads((tmp_path / "config.json").read_text())
    del config["text_config"]["rope_parameters"]
    config["text_config"]["rope_scaling"] = {"type": "linear", "factor": 4.0}
    (tmp_path / "config.json").write_text(json.dumps(config))

    info = load_model(str(tmp_path)).info

    assert (info.image_size, info.fit, info.context_tokens) == (64, "crop", 2048)


def test_a_pooling_that_the_processor_does_not_count_is_refused(tmp_path: Path) -> None:
    save_tiny_llava_next_video(tmp_path, spatial_pool_stride=4)

    with pytest.raises(UnknownModelError, match="writes 16 tokens for a frame, and the model reads 4"):
        load_model(str(tmp_path))
