"""The memory plan: against numbers worked out by hand, and its order of stepping down."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidtext.compute.free_memory import Memory
from vidtext.compute.memory import MemoryPlan, ModelDims, RunConfig, Stack, estimate_memory, plan_memory
from vidtext.errors import NoMemoryError

GB = 1_000_000_000
SMALL = ModelDims(
    parameters=100_000_000,
    image_size=100,
    tower=Stack(2, 1000, 4000),
    patches=100,
    output_hidden_layers=0,
    text=Stack(10, 1000, 4000),
    kv_dim=1000,
    frame_tokens=100,
    vocabulary=1000,
    embedding_params=10_000_000,
)
ASKED = RunConfig(clips=8, frames=32, text_tokens=100, new_tokens=100, dtype="float32")
LLAVA_7B = ModelDims(  # the published configuration
    parameters=7_063_000_000,
    image_size=336,
    tower=Stack(24, 1024, 4096),
    patches=577,
    output_hidden_layers=24,
    text=Stack(32, 4096, 11008),
    kv_dim=4096,
    frame_tokens=144,
    vocabulary=32064,
    embedding_params=0,
)


def planned(free: float, config: RunConfig = ASKED, dims: ModelDims = SMALL, **more: object) -> MemoryPlan:
    options = {"name": "tiny", "share": 1.0, "min_frames": 4, "loaded": False, **more}
    return plan_memory(dims, config, Memory(64 * GB, int(free)), **options)  # type: ignore[arg-type]  # of several types


def test_the_parts_are_what_they_are_by_hand() -> None:
    estimate = estimate_memory(SMALL, RunConfig(clips=2, frames=3, text_tokens=50, new_tokens=50, dtype="float32"))
    assert estimate.weights == 100_000_000 * 4 + 30_000_000
    assert estimate.pixels == 6 * 100 * 100 * 3 * 13  # once in bytes, three times in fp32
    assert estimate.seeing == 6 * 100 * (4 * 1000 + 2 * 4000) * 4
    states = 2 * 10 * 1000 * 400  # keys and values of ten layers for 300 + 50 + 50 tokens
    assert estimate.writing == 2 * (states + 350 * (6 * 1000 + 3 * 4000) + 1000) * 4
    assert estimate.peak == estimate.weights + estimate.pixels + max(estimate.seeing, estimate.writing)


def test_a_7b_model_needs_what_is_known_of_it() -> None:
    estimate = estimate_memory(LLAVA_7B, RunConfig(1, 32, 200, 256, "bfloat16"))
    assert estimate.weights == pytest.approx(14.1 * GB, rel=0.01)
    states = 2 * 32 * 4096 * (32 * 144 + 200 + 256) * 2
    assert states == pytest.approx(2.6 * GB, rel=0.03)
    assert 17 * GB < estimate.peak < 20 * GB


def test_spelled_out_attention_grows_with_the_square() -> None:
    spelled = replace(SMALL, eager_attention_heads=12)
    one, two = (estimate_memory(spelled, replace(ASKED, frames=frames)).writing for frames in (32, 64))
    assert two > 3 * one


def test_mapped_weights_leave_out_the_words_that_are_not_read() -> None:
    assert (
        estimate_memory(SMALL, ASKED).weights - estimate_memory(SMALL, replace(ASKED, mapped=True)).weights
        == 40_000_000
    )


def test_what_fits_is_done_as_asked() -> None:
    plan = planned(64 * GB)
    assert plan.config == ASKED
    assert plan.notes == ()


def test_the_order_of_stepping_down() -> None:
    seen = []
    for free in [64 * GB / 1.02**step for step in range(400)]:
        try:
            config = planned(free, dims=replace(SMALL, smaller_image_size=50)).config
        except NoMemoryError:
            break
        step = (config.clips, config.frames, config.image_size, config.dtype, config.offloaded_bytes > 0)
        if step not in seen:
            seen.append(step)
    assert seen == [
        (8, 32, 0, "float32", False), (4, 32, 0, "float32", False), (2, 32, 0, "float32", False),
        (1, 32, 0, "float32", False), (1, 16, 0, "float32", False), (1, 8, 0, "float32", False),
        (1, 4, 0, "float32", False), (1, 4, 50, "float32", False), (1, 4, 50, "bfloat16", False),
        (1, 4, 50, "bfloat16", True),
    ]  # fmt: skip


def test_smaller_frames_have_a_quarter_of_the_patches_and_tokens() -> None:
    smaller = replace(ASKED, image_size=50)
    assert estimate_memory(SMALL, smaller) == estimate_memory(
        replace(SMALL, image_size=50, patches=25, frame_tokens=25), ASKED
    )


def test_weights_go_outside_as_far_as_a_few_layers_stay() -> None:
    smallest = estimate_memory(SMALL, RunConfig(1, 4, 100, 100, "bfloat16"))
    plan = planned(smallest.peak - 49_000_000)
    assert plan.config.offloaded_bytes == 50_000_000  # four of sixteen parts
    assert plan.notes[-1].startswith("0.1 GB of the weights are kept outside the device's memory, which makes it slow")
    weights = 100_000_000 * 2
    most = weights - 3 * weights // 12  # three of twelve layers stay
    assert planned(smallest.peak - most).config.offloaded_bytes == most
    with pytest.raises(NoMemoryError):
        planned(smallest.peak - most - 1)


def test_everything_that_was_stepped_down_is_a_note() -> None:
    smallest = estimate_memory(SMALL, RunConfig(1, 4, 100, 100, "bfloat16")).peak
    assert planned(smallest).notes == (
        "4 of 32 frames are used, since 0.3 GB of memory are free.",
        "1 of 8 clips go through the model at once, since 0.3 GB of memory are free.",
        "The weights are held in bfloat16 instead of float32, since 0.3 GB of memory are free.",
    )


def test_what_does_not_fit_is_refused_with_the_numbers() -> None:
    with pytest.raises(
        NoMemoryError,
        match=r"tiny needs about 0\.3 GB even for 1 clip of 4 frames, and 0\.1 GB of 64\.0 GB are free\. Choose",
    ):
        planned(0.1 * GB)


def test_weights_that_are_there_need_no_room_and_are_not_changed() -> None:
    room = estimate_memory(SMALL, RunConfig(1, 4, 100, 100, "float32"))
    plan = planned(room.peak - room.weights, loaded=True)
    assert (plan.config.frames, plan.config.dtype) == (4, "float32")
    with pytest.raises(NoMemoryError):
        planned(room.peak - room.weights - 1, loaded=True)


def test_a_share_of_the_free_memory_is_left_alone() -> None:
    peak = estimate_memory(SMALL, ASKED).peak
    assert planned(peak).config == ASKED
    assert planned(peak, share=0.9).config.clips < 8


@given(st.floats(1e8, 1e11), st.integers(1, 16), st.integers(4, 64), st.integers(1, 500))
def test_a_plan_always_fits_and_never_asks_for_more(free: float, clips: int, frames: int, tokens: int) -> None:
    config = RunConfig(clips, frames, tokens, 100, "float32")
    try:
        plan = planned(free, config)
    except NoMemoryError:
        outside = 100_000_000 * 2 * 9 // 12
        assert estimate_memory(SMALL, RunConfig(1, 4, tokens, 100, "bfloat16")).peak - outside > free
        return
    assert plan.estimate.peak <= free
    assert plan.config.clips <= clips
    assert 4 <= plan.config.frames <= frames
    assert (plan.config == config) == (estimate_memory(SMALL, config).peak <= free)
