"""The natural register: textured scenes seen by a camera, with things in them that move without being mentioned."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from training.grounds import HSV_RANGES, noise, paint, tone
from training.palette import Light, Pixels, frame_lumas, measure_change, measure_look
from training.scenes import GROUNDS, Camera, Change, Motion, NaturalScene, Truth

LIGHTS: tuple[Light, ...] = ("dark", "moderate", "bright")
LUMA_RANGES: dict[Light, tuple[float, float]] = {
    "dark": (4.0, 67.0),
    "moderate": (83.0, 137.0),
    "bright": (153.0, 232.0),
}
"""Mean lumas aimed at, clear of the thresholds."""
CLEAR_SHIFT = (0.14, 1.3)
"""Way of a claimed pan or tilt over the clip, in widths or heights of the view."""
CLEAR_ZOOM = (0.24, 0.9)
"""Natural logarithm of the magnification of a claimed move closer or away."""
STEADY_SHAKE = 0.008
"""Largest hand-held shake, in widths, under which the camera still counts as clear."""
LEAST_TEXTURE = 1.6
"""Mean absolute difference of neighbours at 64 x 64 below which nobody can tell what the camera does."""

COLOUR_WEIGHTS = {
    "black": 2.0, "white": 1.5, "grey": 2.5, "red": 1.0, "pink": 0.8, "orange": 0.8, "brown": 2.0, "beige": 1.6,
    "yellow": 0.8, "green": 1.6, "blue": 1.8, "purple": 0.8,
}  # fmt: skip
"""How often each colour leads: those that real video is full of more often."""

CAMERA_WEIGHTS: dict[Camera, float] = {
    "still": 0.2, "right": 0.105, "left": 0.105, "up": 0.1, "down": 0.1, "closer": 0.08, "away": 0.08, "": 0.23,
}  # fmt: skip


def random_scene(rng: np.random.Generator) -> NaturalScene:
    """Draw a natural scene."""
    names, weights = list(COLOUR_WEIGHTS), np.array(list(COLOUR_WEIGHTS.values()))
    ground = GROUNDS[rng.choice(len(GROUNDS), p=[0.22, 0.3, 0.2, 0.1, 0.1, 0.08])]
    camera = list(CAMERA_WEIGHTS)[rng.choice(len(CAMERA_WEIGHTS), p=list(CAMERA_WEIGHTS.values()))]
    changes: tuple[Change, ...] = ("brighter", "darker")
    change = changes[rng.integers(2)] if rng.random() < 0.07 else ""
    return NaturalScene(
        camera="" if change and rng.random() < 0.5 else "still" if change else camera,
        ground=ground,
        light=LIGHTS[rng.integers(len(LIGHTS))],
        change=change,
        colour=str(rng.choice(names, p=weights / weights.sum())),
    )


def _pace(frames: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a way from 0 to 1 at each frame: steady, accelerating, braking, or only in a part of the clip."""
    instants = (np.arange(frames) + 0.5) / frames
    start, stop = (0.0, 1.0) if rng.random() < 0.6 else (rng.uniform(0, 0.3), rng.uniform(0.7, 1.0))
    part = np.clip((instants - start) / (stop - start), 0, 1)
    kind = rng.integers(3)
    if kind == 1:
        part = part ** rng.uniform(1.1, 1.9)
    if kind == 2:
        part = 1 - (1 - part) ** rng.uniform(1.1, 1.9)
    return np.asarray(part)


