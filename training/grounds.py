"""Textures that the natural register's camera looks at: noise, leaves, horizons, screens, patterns, plain walls."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from training.palette import Pixels
from training.scenes import Ground

Tone = tuple[float, float, float]

HSV_RANGES: dict[str, tuple[Tone, Tone]] = {
    "black": ((0, 0.0, 0.01), (360, 0.6, 0.17)),
    "white": ((0, 0.0, 0.85), (360, 0.08, 1.0)),
    "grey": ((0, 0.0, 0.25), (360, 0.11, 0.78)),
    "red": ((-13, 0.5, 0.3), (13, 1.0, 0.92)),
    "pink": ((303, 0.25, 0.6), (344, 0.7, 1.0)),
    "orange": ((17, 0.65, 0.76), (42, 1.0, 1.0)),
    "brown": ((15, 0.35, 0.24), (43, 0.8, 0.64)),
    "beige": ((18, 0.14, 0.64), (58, 0.42, 0.96)),
    "yellow": ((48, 0.5, 0.62), (67, 1.0, 1.0)),
    "green": ((74, 0.22, 0.24), (160, 1.0, 0.85)),
    "blue": ((170, 0.2, 0.3), (250, 1.0, 1.0)),
    "purple": ((259, 0.25, 0.3), (297, 0.9, 0.9)),
}
"""Lowest and highest hue (degrees), saturation and value (0 to 1) from which a tone of each name is drawn."""


def tone(name: str, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw an RGB tone (0 to 255) that goes by a colour name."""
    low, high = HSV_RANGES[name]
    hue, saturation, value = rng.uniform(low, high)
    sector = (np.array([5.0, 3.0, 1.0]) + hue / 60.0) % 6.0
    shape = np.clip(np.minimum(sector, 4.0 - sector), 0.0, 1.0)
    return np.asarray(255.0 * value * (1.0 - saturation * shape), dtype=np.float32)


