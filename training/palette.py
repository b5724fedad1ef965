"""Names for light and colour, defined by plain measures of the pixels.

The same measures label the rendered clips and judge the captions of real ones, so that a claim about light or colour
always has one documented meaning.
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Light = Literal["dark", "moderate", "bright"]

COLOUR_NAMES = (
    "black", "white", "grey", "red", "pink", "orange", "brown", "beige", "yellow", "green", "blue", "purple",
)  # fmt: skip
"""Every colour name that a caption can use, in the order of the indices that `name_colours` returns."""

DARK_BELOW_LUMA = 75.0
BRIGHT_ABOVE_LUMA = 145.0
LIGHT_MARGIN_LUMA = 8.0
"""Within this distance of a threshold both names are accepted, and no training clip is used."""

NAMED_SHARE = 0.25
"""A second colour is named when it covers at least this part of the cells."""
COLOUR_MARGIN_SHARE = 0.06
"""A colour whose share is this close to the largest is accepted as the main one."""
CELLS = 16
"""Colours are counted on frames shrunk to CELLS x CELLS by area: what is seen from some distance, not each pixel."""

FADE_LUMA = 40.0
"""The picture grows brighter or darker when its mean luma moves this far, step by step, from first to last frame."""

_LUMA_WEIGHTS = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601


@dataclass(frozen=True)
class Look:
    """What a plain measure says of a clip: mean luma (0 to 255) and the share of every colour name (sums to 1)."""

    luma: float
    shares: tuple[float, ...]

    @property
    def light(self) -> Light:
        """The name of the mean luma."""
        if self.luma < DARK_BELOW_LUMA:
            return "dark"
        return "bright" if self.luma > BRIGHT_ABOVE_LUMA else "moderate"

    @property
    def accepted_lights(self) -> tuple[Light, ...]:
        """All the names that are fair within the margin around the thresholds."""
        lower = Look(self.luma - LIGHT_MARGIN_LUMA, self.shares).light
        upper = Look(self.luma + LIGHT_MARGIN_LUMA, self.shares).light
        return (lower,) if lower == upper else (lower, upper)

    @property
    def colours(self) -> tuple[str, ...]:
        """The main colour, and a second one where it covers enough of the picture."""
        first, second = sorted(range(len(COLOUR_NAMES)), key=lambda index: -self.shares[index])[:2]
        if self.shares[second] >= NAMED_SHARE:
            return (COLOUR_NAMES[first], COLOUR_NAMES[second])
        return (COLOUR_NAMES[first],)

    @property
    def accepted_colours(self) -> tuple[str, ...]:
        """All the names that are fair as the main colour."""
        least = max(self.shares) - COLOUR_MARGIN_SHARE
        return tuple(name for name, share in zip(COLOUR_NAMES, self.shares, strict=True) if share >= least)


def name_colours(rgb: Pixels) -> NDArray[np.int64]:
    """Return the index into COLOUR_NAMES for every pixel of an RGB array of shape (..., 3).

    The thresholds are on value, chroma and saturation (0 to 1) and hue (degrees) of the HSV hexcone; pale oranges are
    beige, dark ones brown, pale reds pink, and cyan counts as blue.
    """
    unit = rgb.astype(np.float32) / 255.0
    red, green, blue = unit[..., 0], unit[..., 1], unit[..., 2]
    value = unit.max(axis=-1)
    chroma = value - unit.min(axis=-1)
    safe = np.maximum(chroma, 1e-6)
    hue = np.where(
        value == red,
        (green - blue) / safe % 6.0,
        np.where(value == green, (blue - red) / safe + 2.0, (red - green) / safe + 4.0),
    )
    hue = hue * 60.0
    saturation = chroma / np.maximum(value, 1e-6)
    reddish = (hue < 14.0) | (hue >= 345.0)
    orange_hue = (hue >= 14.0) & (hue < 45.0)
    yellow_hue = (hue >= 45.0) & (hue < 70.0)
    rules = (
        (value < 0.20, "black"),
        ((chroma < 0.10) & (value > 0.80), "white"),
        (chroma < 0.10, "grey"),
        (reddish & (saturation < 0.5) & (value > 0.7), "pink"),
        (reddish, "red"),
        ((orange_hue | yellow_hue) & (saturation < 0.45) & (value >= 0.6), "beige"),
        (orange_hue & ((value < 0.7) | (saturation < 0.55)), "brown"),
        (orange_hue, "orange"),
        (yellow_hue & (value >= 0.55), "yellow"),
        (yellow_hue & (hue < 55.0), "brown"),
        (hue < 165.0, "green"),
        (hue < 255.0, "blue"),
        (hue < 300.0, "purple"),
    )
    return np.select(
        [condition for condition, _ in rules],
        [COLOUR_NAMES.index(name) for _, name in rules],
        default=COLOUR_NAMES.index("pink"),
    )


def frame_lumas(pixels: Pixels) -> NDArray[np.float64]:
    """Return the mean luma of each frame; `pixels` is (N, H, W, 3) uint8 RGB."""
    return np.asarray(pixels.mean(axis=(1, 2)) @ _LUMA_WEIGHTS, dtype=np.float64)


def measure_look(pixels: Pixels) -> Look:
    """Measure light and colours over all frames; `pixels` is (N, H, W, 3) uint8 RGB."""
    cells = np.stack([cv2.resize(frame, (CELLS, CELLS), interpolation=cv2.INTER_AREA) for frame in pixels])
    counts = np.bincount(name_colours(cells).ravel(), minlength=len(COLOUR_NAMES))
    return Look(float(frame_lumas(pixels).mean()), tuple(float(share) for share in counts / counts.sum()))


def measure_change(pixels: Pixels) -> Literal["brighter", "darker", ""]:
    """Return whether the picture grows brighter or darker all the time, without a jump that a cut would make."""
    lumas = frame_lumas(pixels)
    steps = np.diff(lumas)
    total = float(lumas[-1] - lumas[0])
    signed = steps * np.sign(total)
    if abs(total) < FADE_LUMA or signed.min() < -2.0 or signed.max() > 0.6 * abs(total):
        return ""
    return "brighter" if total > 0 else "darker"
