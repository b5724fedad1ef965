"""A decoded frame made tiny, as cheaply as possible: enough to tell one picture from another, not to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from av.video.reformatter import Interpolation

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

TINY_WIDTH, TINY_HEIGHT = 64, 48
"""Of every frame, whatever its shape: on rendered films, cuts were found as well at this size as at PySceneDetect's own
256 pixels."""

_PLANAR = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p")
"""Formats whose three planes are one byte a pixel, as those of nearly all videos."""

_ROWS_READ = 2 * TINY_HEIGHT
"""So many rows of a frame are read: the others say the same, and reading all of a large frame takes about as long as
decoding it."""


def tiny_yuv(frame: VideoFrame) -> NDArray[np.uint8]:
    """Return `(TINY_HEIGHT, TINY_WIDTH, 3)` uint8 of a decoded frame: luma and both chromas, in the range of the file.

    Its edges are those of the stored frame: it is not turned upright, and its pixels need not be square.
    """
    if frame.format.name in _PLANAR:
        return np.dstack([_shrunk(frame, index) for index in range(3)])
    small = frame.reformat(width=TINY_WIDTH, height=TINY_HEIGHT, format="yuv444p", interpolation=Interpolation.AREA)
    return np.ascontiguousarray(small.to_ndarray().transpose(1, 2, 0)).astype(np.uint8)


def tiny_of_rgb(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the same of an `(H, W, 3)` uint8 RGB picture."""
    small = cv2.resize(pixels, (TINY_WIDTH, TINY_HEIGHT), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2YUV), dtype=np.uint8)


def _shrunk(frame: VideoFrame, index: int) -> NDArray[np.uint8]:
    plane = frame.planes[index]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
    if plane.height > _ROWS_READ:
        rows = rows[(np.arange(_ROWS_READ) * 2 + 1) * plane.height // (2 * _ROWS_READ)]
    return np.asarray(cv2.resize(rows, (TINY_WIDTH, TINY_HEIGHT), interpolation=cv2.INTER_AREA), dtype=np.uint8)
