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
from training.transitions import Boundary, Transition, TransitionKind, join
from training.video import write_video

__all__ = [
    "GROUNDS", "Actor", "Boundary", "Clip", "Film", "Motion", "NaturalScene", "ToyScene", "Transition", "Truth",
    "random_film", "render", "render_film", "render_scene", "write_video",
]  # fmt: skip

Scene = ToyScene | NaturalScene

MONTAGE_PART = 0.04
"""Part of the natural register's clips that cut from one toy scene to another: such a clip gets no actor's claim."""


FEWEST_FRAMES = 3
"""Fewer frames between two transitions are not a scene of their own: a cut so near to another is none in a truth."""


@dataclass(frozen=True)
class Film:
    """Several scenes after each other: `pixels` (N, H, W, 3) uint8 RGB, `seconds` (N,), where each scene starts.

    `boundaries` holds every transition in order, cuts inside of scenes included.
    """

    pixels: Pixels
    seconds: NDArray[np.float64]
    start_seconds: tuple[float, ...]
    truths: tuple[Truth, ...]
    captions: tuple[str, ...]
    boundaries: tuple[Boundary, ...] = ()

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
    transitions: tuple[Transition, ...] | None = None,
    seconds_each: float = 5.0,
    frame_rate: int = 25,
    size: tuple[int, int] = (120, 160),
    seed: int = 0,
) -> Film:
    """Render scenes one after another; without `transitions`, scene k starts with a cut at ``k * seconds_each``.

    Args:
        scenes: What is to be seen.
        transitions: How each scene becomes the next, one fewer than scenes; None means cuts.
        seconds_each: Duration of each scene, its part in dissolves included.
        frame_rate: Frames a second.
        size: Height and width in pixels.
        seed: Scene k leaves open what `render_scene` decides by the seed ``seed + k``.
    """
    frames = round(seconds_each * frame_rate)
    clips = [
        render_scene(scene, seed=seed + index, frames=frames, size=size, seconds=seconds_each)
        for index, scene in enumerate(scenes)
    ]
    if transitions is None:
        transitions = (Transition(),) * (len(scenes) - 1)
    joined = join([clip.pixels for clip in clips], transitions)
    spans = [(*span, transition.kind) for span, transition in zip(joined.spans, transitions, strict=True)]
    for start, clip in zip(joined.starts, clips, strict=True):
        inside = _hidden_cut(clip)
        cut = start + (inside or 0)
        if inside and not any(first - FEWEST_FRAMES < cut < stop + FEWEST_FRAMES for first, stop, _ in spans):
            spans.append((cut, cut, "cut"))
    return Film(
        pixels=joined.pixels,
        seconds=np.arange(len(joined.pixels), dtype=np.float64) / frame_rate,
        start_seconds=tuple(start / frame_rate for start in joined.starts),
        truths=tuple(clip.truth for clip in clips),
        captions=tuple(clip.caption for clip in clips),
        boundaries=tuple(Boundary(start / frame_rate, stop / frame_rate, kind) for start, stop, kind in sorted(spans)),
    )


def _hidden_cut(clip: Clip) -> int | None:
    """Return the first frame behind the cut that some natural scenes of no clear camera hold."""
    gone = np.flatnonzero(np.isnan(clip.motion.camera[:, 0]))
    return int(gone[0]) if len(gone) else None


def random_film(
    seed: int,
    *,
    register: Register,
    scenes: int = 8,
    seconds_each: float = 5.0,
    frame_rate: int = 25,
    size: tuple[int, int] = (120, 160),
) -> Film:
    """Render a film of random scenes; half of its transitions are cuts, the others dissolves and fades.

    A dissolve takes 0.4 to 1.6 s, a fade 0.5 to 2 s; three fades in four go through black, the others through white.
    Toy scenes that follow each other have different backgrounds: between equal ones, a cut is nothing but shapes that
    move at once.
    """
    rng = np.random.default_rng([seed, 3])
    drawn: list[Scene] = []
    while len(drawn) < scenes:
        scene = toy.random_scene(rng) if register == "toy" else natural.random_scene(rng)
        before = drawn[-1] if drawn else None
        if not (isinstance(before, ToyScene) and isinstance(scene, ToyScene) and scene.background == before.background):
            drawn.append(scene)
    transitions = []
    for _ in range(scenes - 1):
        kinds: tuple[TransitionKind, ...] = ("cut", "dissolve", "fade")
        kind = kinds[rng.choice(3, p=[0.5, 0.25, 0.25])]
        length = {"cut": 0.0, "dissolve": rng.uniform(0.4, 1.6), "fade": rng.uniform(0.5, 2.0)}[kind]
        tone = 255 if rng.random() < 0.25 else 0
        transitions.append(Transition(kind, round(length * frame_rate), tone))
    return render_film(
        tuple(drawn),
        transitions=tuple(transitions),
        seconds_each=seconds_each,
        frame_rate=frame_rate,
        size=size,
        seed=1000 * seed,
    )
