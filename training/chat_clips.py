"""The clips that the embedded chat model talks about: which ones, rendered when, and what is true of them."""

from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from training import natural, toy
from training.dataset import MOST_ACTORS, Sample, Shard, degrade, picture_size, square
from training.model import FRAMES
from training.palette import Pixels, measure_look
from training.scenes import Clip, Motion, ToyScene, Truth
from training.world import Scene, render_scene

Kind = Literal["toy", "natural", "cut"]

KIND_PARTS: dict[Kind, float] = {"toy": 0.66, "natural": 0.23, "cut": 0.11}
TOY_PARTS = {"one": 0.2, "path": 0.09, "group": 0.11, "two": 0.34, "three": 0.1, "turn": 0.16}
"""How often each kind of toy scene is drawn: pairs most, since a second shape is what follow-ups are about."""
CLEAR_SHIFT = 0.25
"""Least way of the camera, in widths or heights of the view, from which its direction is asked about."""
CLEAR_ZOOM = 0.35
"""The same for its moves closer and away: natural logarithm of the magnification."""
SHARD_CLIPS = 500


@dataclass(frozen=True)
class Facts:
    """What a conversation can be about: the truth of a clip, and whether it has a cut."""

    truth: Truth
    cut: bool


def facts_of(truth: Truth, motion: Motion) -> Facts:
    """Return the facts of a clip: its truth with a camera only where its way is clear, and whether there is a cut.

    A camera's path is known up to the first cut.
    """
    cut = bool(np.isnan(motion.camera).any())
    if cut or truth.register == "toy" or truth.camera in ("", "still"):
        return Facts(truth, cut)
    way = np.abs(motion.camera[-1] - motion.camera[0])
    clear = way[2] >= CLEAR_ZOOM if truth.camera in ("closer", "away") else way[:2].max() >= CLEAR_SHIFT
    return Facts(truth if clear else replace(truth, camera=""), cut)


def toy_kind(scene: ToyScene) -> str:
    """Return which kind of toy scene this is."""
    first = scene.actors[0]
    if scene.in_turn:
        return "turn"
    if len(scene.actors) > 1:
        return "two" if len(scene.actors) == 2 else "three"
    if first.count > 1:
        return "group"
    return "path" if first.then and first.action != "turns" else "one"


def _toy_scene(rng: np.random.Generator) -> ToyScene:
    kind = rng.choice(list(TOY_PARTS), p=list(TOY_PARTS.values()))
    while toy_kind(scene := toy.random_scene(rng)) != kind:
        pass
    return scene


def _clip_of(scene: Scene, rng: np.random.Generator, size: tuple[int, int]) -> Clip | None:
    try:
        return render_scene(scene, seed=int(rng.integers(2**31)), frames=FRAMES, size=size)
    except ValueError:  # no room for so many moving shapes
        return None


def chat_clip(seed: int, size: tuple[int, int]) -> Clip:
    """Render the clip number `seed`, of six frames: a toy scene, a natural one, or two scenes with a cut between."""
    rng = np.random.default_rng([seed, 7])
    kind = rng.choice(list(KIND_PARTS), p=list(KIND_PARTS.values()))
    while True:
        if kind != "cut":
            clip = _clip_of(_toy_scene(rng) if kind == "toy" else natural.random_scene(rng), rng, size)
            if clip is not None:
                return clip
            continue
        plain = rng.random() < 0.5
        first, second = (_toy_scene(rng) if plain else natural.random_scene(rng) for _ in range(2))
        if isinstance(first, ToyScene) and isinstance(second, ToyScene) and first.background == second.background:
            continue
        before, after = _clip_of(first, rng, size), _clip_of(second, rng, size)
        if before is not None and after is not None:
            return _joined(before, after, int(rng.integers(1, FRAMES)))


def _joined(before: Clip, after: Clip, cut: int) -> Clip:
    """Cut from one clip to another: of the whole, only light and colours are known, and that there is a cut."""
    pixels = np.concatenate([before.pixels[:cut], after.pixels[cut:]])
    motion = Motion(np.full((FRAMES, 3), np.nan, dtype=np.float32), np.zeros((0, FRAMES, 2), dtype=np.float32))
    return Clip(pixels, before.seconds, Truth("natural", measure_look(pixels)), "", motion)


def training_clip(seed: int) -> Sample:
    """Render one training clip, seen through what cameras and codecs do, squashed to the model's square."""
    rng = np.random.default_rng([seed, 8])
    clip = chat_clip(seed, picture_size(rng))
    pixels: Pixels = degrade(clip.pixels, rng) if rng.random() < 0.5 else clip.pixels
    return Sample(square(pixels), clip.truth, clip.motion)


def shard_of(seeds: range) -> Shard:
    """Render training clips into one shard."""
    samples = [training_clip(seed) for seed in seeds]
    actors = np.full((len(samples), MOST_ACTORS, FRAMES, 2), np.nan, dtype=np.float32)
    for index, sample in enumerate(samples):
        actors[index, : len(sample.motion.actors)] = sample.motion.actors
    return Shard(
        np.stack([sample.pixels for sample in samples]),
        np.stack([sample.motion.camera for sample in samples]),
        actors,
        [sample.truth for sample in samples],
    )


def _write_shard(task: tuple[Path, int]) -> None:
    import pickle

    path, first_seed = task
    cv2.setNumThreads(1)
    part = path.with_suffix(".part")
    part.write_bytes(pickle.dumps(shard_of(range(first_seed, first_seed + SHARD_CLIPS)), protocol=5))
    part.rename(path)


def render_shards(folder: Path, clips: int, first_seed: int, processes: int = 2) -> list[Path]:
    """Render `clips` clips into shards and return their paths; shards that exist are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    seeds = range(first_seed, first_seed + clips, SHARD_CLIPS)
    paths = [folder / f"chat-{seed}.pickle" for seed in seeds]
    tasks = [(path, seed) for path, seed in zip(paths, seeds, strict=True) if not path.exists()]
    with get_context("spawn").Pool(processes) as pool:
        for _ in pool.imap_unordered(_write_shard, tasks):
            pass
    return paths