def noise(
    size: tuple[int, int], rng: np.random.Generator, *, coarsest: int = 3, fall: float = 0.6
) -> NDArray[np.float32]:
    """Return smooth 1/f noise (H, W) between 0 and 1, made of octaves that each have `fall` times the strength."""
    height, width = size
    total = np.zeros(size, dtype=np.float32)
    cells, strength = coarsest, 1.0
    while cells < max(size) / 1.5 and strength > 0.05:
        grid = rng.standard_normal((cells * height // max(size) + 2, cells * width // max(size) + 2)).astype(np.float32)
        total += strength * cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
        cells, strength = cells * 2, strength * fall
    low, high = float(total.min()), float(total.max())
    return np.asarray((total - low) / max(high - low, 1e-6))


def _mix(weight: NDArray[np.float32], one: NDArray[np.float32], two: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(one + weight[..., None] * (two - one), dtype=np.float32)


def _clouds(size: tuple[int, int], tones: list[NDArray[np.float32]], rng: np.random.Generator) -> NDArray[np.float32]:
    first = noise(size, rng, coarsest=int(rng.integers(2, 8)), fall=rng.uniform(0.5, 0.9))
    sharp = rng.uniform(1.0, 6.0)
    weight = np.clip((first - rng.uniform(0.35, 0.7)) * sharp + 0.5, 0, 1)
    picture = _mix(weight, tones[0], tones[1])
    fine = noise(size, rng, coarsest=int(rng.integers(8, 30)), fall=0.8)
    return np.asarray(picture * (1.0 + rng.uniform(0.1, 0.7) * (fine[..., None] - 0.5)))


def _leaves(size: tuple[int, int], tones: list[NDArray[np.float32]], rng: np.random.Generator) -> NDArray[np.float32]:
    height, width = size
    canvas = np.empty((height, width, 3), dtype=np.float32)
    canvas[:] = tones[0]
    count = int(rng.integers(30, 160))
    largest = rng.uniform(0.08, 0.35) * min(size)
    # Sizes fall with the cube as in the dead leaves model, so that every scale of the picture has edges.
    radii = np.clip(largest * 0.14 / rng.uniform(0.0196, 1.0, count) ** 0.5, 1.5, largest)
    weights = np.array([0.55, 0.22, 0.12, 0.11])
    for radius in np.sort(radii)[::-1]:
        colour = tones[rng.choice(4, p=weights)] * rng.uniform(0.7, 1.25)
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        if rng.random() < 0.5:
            axes = (max(1, int(radius)), max(1, int(radius * rng.uniform(0.3, 1.0))))
            cv2.ellipse(canvas, centre, axes, rng.uniform(0, 180), 0, 360, colour.tolist(), -1)
        else:
            turns = np.sort(rng.uniform(0, 2 * math.pi, int(rng.integers(3, 7))))
            points = np.array(centre) + radius * np.stack([np.cos(turns), np.sin(turns)], axis=1)
            cv2.fillPoly(canvas, [points.astype(np.int32)], colour.tolist())
    if rng.random() < 0.6:
        canvas *= 1.0 + rng.uniform(0.1, 0.6) * (noise(size, rng)[..., None] - 0.5)
    return canvas


def _horizon(size: tuple[int, int], tones: list[NDArray[np.float32]], rng: np.random.Generator) -> NDArray[np.float32]:
    height, width = size
    ramp = np.linspace(0, 1, height, dtype=np.float32)[:, None] * np.ones((1, width), dtype=np.float32)
    canvas = _mix(ramp * rng.uniform(0.2, 0.8), tones[0], tones[2])
    line = int(height * rng.uniform(0.25, 0.75))
    ground = _clouds((height - line, width), [tones[1], tones[3]], rng)
    canvas[line:] = ground
    for _ in range(int(rng.integers(3, 22))):
        left, wide, tall = rng.integers(width), rng.uniform(0.01, 0.12) * width, rng.uniform(0.05, 0.5) * height
        colour = tones[rng.integers(4)] * rng.uniform(0.5, 1.2)
        corner = (int(left + wide), int(line + rng.uniform(0, 0.2) * height))
        cv2.rectangle(canvas, (int(left), int(line - tall)), corner, colour.tolist(), -1)
    return canvas * (1.0 + rng.uniform(0.05, 0.4) * (noise(size, rng, coarsest=12)[..., None] - 0.5))


def _screen(size: tuple[int, int], tones: list[NDArray[np.float32]], rng: np.random.Generator) -> NDArray[np.float32]:
    """A page, a title card or a window with lines of text and boxes."""
    height, width = size
    canvas = np.empty((height, width, 3), dtype=np.uint8)
    canvas[:] = np.clip(tones[0], 0, 255)
    for _ in range(int(rng.integers(0, 7))):
        one = (int(rng.integers(width)), int(rng.integers(height)))
        two = (int(one[0] + rng.uniform(0.1, 0.6) * width), int(one[1] + rng.uniform(0.05, 0.6) * height))
        cv2.rectangle(canvas, one, two, tones[rng.integers(1, 4)].tolist(), -1 if rng.random() < 0.7 else 1)
    for _ in range(int(rng.integers(1, 14))):
        letters = "".join(chr(code) for code in rng.integers(48, 122, int(rng.integers(1, 18))))
        place = (int(rng.uniform(-0.1, 0.8) * width), int(rng.integers(height)))
        scale = min(size) / 100.0 * rng.uniform(0.15, 1.4)
        face = int(rng.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX]))
        cv2.putText(canvas, letters, place, face, scale, tones[rng.integers(1, 4)].tolist(), 1, cv2.LINE_AA)
    return canvas.astype(np.float32)


def _pattern(size: tuple[int, int], tones: list[NDArray[np.float32]], rng: np.random.Generator) -> NDArray[np.float32]:
    """Stripes, bars, checks or tiles, seen askew or straight."""
    height, width = size
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = rng.uniform(0, math.pi) if rng.random() < 0.5 else 0.0
    along = across * math.cos(angle) + down * math.sin(angle)
    athwart = -across * math.sin(angle) + down * math.cos(angle)
    pitch = rng.uniform(0.06, 0.4) * min(size)
    one = np.floor(along / pitch).astype(int)
    two = np.floor(athwart / (pitch * rng.uniform(0.5, 2.0))).astype(int) if rng.random() < 0.6 else 0
    tiles = np.stack([*tones, *(each * rng.uniform(0.5, 1.3) for each in tones)])
    table = rng.integers(0, len(tiles), 509) if rng.random() < 0.6 else np.arange(509) % 2
    canvas = tiles[table[(one * 31 + two * 17) % 509 if table.max() > 1 else (one + two) % 2]]
    return np.asarray(canvas * (1.0 + rng.uniform(0.0, 0.4) * (noise(size, rng)[..., None] - 0.5)), dtype=np.float32)


def _wall(size: tuple[int, int], tones: list[NDArray[np.float32]], rng: np.random.Generator) -> NDArray[np.float32]:
    """Hardly any texture: a wall, a sky, a black or white picture, perhaps with a few soft marks."""
    canvas = _mix(noise(size, rng, coarsest=2, fall=0.4) * rng.uniform(0, 0.3), tones[0], tones[1])
    for _ in range(int(rng.integers(0, 5))):
        centre = (int(rng.integers(size[1])), int(rng.integers(size[0])))
        axes = (int(rng.uniform(0.02, 0.2) * size[1]) + 1, int(rng.uniform(0.02, 0.3) * size[0]) + 1)
        cv2.ellipse(canvas, centre, axes, rng.uniform(0, 180), 0, 360, (tones[2] * rng.uniform(0.5, 1.2)).tolist(), -1)
    return cv2.GaussianBlur(canvas, (0, 0), max(0.6, rng.uniform(0.0, 0.06) * min(size))).astype(np.float32)


_PAINTERS = {
    "clouds": _clouds, "leaves": _leaves, "horizon": _horizon, "screen": _screen, "pattern": _pattern, "wall": _wall,
}  # fmt: skip


def paint(ground: Ground, size: tuple[int, int], tones: list[NDArray[np.float32]], rng: np.random.Generator) -> Pixels:
    """Paint a texture (H, W, 3) uint8 RGB; the first of the four tones covers most of it."""
    return np.asarray(np.clip(_PAINTERS[ground](size, tones, rng), 0, 255), dtype=np.uint8)
