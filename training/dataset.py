"""Clips rendered ahead of training, as arrays on disk, and the turns that make sixteen clips out of one."""

import pickle
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from training.model import FRAMES, IMAGE_PIXELS
from training.palette import Pixels
from training.scenes import Actor, Clip, Direction, Motion, Register, Truth
from training.world import render

Name = TypeVar("Name", bound=str)

MOST_ACTORS = 3
SHORT_PIXELS = 96
"""Shortest edge at which clips are rendered before they are squashed to the model's square."""
SHAPES_OF_PICTURE = ((4, 3, 0.35), (16, 9, 0.4), (9, 16, 0.1), (1, 1, 0.1), (21, 9, 0.05))
"""Width, height and frequency of the pictures' proportions."""
SHARD_CLIPS = 500


@dataclass(frozen=True)
class Shard:
    """Clips as arrays: pixels (N, FRAMES, S, S, 3) uint8, camera (N, FRAMES, 3), actors (N, A, FRAMES, 2)."""

    pixels: Pixels
    camera: NDArray[np.float32]
    actors: NDArray[np.float32]
    truths: list[Truth]


@dataclass(frozen=True)
class Sample:
    """One clip as the training loop takes it; the arrays are those of `Motion`."""

    pixels: Pixels
    truth: Truth
    motion: Motion


def picture_size(rng: np.random.Generator) -> tuple[int, int]:
    """Draw a height and width whose shorter one is SHORT_PIXELS."""
    wide, high, _ = SHAPES_OF_PICTURE[rng.choice(len(SHAPES_OF_PICTURE), p=[part for *_, part in SHAPES_OF_PICTURE])]
    return SHORT_PIXELS * high // min(wide, high), SHORT_PIXELS * wide // min(wide, high)


def square(pixels: Pixels) -> Pixels:
    """Squash frames (N, H, W, 3) to the model's square by area, as is done with real clips."""
    side = (IMAGE_PIXELS, IMAGE_PIXELS)
    return np.stack([cv2.resize(frame, side, interpolation=cv2.INTER_AREA) for frame in pixels])


