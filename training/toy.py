"""The toy register: one to three large clear shapes on a plain or softly shaded background."""

import math
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from training.palette import Pixels, measure_change, measure_look
from training.scenes import (
    ACTIONS,
    ACTOR_TONES,
    BACKGROUND_TONES,
    DIRECTIONS,
    SHAPES,
    Action,
    Actor,
    Motion,
    ToyScene,
    Truth,
)

STEPS: dict[str, tuple[int, int]] = {"right": (1, 0), "left": (-1, 0), "up": (0, -1), "down": (0, 1)}
CONTRAST_RGB = 120.0
"""Least distance in RGB between a shape and what it lies on, so that it is clear to any eye."""
_SUBPIXEL_BITS = 4
_ATTEMPTS = 2500


def contrasts(first: tuple[int, int, int], second: tuple[int, int, int]) -> bool:
    """Return whether two colours are clearly apart."""
    return math.dist(first, second) >= CONTRAST_RGB


def random_scene(rng: np.random.Generator) -> ToyScene:
    """Draw a toy scene in which no attribute is more likely because of another."""
    background = str(rng.choice(list(BACKGROUND_TONES)))
    colours = [name for name, tone in ACTOR_TONES.items() if contrasts(tone, BACKGROUND_TONES[background])]
    kind = rng.choice(["one", "path", "group", "two", "three", "turn"], p=[0.34, 0.13, 0.15, 0.16, 0.1, 0.12])

    def pick(count: int) -> list[tuple[str, str]]:
        chosen = rng.choice(colours, size=count, replace=False)
        return [(str(colour), str(rng.choice(SHAPES))) for colour in chosen]

    def simple_action() -> Action:
        return "still" if rng.random() < 0.2 else DIRECTIONS[rng.integers(4)]

    if kind == "turn":
        count = 2 if rng.random() < 0.6 else 3
        return ToyScene(tuple(Actor(*head) for head in pick(count)), background, in_turn=True)
    if kind in ("two", "three"):
        heads = pick(2 if kind == "two" else 3)
        return ToyScene(tuple(Actor(*head, action=simple_action()) for head in heads), background)
    colour, shape = pick(1)[0]
    if kind == "group":
        actor = Actor(colour, shape, simple_action(), count=int(rng.integers(2, 4)))
    elif kind == "path":
        first, second = rng.choice(DIRECTIONS, size=2, replace=False)
        actor = Actor(colour, shape, first, then=str(second))
    else:
        action = ACTIONS[rng.integers(len(ACTIONS))]
        others = [name for name in colours if contrasts(ACTOR_TONES[name], ACTOR_TONES[colour])]
        if action == "turns" and not others:
            action = "still"
        actor = Actor(colour, shape, action, then=str(rng.choice(others)) if action == "turns" else "")
    return ToyScene((actor,), background)


def _outline(shape: str, centre: NDArray[np.float64], radius: float, angle: float) -> NDArray[np.float64]:
    """Return the polygon of a shape, (K, 2) in pixels."""
    if shape == "circle":
        turns = np.linspace(0.0, 2.0 * math.pi, 48, endpoint=False)
        lengths = np.full(48, radius * 0.95)
    elif shape == "square":
        turns = math.pi / 4 + np.arange(4) * math.pi / 2
        lengths = np.full(4, radius * 1.2)
    elif shape == "triangle":
        turns = -math.pi / 2 + np.arange(3) * 2 * math.pi / 3
        lengths = np.full(3, radius * 1.25)
    else:
        turns = -math.pi / 2 + np.arange(10) * math.pi / 5
        lengths = np.where(np.arange(10) % 2 == 0, radius * 1.3, radius * 0.52)
    turns = turns + angle
    return np.asarray(centre + lengths[:, None] * np.stack([np.cos(turns), np.sin(turns)], axis=1))


def _background(tone: tuple[int, int, int], size: tuple[int, int], rng: np.random.Generator) -> Pixels:
    """Return a plain or softly shaded picture of about the given colour."""
    height, width = size
    base = np.array(tone, dtype=np.float32) + rng.uniform(-7, 7, 3).astype(np.float32)
    shade = np.zeros((height, width, 1), dtype=np.float32)
    if rng.random() < 0.6:
        angle, strength = rng.uniform(0, 2 * math.pi), rng.uniform(4, 16)
        across, down = np.meshgrid(np.linspace(-0.5, 0.5, width), np.linspace(-0.5, 0.5, height))
        shade[..., 0] = strength * (math.cos(angle) * across + math.sin(angle) * down)
    return np.asarray(np.clip(base + shade, 0, 255), dtype=np.uint8)


