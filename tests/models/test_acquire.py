"""Loading only what fits: the memory that is free is made up, the models are tiny."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from tests.models.checkpoints import save_tiny_git, save_tiny_llava_next_video
from tests.models.conversation import SHORT, clip, dims_of, two_turns
from tests.models.timed_checkpoints import save_tiny_qwen3_vl
from vidtext.compute.free_memory import Memory
from vidtext.compute.memory import MemoryPlan, RunConfig, estimate_memory
from vidtext.errors import NoMemoryError
from vidtext.job import Job
from vidtext.models import acquire
from vidtext.models.acquire import Workload, acquire_model, foresee
from vidtext.models.base import Captioner, ChatModel
from vidtext.models.checkpoint import Checkpoint
from vidtext.models.checkpoint_files import parameter_count
from vidtext.models.families import info_from_folder
from vidtext.models.loading import load_model, resolve
from vidtext.models.model_cache import MODEL_CACHE
from vidtext.models.prefix_cache import PREFIXES
from vidtext.settings import Settings

SETTINGS = Settings().override(models__memory_share=1.0)


@pytest.fixture(autouse=True)
def nothing_loaded() -> None:
    MODEL_CACHE.drop_idle()


def has(monkeypatch: pytest.MonkeyPatch, *free: int) -> None:
    """Let so much be free at each look; the last holds on."""
    looks = iter(free)
    latest = [0]

    def look(_: str) -> Memory:
        latest[0] = next(looks, latest[0])
        return Memory(1 << 40, latest[0])

    monkeypatch.setattr(acquire, "device_memory", look)


def peak(folder: Path, clips: int, frames: int, dtype: str = "float32") -> int:
    return estimate_memory(dims_of(folder), RunConfig(clips, frames, 64, 64, dtype)).peak


def held(folder: Path, dtype: str = "float32") -> bool:
    return MODEL_CACHE.holds(Checkpoint(str(folder), "cpu", dtype))


def plan_of(folder: str, work: Workload) -> MemoryPlan:
    with acquire_model(resolve(folder, SETTINGS), work, settings=SETTINGS, job=Job()) as (_, plan):
        return plan


def test_what_fits_is_loaded_as_asked(tmp_path: Path, monkeypatch) -> None:
    folder = save_tiny_git(tmp_path / "git")
    has(monkeypatch, peak(folder, 4, 6))
    with acquire_model(resolve(str(folder), SETTINGS), Workload(4, 6), settings=SETTINGS, job=Job()) as (model, plan):
        pass
    assert (plan.config.clips, plan.config.frames, plan.notes) == (4, 6, ())
    assert model.info.family == "git"
    assert held(folder)


def test_a_captioner_takes_fewer_clips_at_once_but_never_fewer_frames(tmp_path: Path, monkeypatch) -> None:
    folder = save_tiny_git(tmp_path / "git")
    has(monkeypatch, peak(folder, 1, 6))
    plan = plan_of(str(folder), Workload(4, 6))
    assert (plan.config.clips, plan.config.frames) == (1, 6)
    assert plan.notes[0].startswith("1 of 4 clips go through the model at once, since ")


def test_a_chat_model_takes_fewer_frames(tmp_path: Path, monkeypatch) -> None:
    folder = save_tiny_llava_next_video(tmp_path / "llava")
    has(monkeypatch, peak(folder, 1, 8))
    plan = plan_of(str(folder), Workload(1, 32))
    assert (plan.config.clips, plan.config.frames) == (1, 8)
    assert plan.notes[0].startswith("8 of 32 frames are used, since ")


def test_each_video_of_a_conversation_keeps_its_fewest_frames(tmp_path: Path, monkeypatch) -> None:
    folder = save_tiny_llava_next_video(tmp_path / "llava")
    fewest = info_from_folder(folder).min_frames
    has(monkeypatch, peak(folder, 1, 3 * fewest))
    assert plan_of(str(folder), Workload(1, 30, parts=3)).config.frames == 3 * fewest
    has(monkeypatch, peak(folder, 1, 3 * fewest, "bfloat16") - 1)
    assert plan_of(str(folder), Workload(1, 30, parts=3)).config.frames >= 3 * fewest


def test_then_the_weights_are_held_in_half_the_precision(tmp_path: Path, monkeypatch) -> None:
    folder = save_tiny_llava_next_video(tmp_path / "llava")
    has(monkeypatch, peak(folder, 1, 4, "bfloat16"))
    plan_of(str(folder), Workload(1, 4))
    assert held(folder, "bfloat16")
    assert not held(folder)


@pytest.mark.filterwarnings("ignore:The following device_map keys")  # accelerate, of a parameter that is no module
def test_at_last_weights_stay_on_disk_and_the_answer_is_the_same(tmp_path: Path, monkeypatch) -> None:
    folder = save_tiny_llava_next_video(tmp_path / "llava")
    monkeypatch.setattr(acquire, "best_dtype", lambda *_: "bfloat16")  # as low as it gets
    resolution, work = resolve(str(folder), SETTINGS), Workload(1, 4)
    with acquire_model(resolution, work, settings=SETTINGS, job=Job()) as (model, plan):
        assert plan.config.offloaded_bytes == 0
        expected = answer(model)
    MODEL_CACHE.drop_idle()
    outside = 4 * math.ceil(parameter_count(folder) * 2 / 16)  # of sixteen parts
    has(monkeypatch, peak(folder, 1, 4, "bfloat16") - outside)
    with acquire_model(resolution, work, settings=SETTINGS, job=Job()) as (model, plan):
        assert plan.config.offloaded_bytes == outside
        assert plan.notes[0].endswith("which makes it slow, since 0.0 GB of memory are free.")
        with MODEL_CACHE.acquire(Checkpoint(str(folder), "cpu", "bfloat16")) as loaded:
            assert "disk" in loaded.model.hf_device_map.values()
        assert answer(model) == expected
        assert model.image_features(clip(0), Job()).shape[0] == 4


def answer(model: Captioner) -> str:
    assert isinstance(model, ChatModel)
    return "".join(model.reply(two_turns(), SHORT, Job()))


def test_qwen_sees_smaller_frames(tmp_path: Path, monkeypatch) -> None:
    folder = save_tiny_qwen3_vl(tmp_path / "qwen")
    dims = dims_of(folder)
    small = estimate_memory(dims, RunConfig(1, 4, 64, 64, "float32", image_size=dims.smaller_image_size)).peak
    has(monkeypatch, small)
    with acquire_model(resolve(str(folder), SETTINGS), Workload(1, 4), settings=SETTINGS, job=Job()) as (model, plan):
        assert plan.config.image_size == model.info.image_size == dims.smaller_image_size < dims.image_size
        assert plan.notes[0].startswith(f"Frames are shrunk to {dims.smaller_image_size} × ")
        answer(model)  # its processor writes as many tokens as the card says, or it would be refused


def test_of_several_gpus_the_one_with_the_most_memory_is_taken(monkeypatch) -> None:
    free = {"cuda:0": 5, "cuda:1": 9, "cuda:2": 7}
    monkeypatch.setattr(acquire, "best_device", lambda: "cuda")
    monkeypatch.setattr("torch.cuda.device_count", lambda: 3)
    monkeypatch.setattr(acquire, "device_memory", lambda gpu: Memory(16, free[gpu]))
    assert acquire._freest_device() == "cuda:1"
    limits = {"at_once": 1, "longest_line": 1, "job": Job()}
    with acquire.LEASES.acquire("cuda:1", lambda: 3, lambda: 9, **limits):
        assert acquire._freest_device() == "cuda:2"


def test_what_does_not_fit_is_refused_before_anything_is_loaded(tmp_path: Path, monkeypatch) -> None:
    folder = save_tiny_git(tmp_path / "git")
    has(monkeypatch, 1000)
    monkeypatch.setattr(MODEL_CACHE, "_load", lambda _: pytest.fail("loaded"))
    with pytest.raises(NoMemoryError, match=r"needs about 0\.0 GB even for 1 clip of 6 frames"):
        load_model(str(folder), settings=SETTINGS)


def test_models_that_nobody_uses_make_room(tmp_path: Path, monkeypatch) -> None:
    other = save_tiny_git(tmp_path / "other")
    folder = save_tiny_llava_next_video(tmp_path / "llava")
    load_model(str(other))
    has(monkeypatch, 1000, peak(folder, 1, 4))  # more, once the other one is gone
    plan_of(str(folder), Workload(1, 4))
    assert held(folder)
    assert not held(other)


def test_a_model_that_is_loaded_needs_no_room_for_its_weights(tmp_path: Path, monkeypatch) -> None:
    folder = save_tiny_git(tmp_path / "git")
    load_model(str(folder))
    weights = estimate_memory(dims_of(folder), RunConfig(1, 6, 64, 64, "float32")).weights
    has(monkeypatch, peak(folder, 1, 6) - weights)
    plan = plan_of(str(folder), Workload(1, 6))
    assert plan.notes == ()


def test_a_model_that_was_stepped_down_is_not_loaded_again(tmp_path: Path, monkeypatch) -> None:
    folder = save_tiny_llava_next_video(tmp_path / "llava")
    half = peak(folder, 1, 4, "bfloat16")
    has(monkeypatch, half)
    first = plan_of(str(folder), Workload(1, 4))
    has(monkeypatch, half - MODEL_CACHE.nbytes)  # the loaded weights are no longer free
    monkeypatch.setattr(MODEL_CACHE, "_load", lambda _: pytest.fail("loaded again"))

    assert plan_of(str(folder), Workload(1, 4)).config == first.config
    assert held(folder, "bfloat16")


def test_kept_conversations_make_room_before_fewer_frames_are_used(tmp_path: Path, monkeypatch) -> None:
    folder = save_tiny_llava_next_video(tmp_path / "llava")
    model = load_model(str(folder))
    assert isinstance(model, ChatModel)
    "".join(model.reply(two_turns(), replace(SHORT, memory_key="a"), Job()))
    weights = estimate_memory(dims_of(folder), RunConfig(1, 4, 64, 64, "float32")).weights
    has(monkeypatch, peak(folder, 1, 8) - weights - 1, peak(folder, 1, 8) - weights)  # more, once it is gone

    plan = plan_of(str(folder), Workload(1, 8))

    assert (plan.config.frames, plan.notes) == (8, ())
    assert len(PREFIXES) == 0
    assert held(folder)


def test_foreseeing_drops_no_model_and_counts_with_those_that_would_go(tmp_path: Path, monkeypatch) -> None:
    other = save_tiny_git(tmp_path / "other")
    folder = save_tiny_llava_next_video(tmp_path / "llava")
    load_model(str(other))
    has(monkeypatch, peak(folder, 1, 4) - 1)
    plan = foresee(resolve(str(folder), SETTINGS), Workload(1, 4), SETTINGS)
    assert plan is not None
    assert plan.notes == ()
    assert held(other)
