"""A synthetic world with known truth: clips for training, for tests and for the examples. Deterministic per seed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training import natural, toy
from training.grammar import caption
from training.palette import Pixels, measure_look
from training.scenes import (
    GROUNDS,
    Actor,
    Clip,
    Motion,
    NaturalScene,
    Register,
    ToyScene,
    Truth,
)
from training.video import write_video

__all__ = [
    "GROUNDS", "Actor", "Clip", "Film", "Motion", "NaturalScene", "ToyScene", "Truth",
    "render", "render_film", "render_scene", "write_video",
]  # fmt: skip

Scene = ToyScene | NaturalScene

MONTAGE_PART = 0.04
"""Part of the natural register's clips that cut from one toy scene to another: such a clip gets no actor's claim."""


@dataclass(frozen=True)
class Film:
    """Several scenes after each other: `pixels` (N, H, W, 3) uint8 RGB, `seconds` (N,), where each scene starts."""

    pixels: Pixels
    seconds: NDArray[np.float64]
    start_seconds: tuple[float, ...]
    truths: tuple[Truth, ...]
    captions: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Film(pixels={self.pixels.shape}, start_seconds={self.start_seconds})"


def render_scene(
    scene: Scene, *, seed: int = 0, frames: int = 6, size: tuple[int, int] = (120, 160), seconds: float = 3.0
) -> Clip:
    """Render a given scene.

    Args:
        scene: What is to be seen.
        seed: Decides what the scene leaves open: places, sizes, exact tints, textures, paces.
        frames: Number of frames, evenly spread over the clip.
        size: Height and width in pixels.
        seconds: Duration; frame k is shown from ``k * seconds / frames`` on.
    """
    return _render(scene, np.random.default_rng([seed, 2]), frames, size, seconds)


def render(
    seed: int, *, register: Register, frames: int = 6, size: tuple[int, int] = (120, 160), seconds: float = 3.0
) -> Clip:
    """Render the clip number `seed` of a register; the arguments are those of `render_scene`."""
    rng = np.random.default_rng([seed, 0 if register == "toy" else 1])
    if register == "toy":
        return _render(toy.random_scene(rng), rng, frames, size, seconds)
    if rng.random() < MONTAGE_PART:
        return _montage(rng, frames, size, seconds)
    return _render(natural.random_scene(rng), rng, frames, size, seconds)


def _seconds(frames: int, seconds: float) -> NDArray[np.float64]:
    return np.arange(frames, dtype=np.float64) * seconds / frames


def _render(scene: Scene, rng: np.random.Generator, frames: int, size: tuple[int, int], seconds: float) -> Clip:
    if isinstance(scene, ToyScene):
        pixels, truth, motion = toy.render_toy(scene, frames=frames, size=size, rng=rng)
    else:
        pixels, truth, motion = natural.render_natural(scene, frames=frames, size=size, rng=rng)
    return Clip(pixels, _seconds(frames, seconds), truth, caption(truth), motion)


def _montage(rng: np.random.Generator, frames: int, size: tuple[int, int], seconds: float) -> Clip:
    """Two or three toy scenes in one clip: one sentence about one of them would be wrong about the others."""
    count = int(rng.integers(2, 4))
    pixels = np.concatenate(
        [
            toy.render_toy(toy.random_scene(rng), frames=frames, size=size, rng=rng)[0][part]
            for part in np.array_split(np.arange(frames), count)
        ]
    )
    truth = Truth("natural", measure_look(pixels))
    motion = Motion(np.full((frames, 3), np.nan, dtype=np.float32), np.zeros((0, frames, 2), dtype=np.float32))
    return Clip(pixels, _seconds(frames, seconds), truth, caption(truth), motion)


def render_film(
    scenes: tuple[Scene, ...],
    *,
    seconds_each: float = 5.0,
    frame_rate: int = 25,
    size: tuple[int, int] = (120, 160),
    seed: int = 0,
) -> Film:
    """Render scenes one after another with a hard cut between them; scene k starts at ``k * seconds_each``."""
    frames = round(seconds_each * frame_rate)
    clips = [
        render_scene(scene, seed=seed + index, frames=frames, size=size, seconds=seconds_each)
        for index, scene in enumerate(scenes)
    ]
    return Film(
        pixels=np.concatenate([clip.pixels for clip in clips]),
        seconds=np.arange(frames * len(scenes), dtype=np.float64) / frame_rate,
        start_seconds=tuple(index * frames / frame_rate for index in range(len(scenes))),
        truths=tuple(clip.truth for clip in clips),
        captions=tuple(clip.caption for clip in clips),
    )
