"""The checkpoint that ships: it loads like any other, is small, and its words are right about unseen clips."""

import json
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from transformers import AutoModelForImageTextToText, AutoProcessor, GitForCausalLM

from training.evaluate import CHECKPOINT, Checkpoint
from training.grammar import parse
from training.palette import Light
from training.scenes import Actor, Camera, NaturalScene, ToyScene
from training.world import render, render_scene

LARGEST_BYTES = 8_000_000
EXAMPLES = Path(__file__).parents[2] / "vidtext" / "examples"


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return Checkpoint(CHECKPOINT)


def test_it_is_under_eight_megabytes_and_has_its_card() -> None:
    assert sum(path.stat().st_size for path in CHECKPOINT.iterdir()) < LARGEST_BYTES
    assert "apache-2.0" in (CHECKPOINT / "README.md").read_text()


def test_it_loads_with_the_auto_classes() -> None:
    processor = AutoProcessor.from_pretrained(CHECKPOINT)
    model = AutoModelForImageTextToText.from_pretrained(CHECKPOINT, dtype=torch.float32)
    assert isinstance(model, GitForCausalLM)
    assert model.config.num_image_with_embedding == 6
    assert model.dtype == torch.float32
    assert processor.tokenizer.unk_token_id not in processor.tokenizer("a red circle moves to the right.").input_ids


@pytest.mark.parametrize(
    "scene",
    [
        *(ToyScene((Actor("red", "circle", action),), "dark blue") for action in ("right", "left", "up", "down")),
        ToyScene((Actor("blue", "circle", "right"),), "white"),
        ToyScene((Actor("yellow", "star"),), "black"),
        ToyScene((Actor("green", "triangle", "grows"),), "light yellow"),
        ToyScene((Actor("red", "square", "turns", then="blue"),), "grey"),
        ToyScene((Actor("white", "circle", count=3),), "dark green"),
        ToyScene((Actor("red", "circle"), Actor("blue", "square")), "white", in_turn=True),
    ],
    ids=lambda scene: " ".join(f"{actor.colour} {actor.shape} {actor.action}" for actor in scene.actors),
)
def test_it_tells_what_shapes_do(checkpoint: Checkpoint, scene: ToyScene) -> None:
    clips = [render_scene(scene, seed=seed) for seed in (11, 12, 13)]
    told = checkpoint.caption([clip.pixels for clip in clips])
    right = [parse(text).actors == scene.actors and parse(text).in_turn == scene.in_turn for text in told]
    assert sum(right) >= 2, told


@pytest.mark.parametrize("camera", ["still", "right", "left", "up", "down", "closer", "away"])
def test_it_tells_what_the_camera_does(checkpoint: Checkpoint, camera: Camera) -> None:
    clips = [render_scene(NaturalScene(camera, "leaves"), seed=seed) for seed in (21, 22, 23, 24)]
    told = checkpoint.caption([clip.pixels for clip in clips])
    assert sum(parse(text).camera == camera for text in told) >= 3, told


@pytest.mark.parametrize("light", ["dark", "moderate", "bright"])
def test_it_tells_the_light(checkpoint: Checkpoint, light: Light) -> None:
    clips = [render_scene(NaturalScene("still", "clouds", light), seed=seed) for seed in (31, 32, 33, 34)]
    told = checkpoint.caption([clip.pixels for clip in clips])
    fair = [parse(text).light in clip.truth.look.accepted_lights for text, clip in zip(told, clips, strict=True)]
    assert sum(fair) >= 3, told


def test_a_swap_of_red_and_blue_changes_the_words(checkpoint: Checkpoint) -> None:
    clip = render_scene(ToyScene((Actor("red", "circle", "right"),), "black"), seed=11).pixels
    told, swapped = checkpoint.caption([clip, clip[..., ::-1].copy()])
    assert "red circle" in told
    assert "blue circle" in swapped


def test_the_order_of_the_frames_changes_the_words(checkpoint: Checkpoint) -> None:
    clip = render_scene(ToyScene((Actor("red", "circle", "right"),), "black"), seed=11).pixels
    told, backwards = checkpoint.caption([clip, clip[::-1].copy()])
    assert "to the right" in told
    assert "to the left" in backwards


def test_it_claims_no_shape_in_a_natural_scene(checkpoint: Checkpoint) -> None:
    told = checkpoint.caption([render(seed, register="natural").pixels for seed in range(100, 140)])
    assert sum(bool(parse(text).actors) for text in told) <= 2, told


def six_frames(path: Path, start_seconds: float, stop_seconds: float) -> np.ndarray:
    """The frames at the middles of six equal parts of a stretch, (6, H, W, 3)."""
    with av.open(str(path)) as container:
        frames = {frame.time: frame for frame in container.decode(video=0)}
    wanted = start_seconds + (np.arange(6) + 0.5) / 6 * (stop_seconds - start_seconds)
    return np.stack(
        [frames[max(time for time in frames if time <= each)].to_ndarray(format="rgb24") for each in wanted]
    )


@pytest.mark.parametrize("example", json.loads((EXAMPLES / "index.json").read_text()), ids=lambda each: each["file"])
def test_it_is_right_about_the_examples(checkpoint: Checkpoint, example: dict) -> None:
    for cue in example["expected"]:
        clip = six_frames(EXAMPLES / example["file"], cue["start_seconds"], cue["stop_seconds"])
        assert parse(checkpoint.caption([clip])[0]) == parse(cue["text"])