def degrade(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Add what cameras and codecs add: blur, sensor noise, block artefacts. Light and main colours stay."""
    if rng.random() < 0.25:
        pixels = np.stack([cv2.GaussianBlur(frame, (0, 0), rng.uniform(0.5, 1.6)) for frame in pixels])
    if rng.random() < 0.35:
        grain = rng.normal(0.0, rng.uniform(1.0, 9.0), (*pixels.shape[:3], 1))
        pixels = np.clip(pixels + grain, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(18, 85))]
        pixels = np.stack([_through_jpeg(frame, quality) for frame in pixels])
    return pixels


def _through_jpeg(frame: Pixels, quality: list[int]) -> Pixels:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", frame, quality)[1], cv2.IMREAD_COLOR), dtype=np.uint8)


def training_clip(seed: int, register: Register) -> Clip | None:
    """Render one training clip; None where its light is too near a threshold to be called one name."""
    rng = np.random.default_rng([seed, 3])
    clip = render(seed, register=register, frames=FRAMES, size=picture_size(rng))
    if register == "natural" and len(clip.truth.look.accepted_lights) > 1:
        return None
    return replace(clip, pixels=square(degrade(clip.pixels, rng)))


def _write_shard(task: tuple[Path, int, Register]) -> None:
    path, first_seed, register = task
    cv2.setNumThreads(1)
    clips = [training_clip(seed, register) for seed in range(first_seed, first_seed + SHARD_CLIPS)]
    kept = [clip for clip in clips if clip is not None]
    actors = np.full((len(kept), MOST_ACTORS, FRAMES, 2), np.nan, dtype=np.float32)
    for index, clip in enumerate(kept):
        actors[index, : len(clip.motion.actors)] = clip.motion.actors
    shard = Shard(
        np.stack([clip.pixels for clip in kept]),
        np.stack([clip.motion.camera for clip in kept]),
        actors,
        [clip.truth for clip in kept],
    )
    part = path.with_suffix(".part")
    part.write_bytes(pickle.dumps(shard, protocol=5))
    part.rename(path)


def read_shard(path: Path) -> Shard:
    """Read back a shard that `render_shards` has written on this machine."""
    shard = pickle.loads(path.read_bytes())  # noqa: S301  our own file, never one from elsewhere
    if not isinstance(shard, Shard):
        raise TypeError(f"{path} holds no shard")
    return shard


def render_shards(folder: Path, register: Register, clips: int, first_seed: int, processes: int = 2) -> list[Path]:
    """Render `clips` clips of a register into shards and return their paths; shards that exist are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    seeds = range(first_seed, first_seed + clips, SHARD_CLIPS)
    paths = [folder / f"{register}-{seed}.pickle" for seed in seeds]
    tasks = [(path, seed, register) for path, seed in zip(paths, seeds, strict=True) if not path.exists()]
    with get_context("spawn").Pool(processes) as pool:
        for _ in pool.imap_unordered(_write_shard, tasks):
            pass
    return paths


_MIRRORED = {"right": "left", "left": "right"}
_FLIPPED = {"up": "down", "down": "up"}
_TRANSPOSED = {"right": "down", "down": "right", "left": "up", "up": "left"}
_REVERSED = {**_MIRRORED, **_FLIPPED, "closer": "away", "away": "closer", "brighter": "darker", "darker": "brighter",
             "grows": "shrinks", "shrinks": "grows"}  # fmt: skip


def _renamed(name: Name, names: dict[str, str]) -> Name:
    """Return what a name becomes; every table maps a kind of name onto itself."""
    return cast("Name", names.get(name, name))


def _swap(truth: Truth, swaps: dict[str, str], actors: tuple[Actor, ...]) -> Truth:
    renamed = tuple(
        replace(actor, action=_renamed(actor.action, swaps), then=_renamed(actor.then, swaps)) for actor in actors
    )
    return replace(truth, camera=_renamed(truth.camera, swaps), actors=renamed)


def _turned(motion: Motion, camera: list[float], actors: tuple[int, int]) -> Motion:
    """Turn a motion's axes over; `actors` holds 1 to keep an axis and -1 to mirror it."""
    sign = np.array(actors, dtype=np.float32)
    return Motion(motion.camera * np.array(camera, dtype=np.float32), motion.actors * sign + (sign < 0))


def mirrored(sample: Sample) -> Sample:
    """Swap left and right."""
    actors = sample.truth.actors if sample.truth.in_turn else sample.truth.actors[::-1]
    motion = _turned(sample.motion, [-1, 1, 1], (-1, 1))
    if not sample.truth.in_turn and len(actors) > 1:
        seen, unused = np.split(motion.actors, [len(actors)])
        motion = Motion(motion.camera, np.concatenate([seen[::-1], unused]))
    return Sample(sample.pixels[:, :, ::-1], _swap(sample.truth, _MIRRORED, actors), motion)


def flipped(sample: Sample) -> Sample:
    """Swap up and down."""
    motion = _turned(sample.motion, [1, -1, 1], (1, -1))
    return Sample(sample.pixels[:, ::-1], _swap(sample.truth, _FLIPPED, sample.truth.actors), motion)


def transposed(sample: Sample) -> Sample:
    """Swap the axes of a natural clip; a toy clip's actors are listed from left to right, so it is left alone."""
    if sample.truth.register == "toy":
        return sample
    motion = Motion(sample.motion.camera[:, [1, 0, 2]], sample.motion.actors)
    return Sample(sample.pixels.transpose(0, 2, 1, 3), _swap(sample.truth, _TRANSPOSED, ()), motion)


def reversed_in_time(sample: Sample) -> Sample:
    """Play a clip backwards; one whose actors appear in turn is left alone, since nothing would appear."""
    truth = sample.truth
    if truth.in_turn:
        return sample
    actors = tuple(_backwards(actor) for actor in truth.actors)
    turned = replace(
        truth, camera=_renamed(truth.camera, _REVERSED), change=_renamed(truth.change, _REVERSED), actors=actors
    )
    return Sample(sample.pixels[::-1], turned, Motion(sample.motion.camera[::-1], sample.motion.actors[:, ::-1]))


def _backwards(actor: Actor) -> Actor:
    if actor.action == "turns":
        return replace(actor, colour=actor.then, then=actor.colour)
    if actor.then:
        return replace(actor, action=cast("Direction", _REVERSED[actor.then]), then=_REVERSED[actor.action])
    return replace(actor, action=_renamed(actor.action, _REVERSED))


def augment(sample: Sample, rng: np.random.Generator) -> Sample:
    """Turn a sample over at random; the truth and the motion follow the pixels."""
    for turn, part in ((mirrored, 0.5), (flipped, 0.3), (transposed, 0.3), (reversed_in_time, 0.5)):
        if rng.random() < part:
            sample = turn(sample)
    return sample