def _wander(frames: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a smooth random path (N, 2) with a spread of about 1."""
    knots = rng.standard_normal((5, 2))
    return np.asarray(cv2.resize(knots, (2, frames), interpolation=cv2.INTER_CUBIC))


def _unclear_path(frames: int, rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a camera's path (N, 3) and roll (N,) in radians that no single plain phrase describes."""
    path, roll, pace = np.zeros((frames, 3)), np.zeros(frames), _pace(frames, rng)
    kind = rng.choice(["diagonal", "slow", "shake", "roll", "return", "whip", "both", "creep"])
    side = rng.choice([-1.0, 1.0], 2)
    if kind == "diagonal":
        path[:, :2] = pace[:, None] * side * rng.uniform(0.14, 0.8) * np.array([1.0, rng.uniform(0.55, 1.0)])
    elif kind == "slow":
        path[:, rng.integers(2)] = pace * side[0] * rng.uniform(0.025, 0.08)
    elif kind == "shake":
        path[:, :2] = _wander(frames, rng) * rng.uniform(0.02, 0.15)
        path[:, 2] = _wander(frames, rng)[:, 0] * rng.uniform(0.0, 0.08)
    elif kind == "roll":
        roll = pace * side[0] * rng.uniform(0.15, 0.8)
    elif kind == "return":
        swing = np.sin(np.linspace(0, rng.uniform(0.85, 2.0) * math.pi, frames))
        path[:, rng.integers(2)] = swing * rng.uniform(0.1, 0.5)
    elif kind == "creep":
        path[:, 2] = pace * side[0] * rng.uniform(0.04, 0.16)
        path[:, :2] = _wander(frames, rng) * rng.uniform(0.0, 0.03)
    elif kind == "whip":
        path[:, :2] = pace[:, None] * side * rng.uniform(1.2, 2.2) * np.array([1.0, rng.uniform(0.4, 0.9)])
    else:
        path[:, 0], path[:, 2] = pace * side[0] * rng.uniform(0.15, 0.4), pace * side[1] * rng.uniform(0.15, 0.4)
    return path, roll


def _path(camera: Camera, frames: int, rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the camera's path (N, 3), as in `Motion.camera`, and its roll (N,) in radians."""
    if camera == "":
        return _unclear_path(frames, rng)
    path, pace = np.zeros((frames, 3)), _pace(frames, rng)
    drift = _pace(frames, rng) * rng.uniform(-0.15, 0.15)
    if camera in ("right", "left", "up", "down"):
        axis, sign = (0 if camera in ("right", "left") else 1), (1.0 if camera in ("right", "down") else -1.0)
        # Slow ways are as frequent as fast ones: the logarithm is what is even.
        way = math.exp(rng.uniform(*np.log(CLEAR_SHIFT)))
        path[:, axis] = sign * pace * way
        path[:, 1 - axis] = drift * way
        path[:, 2] = _pace(frames, rng) * rng.uniform(-0.08, 0.08)
    elif camera in ("closer", "away"):
        path[:, 2] = (1.0 if camera == "closer" else -1.0) * pace * rng.uniform(*CLEAR_ZOOM)
        path[:, :2] = np.stack([drift, _pace(frames, rng) * rng.uniform(-0.1, 0.1)], axis=1) * 0.4
    if rng.random() < 0.6:
        path[:, :2] += np.clip(_wander(frames, rng), -2, 2) * rng.uniform(0, STEADY_SHAKE / 2)
    return path, _wander(frames, rng)[:, 0] * rng.choice([0.0, 0.006])


def _look_at(
    canvas: Pixels, path: NDArray[np.float64], roll: NDArray[np.float64], size: tuple[int, int], near: float
) -> NDArray[np.uint8]:
    """Return what the camera sees of a canvas at each frame; a layer `near` times as close moves that much more."""
    height, width = size
    middle = (path[:, :2].max(axis=0) + path[:, :2].min(axis=0)) / 2 * near
    seen = []
    for (across, down, zoom), angle in zip(path, roll, strict=True):
        scale = math.exp(-zoom) * _DENSITY
        cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
        matrix = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0]])
        centre = np.array([across * near - middle[0], down * near - middle[1]]) * (width, height) * _DENSITY
        target = centre + np.array([canvas.shape[1], canvas.shape[0]]) / 2
        matrix[:, 2] = target - matrix[:, :2] @ np.array([width / 2, height / 2])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        seen.append(cv2.warpAffine(canvas, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT_101))
    return np.stack(seen)


_DENSITY = 1.15
"""Pixels of a canvas for each pixel of the view, so that a move closer does not only blur."""


def _canvas_size(path: NDArray[np.float64], size: tuple[int, int], near: float) -> tuple[int, int]:
    spans = (path[:, :2].max(axis=0) - path[:, :2].min(axis=0)) * near + math.exp(-path[:, 2].min()) * 1.05
    return int(size[0] * min(spans[1], 4.5) * _DENSITY) + 2, int(size[1] * min(spans[0], 4.5) * _DENSITY) + 2


