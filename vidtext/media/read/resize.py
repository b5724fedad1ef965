"""Making frames fit: how large they leave the decoder, and how they are brought into a model's square."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from vidtext.errors import OptionError
from vidtext.media.read.choices import FITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vidtext.media.read.choices import Fit

_ROOM_AROUND = 8
"""How many times its shortest edge a frame may be long before its middle is cut out of it."""

_MOST_STRETCHED = 16
"""How many times as long as wide a frame leaves the decoder at the most."""


def shrunk_size(width: int, height: int, *, shortest_edge: int) -> tuple[int, int]:
    """Return `(width, height)` with the aspect kept and the shortest edge shrunk to `shortest_edge`; never larger.

    The longest edge is squeezed to 16 times the shortest, so that a frame of one line takes no more room than others.
    """
    scale = min(1.0, shortest_edge / min(width, height))
    shrunk = max(1, round(width * scale)), max(1, round(height * scale))
    longest = _MOST_STRETCHED * min(shrunk)
    return min(shrunk[0], longest), min(shrunk[1], longest)


def fit_square(pixels: NDArray[np.uint8], edge: int, fit: Fit) -> NDArray[np.uint8]:
    """Bring frames `(N, H, W, 3)` into `(N, edge, edge, 3)`.

    - `crop`: the shortest edge becomes `edge`, the middle is kept. That is what CLIP and GIT were trained with; of a
      16:9 frame it throws 44 % away, everything at the left and right.
    - `pad`: the longest edge becomes `edge`, the rest is black. Nothing is lost, everything is smaller.
    - `squash`: both edges become `edge`. Nothing is lost, everything is narrower.

    There is no default here: each `ModelInfo` names the one that its model was trained with, since a model describes
    best what looks like its training data, and the user may choose another where the sides of the frame matter.

    Raises:
        OptionError: `fit` is not one of these.
    """
    if fit not in FITS:
        raise OptionError(f"fit={fit!r} is not known. Choose one of {', '.join(FITS)}.")
    if fit == "crop":
        # What is far outside the middle would be enlarged, and then thrown away: of a single line, gigabytes.
        pixels = _centre_crop(pixels, _ROOM_AROUND * min(pixels.shape[1:3]))
    height, width = pixels.shape[1:3]
    if fit == "squash":
        return _resized(pixels, edge, edge)
    scale = edge / (min if fit == "crop" else max)(height, width)
    resized = _resized(pixels, max(1, round(width * scale)), max(1, round(height * scale)))
    return _centre_crop(resized, edge) if fit == "crop" else _centre_pad(resized, edge)


def _resized(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    if pixels.shape[1:3] == (height, width):
        return pixels
    # INTER_AREA averages all pixels that fall together, the only choice that does not flicker when shrinking; it has
    # nothing to average when enlarging, where bicubic is what CLIP's own processor uses.
    shrinks = height * width <= pixels.shape[1] * pixels.shape[2]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.stack([cv2.resize(frame, (width, height), interpolation=how) for frame in pixels]).astype(np.uint8)


def _centre_crop(pixels: NDArray[np.uint8], edge: int) -> NDArray[np.uint8]:
    top, left = (max(0, (size - edge) // 2) for size in pixels.shape[1:3])
    return pixels[:, top : top + edge, left : left + edge]


def _centre_pad(pixels: NDArray[np.uint8], edge: int) -> NDArray[np.uint8]:
    count, height, width, channels = pixels.shape
    square = np.zeros((count, edge, edge, channels), dtype=np.uint8)
    top, left = (edge - height) // 2, (edge - width) // 2
    square[:, top : top + height, left : left + width] = pixels
    return square