def _paces(rng: np.random.Generator, instants: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far along its way something is, 0 to 1, at instants from 0 to 1: steady, or slow at both ends."""
    smooth = instants * instants * (3.0 - 2.0 * instants)
    weight = 0.0 if rng.random() < 0.5 else rng.uniform(0.2, 0.8)
    return np.asarray((1.0 - weight) * instants + weight * smooth)


def _offsets(actor: Actor, paces: NDArray[np.float64], length: tuple[float, float], turn: float) -> NDArray[np.float64]:
    """Return the way from the start, (N, 2) in widths and heights."""
    if actor.action not in STEPS:
        return np.zeros((len(paces), 2))
    first = np.array(STEPS[actor.action]) * np.array(length)
    if not actor.then:
        return np.asarray(paces[:, None] * first)
    second = np.array(STEPS[actor.then]) * np.array(length)
    before, after = np.clip(paces / turn, 0, 1), np.clip((paces - turn) / (1 - turn), 0, 1)
    return np.asarray(before[:, None] * first + after[:, None] * second)


def _placements(
    scene: ToyScene, size: tuple[int, int], instants: NDArray[np.float64], rng: np.random.Generator
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Propose centres (A, N, 2) in widths and heights and radii (A,) in pixels, a little smaller each time."""
    short = min(size)
    members = [actor for actor in scene.actors for _ in range(actor.count)]
    crowd = len(members)
    reach = {1: (0.15, 0.24), 2: (0.14, 0.19), 3: (0.12, 0.16)}[crowd]
    ways = {1: (0.16, 0.62), 2: (0.16, 0.5), 3: (0.15, 0.4)}[crowd]
    shares = np.array([short / size[1], short / size[0]])
    for attempt in range(_ATTEMPTS):
        shrink = 1.0 - 0.4 * attempt / _ATTEMPTS
        radii, centres = [], []
        reach_now = (ways[0], ways[0] + (ways[1] - ways[0]) * shrink**4)
        paces, length, turn = _paces(rng, instants), rng.uniform(*reach_now, 2), rng.uniform(0.42, 0.58)
        radius = rng.uniform(*reach) * shrink
        for index, actor in enumerate(members):
            if scene.actors[0].count == 1:
                paces, length = _paces(rng, instants), rng.uniform(*reach_now, 2)
                radius = rng.uniform(*reach) * shrink
            way = _offsets(actor, paces, (float(length[0]), float(length[1])), turn)
            room = radius * shares * (1.0 if index or crowd > 1 else rng.uniform(0.3, 1.1))
            low, high = room - way.min(axis=0), 1.0 - room - way.max(axis=0)
            if (low > high).any():
                break
            centres.append(rng.uniform(low, high) + way)
            radii.append(radius * short)
        if len(centres) == crowd:
            yield np.stack(centres), np.array(radii)


def _layout(
    scene: ToyScene, size: tuple[int, int], instants: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return centres and radii of a layout where nothing overlaps and the order from left to right is clear."""
    scale = np.array([size[1], size[0]])
    for centres, radii in _placements(scene, size, instants, rng):
        ordered = scene.in_turn or scene.actors[0].count > 1
        if not ordered and (np.diff(centres[:, :, 0].mean(axis=1)) < 0.12).any():
            continue
        pairs = [(one, two) for one in range(len(radii)) for two in range(one)]
        gaps = [np.linalg.norm((centres[one] - centres[two]) * scale, axis=1).min() for one, two in pairs]
        if all(gap > 1.15 * (radii[one] + radii[two]) for gap, (one, two) in zip(gaps, pairs, strict=True)):
            return centres, radii
    raise ValueError(f"no room for {len(scene.actors)} moving shapes in {size}: give another seed")


def _tint(tone: tuple[int, int, int], rng: np.random.Generator) -> NDArray[np.float64]:
    return np.asarray(np.clip(np.array(tone) + rng.uniform(-12, 12, 3), 0, 255))


def render_toy(
    scene: ToyScene, *, frames: int, size: tuple[int, int], rng: np.random.Generator
) -> tuple[Pixels, Truth, Motion]:
    """Render a toy scene; return (N, H, W, 3) uint8 RGB, its truth, and its motion in numbers."""
    instants = (np.arange(frames) + 0.5) / frames
    centres, radii = _layout(scene, size, instants, rng)
    background = _background(BACKGROUND_TONES[scene.background], size, rng)
    members = [actor for actor in scene.actors for _ in range(actor.count)]
    tints = [_tint(ACTOR_TONES[actor.colour], rng) for actor in scene.actors for _ in range(actor.count)]
    if scene.actors[0].count > 1:
        tints = [tints[0]] * len(members)
    angle = rng.uniform(-0.25, 0.25)
    ratio, moment, quick = rng.uniform(1.7, 2.6), rng.uniform(0.4, 0.6), rng.random() < 0.5
    starts = (np.arange(len(members)) + rng.uniform(-0.12, 0.12, len(members))) / len(members)
    starts[0] = 0.0
    replaced = rng.random() < 0.4
    unit = 1 << _SUBPIXEL_BITS
    sizes = np.array([size[1], size[0]])
    visible = np.ones((len(members), frames), dtype=bool)
    if scene.in_turn:
        visible = instants[None, :] >= starts[:, None]
        if replaced:
            visible[:-1] &= instants[None, :] < starts[1:, None]
    pixels = np.repeat(background[None], frames, axis=0)
    for index, actor in enumerate(members):
        for frame in np.flatnonzero(visible[index]):
            part = instants[frame]
            radius, tint = radii[index], tints[index]
            if actor.action in ("grows", "shrinks"):
                radius *= ratio ** ((part if actor.action == "grows" else 1.0 - part) - 0.75)
            if actor.action == "turns":
                step = float(part > moment) if quick else float(np.clip((part - moment) * 4 + 0.5, 0, 1))
                tint = (1 - step) * tint + step * np.array(ACTOR_TONES[actor.then])
            outline = _outline(actor.shape, centres[index, frame] * sizes, radius, angle)
            points = np.round((outline - 0.5) * unit).astype(np.int32)
            cv2.fillPoly(pixels[frame], [points], tint.tolist(), lineType=cv2.LINE_AA, shift=_SUBPIXEL_BITS)
    tracks = np.where(visible[..., None], centres, np.nan).astype(np.float32)
    truth = Truth(
        "toy",
        measure_look(pixels),
        change=measure_change(pixels),
        background=scene.background,
        actors=scene.actors,
        in_turn=scene.in_turn,
    )
    return pixels, truth, Motion(np.zeros((frames, 3), dtype=np.float32), tracks)