def _sprite(tones: list[NDArray[np.float32]], side: int, rng: np.random.Generator) -> Pixels:
    """Return an RGBA picture (S, S, 4) of something like a person, an animal or a vehicle: a few textured blobs."""
    picture = np.zeros((side, side, 4), dtype=np.uint8)
    weight = noise((side, side), rng, coarsest=4, fall=0.7)[..., None]
    picture[..., :3] = np.clip(tones[0] + weight * (tones[1] - tones[0]), 0, 255)
    mask = np.zeros((side, side), dtype=np.uint8)
    for _ in range(int(rng.integers(1, 5))):
        centre = rng.uniform(0.3, 0.7, 2) * side
        radii = rng.uniform(0.1, 0.3, 2) * side
        middle, axes = (int(centre[0]), int(centre[1])), (int(radii[0]), int(radii[1]))
        cv2.ellipse(mask, middle, axes, rng.uniform(0, 180), 0, 360, 255, -1, cv2.LINE_AA)
    head = (rng.uniform(0.35, 0.65) * side, 0.2 * side)
    cv2.circle(mask, (int(head[0]), int(head[1])), int(rng.uniform(0.06, 0.14) * side), 255, -1, cv2.LINE_AA)
    picture[..., 3] = mask
    return picture


def _put_sprite(frames: Pixels, path: NDArray[np.float64], rng: np.random.Generator, largest: float) -> None:
    """Draw one thing over all frames, in place: it walks, swings, comes nearer or stays, and changes its form."""
    count, height, width = frames.shape[:3]
    side = max(12, min(height, width) // 2)
    tones = [tone(str(rng.choice(list(HSV_RANGES))), rng) * rng.uniform(0.4, 1.1) for _ in range(2)]
    sprite = _sprite(tones, side, rng)
    reach = rng.uniform(0.15, largest)
    way = _pace(count, rng)[:, None] * rng.uniform(-0.8, 0.8, 2) * (rng.random() < 0.6)
    places = rng.uniform(0.15, 0.85, 2) + way + _wander(count, rng) * rng.uniform(0.0, 0.06)
    if rng.random() < 0.5:
        # It stands in the world, so the camera's movement takes it along.
        places = places - (path[:, :2] - path[count // 2, :2])
    angles = _wander(count, rng)[:, 0] * rng.uniform(0, 0.3)
    stretch = np.exp(_wander(count, rng) * rng.uniform(0, 0.15))
    growth = np.exp(_pace(count, rng) * (rng.uniform(-0.8, 0.8) if rng.random() < 0.5 else 0.0))
    for index, frame in enumerate(frames):
        zoom = reach * growth[index] * min(height, width) / (0.6 * side)
        matrix = cv2.getRotationMatrix2D((side / 2, side / 2), math.degrees(angles[index]), zoom)
        matrix[0] *= stretch[index, 0]
        matrix[1] *= stretch[index, 1]
        matrix[:, 2] += places[index] * (width, height) - side / 2
        layer = cv2.warpAffine(sprite, matrix, (width, height), flags=cv2.INTER_LINEAR)
        alpha = layer[..., 3:].astype(np.float32) / 255.0
        frame[:] = frame * (1.0 - alpha) + layer[..., :3] * alpha


def _light(frames: Pixels, aim: float, change: str, rng: np.random.Generator) -> Pixels:
    """Bend the tones so that the mean luma is near `aim`, and fade over time where `change` says so."""
    small = frames[:, ::4, ::4]
    low, high = 0.3, 3.2
    for _ in range(7):
        bend = (low + high) / 2
        low, high = (bend, high) if frame_lumas(_bend(small, bend)).mean() > aim else (low, bend)
    lit = _bend(frames, (low + high) / 2)
    if not change:
        return lit
    ramp = np.linspace(rng.uniform(0.0, 0.25), 1.0, len(frames))
    ramp = ramp if change == "brighter" else ramp[::-1]
    paper = 255.0 if rng.random() < 0.2 else 0.0
    if paper:
        ramp = 1.0 - ramp * 0.9
    return np.clip(paper + (lit - paper) * ramp[:, None, None, None], 0, 255).astype(np.uint8)


def _bend(frames: Pixels, gamma: float) -> Pixels:
    table = np.clip(255.0 * (np.arange(256) / 255.0) ** gamma, 0, 255).astype(np.uint8)
    return np.asarray(table[frames])


def _overlay(frames: Pixels, rng: np.random.Generator) -> None:
    """Lay black bars or a caption over all frames, in place: they stay where they are while the camera moves."""
    height, width = frames.shape[1:3]
    if rng.random() < 0.12:
        bar = int(rng.uniform(0.05, 0.2) * height)
        frames[:, :bar] = frames[:, height - bar :] = 0
    elif rng.random() < 0.05:
        bar = int(rng.uniform(0.08, 0.3) * width)
        frames[:, :, :bar] = frames[:, :, width - bar :] = 0
    if rng.random() < 0.12:
        letters = "".join(chr(code) for code in rng.integers(48, 122, int(rng.integers(3, 16))))
        place = (int(rng.uniform(0, 0.5) * width), int(rng.uniform(0.1, 0.98) * height))
        grey, scale = int(rng.choice([0, 255])), min(height, width) / 100.0 * rng.uniform(0.2, 0.7)
        for frame in frames:
            cv2.putText(frame, letters, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (grey, grey, grey), 1, cv2.LINE_AA)


def has_texture(pixels: Pixels) -> bool:
    """Return whether the middle of the picture, inside all black bars, has enough to show a movement of the camera."""
    small = cv2.resize(pixels[len(pixels) // 2], (64, 64), interpolation=cv2.INTER_AREA).astype(np.float32).mean(axis=2)
    middle = small[14:50, 20:44]
    return bool((np.abs(np.diff(middle, axis=0)).mean() + np.abs(np.diff(middle, axis=1)).mean()) / 2 > LEAST_TEXTURE)


def _shot(
    scene: NaturalScene, frames: int, size: tuple[int, int], rng: np.random.Generator
) -> tuple[Pixels, NDArray[np.float64]]:
    """Render one shot without a cut; return its pixels and the camera's path (N, 3)."""
    path, roll = _path(scene.camera, frames, rng)
    names = list(HSV_RANGES)
    tones = [tone(scene.colour, rng), tone(str(rng.choice(names)), rng), tone(scene.colour, rng)]
    tones.append(tone(str(rng.choice(names)), rng) if rng.random() < 0.5 else tones[1] * 0.6)
    if rng.random() < 0.3:
        # Real pictures are often nearly grey.
        paleness = rng.uniform(0.2, 0.8)
        tones = [each + (each.mean() - each) * paleness for each in tones]
    canvas = paint(scene.ground, _canvas_size(path, size, 1.0), tones, rng)
    if rng.random() < 0.2:
        canvas = cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.004, 0.02) * min(size)).astype(np.uint8)
    pixels = _look_at(canvas, path, roll, size, 1.0)
    if scene.ground in ("leaves", "horizon", "clouds") and rng.random() < 0.25:
        near = rng.uniform(1.15, 1.6)
        front = _canvas_size(path, size, near)
        layer = paint("leaves", front, tones[::-1], rng)
        cover = noise(front, rng, coarsest=int(rng.integers(3, 7)), fall=0.4) > rng.uniform(0.62, 0.8)
        seen = _look_at(np.dstack([layer, cover.astype(np.uint8) * 255]), path, roll, size, near)
        alpha = seen[..., 3:] > 127
        pixels = np.where(alpha, seen[..., :3], pixels)
    for _ in range(int(rng.choice([0, 1, 2, 3], p=[0.4, 0.3, 0.2, 0.1]))):
        _put_sprite(pixels, path, rng, 0.75 if scene.camera in ("still", "") else 0.45)
    return pixels, path


def render_natural(
    scene: NaturalScene, *, frames: int, size: tuple[int, int], rng: np.random.Generator
) -> tuple[Pixels, Truth, Motion]:
    """Render a natural scene; return (N, H, W, 3) uint8 RGB, its truth, and the camera's motion in numbers."""
    pixels, path = _shot(scene, frames, size, rng)
    if scene.camera == "" and not scene.change and rng.random() < 0.25 and frames > 1:
        other = random_scene(rng)
        tail, tail_path = _shot(NaturalScene(other.camera, other.ground, colour=other.colour), frames, size, rng)
        cut = int(rng.integers(1, frames))
        pixels, path = np.concatenate([pixels[:cut], tail[cut:]]), np.concatenate([path[:cut], tail_path[cut:]])
        path[cut:] = np.nan
    pixels = _light(pixels, rng.uniform(*LUMA_RANGES[scene.light]), scene.change, rng)
    _overlay(pixels, rng)
    truth = Truth(
        "natural",
        measure_look(pixels),
        camera=scene.camera if has_texture(pixels) else "",
        change=measure_change(pixels),
    )
    return pixels, truth, Motion(path.astype(np.float32), np.zeros((0, frames, 2), dtype=np.float32))
