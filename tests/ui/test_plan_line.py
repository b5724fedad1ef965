from __future__ import annotations

from dataclasses import replace

from vidtext.compute.memory import MemoryEstimate, MemoryPlan, RunConfig
from vidtext.models.acquire import Workload
from vidtext.models.base import ModelInfo
from vidtext.ui.framework.memory_line import plan_html

CARD = ModelInfo("m", "llava_next_video", "MIT", 32, 336, "crop", 8192, 0, "Sees.", tokens_per_frame=144, chats=True)
PLAN = MemoryPlan(
    RunConfig(1, 16, 64, 64, "bfloat16"), MemoryEstimate(14_100_000_000, 0, 1, 2), 20_000_000_000, ("<b>Less</b>.",)
)


def test_it_says_frames_tokens_and_memory() -> None:
    assert plan_html(CARD, Workload(1, 32), PLAN) == (
        '<p class="vt-note">16 frames of 336 × 336 · 2,304 tokens · needs about 14.1 GB of 20.0 GB free.</p>'
    )


def test_small_needs_are_in_megabytes_and_captioners_have_no_tokens() -> None:
    small = replace(PLAN, estimate=MemoryEstimate(41_000_000, 0, 0, 0), notes=())
    html = plan_html(replace(CARD, tokens_per_frame=0), Workload(1, 32), small)
    assert html == '<p class="vt-note">16 frames of 336 × 336 · needs about 41 MB of 20.0 GB free.</p>'


def test_a_model_that_is_not_here_yet_is_planned_later() -> None:
    assert "once the model is downloaded" in plan_html(CARD, Workload(1, 32), None)
