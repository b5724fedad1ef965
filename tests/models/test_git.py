from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoProcessor, CLIPImageProcessor, GitForCausalLM

from tests.models.checkpoints import save_tiny_git
from vidtext.errors import CancelledError, NoMemoryError, OptionError
from vidtext.job import Job
from vidtext.media.read.frames import Frames
from vidtext.models.base import Captioner, GenerationOptions
from vidtext.models.families import git
from vidtext.models.families.git import pixel_values
from vidtext.models.loading import load_model


def clip(seed: int, frames: int = 6, edge: int = 32) -> Frames:
    pixels = np.random.default_rng(seed).integers(0, 255, (frames, edge, edge, 3)).astype(np.uint8)
    return Frames(pixels, np.arange(frames, dtype=np.float64))


@pytest.fixture(scope="module", params=["clip", "videomae"])
def folder(request, tmp_path_factory) -> Path:
    return save_tiny_git(tmp_path_factory.mktemp("git"), processor=request.param)


@pytest.fixture
def captioner(folder: Path) -> Captioner:
    return load_model(str(folder))


def test_the_card_is_read_off_the_folder(captioner: Captioner, folder: Path) -> None:
    info = captioner.info

    assert (info.frames_per_clip, info.image_size, info.fit, info.context_tokens) == (6, 32, "crop", 24)
    assert info.weight_bytes == (folder / "model.safetensors").stat().st_size


def test_words_equal_those_of_the_model_used_by_hand(captioner: Captioner, folder: Path) -> None:
    one = clip(1)
    model = GitForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoProcessor.from_pretrained(folder).tokenizer
    images = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    mean, std = (_normalization(folder)[key] for key in ("mean", "std"))
    images.image_mean, images.image_std = mean, std
    values = images(images=list(one.pixels), return_tensors="pt")["pixel_values"][None]
    written = model.generate(pixel_values=values, max_new_tokens=12)
    expected = tokenizer.batch_decode(written, skip_special_tokens=True)[0]

    words = captioner.caption([one], GenerationOptions(max_new_tokens=12), Job())[0]

    assert words.replace(" ", "") == expected.replace(" ", "")
    assert " ." not in words


def _normalization(folder: Path) -> dict[str, list[float]]:
    processor = AutoProcessor.from_pretrained(folder).image_processor
    return {"mean": list(processor.image_mean), "std": list(processor.image_std)}


def test_a_clip_is_one_item_of_six_frames_in_their_order(folder: Path) -> None:
    processor = AutoProcessor.from_pretrained(folder)
    bright = np.stack([np.full((6, 32, 32, 3), 10 * number, dtype=np.uint8) for number in range(2)])
    bright += np.arange(6, dtype=np.uint8)[None, :, None, None, None] * 30

    values = pixel_values(processor, bright)

    assert values.shape == (2, 6, 3, 32, 32)
    means = values.mean(dim=(2, 3, 4))
    assert (means.diff(dim=1) > 0).all()
    assert (means[1] > means[0]).all()


def test_a_batch_says_what_one_by_one_says(captioner: Captioner) -> None:
    clips = [clip(seed) for seed in range(4)]
    options = GenerationOptions(max_new_tokens=10)

    together = captioner.caption(clips, options, Job())

    assert together == [captioner.caption([one], options, Job())[0] for one in clips]


def test_the_order_of_frames_reaches_the_model(captioner: Captioner) -> None:
    one = clip(3)
    backwards = replace(one, pixels=one.pixels[::-1].copy())
    model_inputs = [captioner.caption([each], GenerationOptions(max_new_tokens=15), Job()) for each in (one, backwards)]

    assert model_inputs[0] == captioner.caption([clip(3)], GenerationOptions(max_new_tokens=15), Job())


def test_another_number_of_frames_is_refused(captioner: Captioner) -> None:
    with pytest.raises(OptionError, match="takes clips of 6 frames; got one of 5"):
        captioner.caption([clip(0, frames=5)], GenerationOptions(), Job())


def test_stopping_ends_the_generation_within_a_token(captioner: Captioner, monkeypatch) -> None:
    monkeypatch.setattr(
        "vidtext.models.families.git._tidied", lambda _: pytest.fail("the generation went on to its end")
    )
    tokens: list[int] = []

    def watch(progress) -> None:
        tokens.append(progress.done)
        if progress.done == 2:
            job.stop()

    job = Job(on_progress=watch)

    with pytest.raises(CancelledError):
        captioner.caption([clip(0)], GenerationOptions(max_new_tokens=20), job)

    assert tokens[-1] == 2
    assert not [thread for thread in threading.enumerate() if thread.name == "generate"]


def test_more_tokens_than_the_model_has_places_for_are_no_error(captioner: Captioner) -> None:
    assert len(captioner.caption([clip(0)], GenerationOptions(max_new_tokens=500), Job())) == 1


def test_a_fault_inside_generate_is_raised_to_the_caller(captioner: Captioner, monkeypatch) -> None:
    def fail(_model, **_options) -> None:
        raise RuntimeError("out of memory, say")

    monkeypatch.setattr(GitForCausalLM, "generate", fail)

    with pytest.raises(RuntimeError, match="out of memory, say"):
        captioner.caption([clip(0)], GenerationOptions(), Job())


def test_features_of_frames_have_length_one_and_do_not_depend_on_their_batch(captioner: Captioner) -> None:
    frames = clip(5, frames=20, edge=48)

    features = captioner.image_features(frames, Job())

    assert features.shape == (20, 32)
    assert features.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, atol=1e-5)
    alone = np.concatenate([captioner.image_features(frames.part(index, index + 1), Job()) for index in range(20)])
    np.testing.assert_allclose(features, alone, atol=1e-5)
    np.testing.assert_allclose((features * alone).sum(axis=1), 1, atol=1e-5)


def test_features_are_the_mean_of_the_towers_patches(captioner: Captioner, folder: Path) -> None:
    frames = clip(6, frames=2)
    model = GitForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    values = pixel_values(AutoProcessor.from_pretrained(folder), frames.pixels[None])[0]
    with torch.inference_mode():
        hidden = model.git.image_encoder(values).last_hidden_state
    assert hidden.shape[1] == 1 + 4  # the class token and 2 × 2 patches
    expected = torch.nn.functional.normalize(hidden[:, 1:].mean(dim=1), dim=1).numpy()

    np.testing.assert_allclose(captioner.image_features(frames, Job()), expected, atol=1e-5)


def test_features_tell_colours_apart() -> None:
    colours = np.array([[200, 30, 30], [192, 38, 34], [30, 30, 200]], dtype=np.uint8)
    pixels = np.broadcast_to(colours[:, None, None], (3, 64, 64, 3)).copy()

    features = load_model("embedded").image_features(Frames(pixels, np.arange(3.0)), Job())

    red, nearly_the_same_red, blue = features
    assert red @ nearly_the_same_red > red @ blue + 0.1


def test_features_end_when_the_job_is_stopped_between_batches(captioner: Captioner, monkeypatch) -> None:
    job = Job()
    batches: list[int] = []

    def stopping(processor, pixels) -> torch.Tensor:
        batches.append(pixels.shape[1])
        job.stop()
        return pixel_values(processor, pixels)

    monkeypatch.setattr("vidtext.models.families.git.pixel_values", stopping)

    with pytest.raises(CancelledError):
        captioner.image_features(clip(7, frames=40), job)

    assert batches == [16]


@pytest.fixture
def batches(monkeypatch) -> list[int]:
    """The sizes of the batches that reach the model; there is memory for one clip at once."""
    sizes: list[int] = []
    real = git.generate_captions

    def starved(loaded, pixels, max_new_tokens) -> Iterator[git.CaptionChunk]:
        sizes.append(len(pixels))
        if len(pixels) > 1:
            raise torch.OutOfMemoryError("It ran out.")
        yield from real(loaded, pixels, max_new_tokens)

    monkeypatch.setattr(git, "generate_captions", starved)
    return sizes


def test_when_memory_runs_out_clips_go_one_by_one(captioner: Captioner, batches: list[int]) -> None:
    clips, options = [clip(seed) for seed in range(3)], GenerationOptions(max_new_tokens=5)
    together = captioner.caption(clips, options, Job())
    assert batches == [3, 1, 1, 1]
    assert together == [text for each in clips for text in captioner.caption([each], options, Job())]


def test_when_there_is_no_memory_for_one_clip_it_is_an_error(captioner: Captioner, monkeypatch) -> None:
    def starved(*_: object) -> Iterator[git.CaptionChunk]:
        raise torch.OutOfMemoryError("It ran out.")
        yield

    monkeypatch.setattr(git, "generate_captions", starved)
    with pytest.raises(NoMemoryError):
        captioner.caption([clip(0)], GenerationOptions(), Job())
