"""Pixels that never travel without their times."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from vidtext.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

_RGB = 3


@dataclass(frozen=True, eq=False, repr=False)
class Frames:
    """Frames of one video, in the order of their times.

    Attributes:
        pixels: `(N, H, W, 3)` uint8, RGB, upright, N ≥ 1.
        seconds: `(N,)` float64, not decreasing: the time at which each frame is really shown, in seconds of the video,
            as decoded and not as asked for.
        notes: one sentence for each way in which these frames differ from what was asked for.
    """

    pixels: NDArray[np.uint8]
    seconds: NDArray[np.float64]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shape = self.pixels.shape
        if self.pixels.dtype != np.uint8 or len(shape) != 4 or shape[-1] != _RGB or 0 in shape:  # noqa: PLR2004  (N, H, W, 3)
            raise OptionError(f"Frames are (N, H, W, 3) uint8 RGB with N ≥ 1; got {shape} {self.pixels.dtype}.")
        if self.seconds.shape != shape[:1]:
            raise OptionError(f"{shape[0]} frames need {shape[0]} times; got {self.seconds.shape}.")
        if not np.isfinite(self.seconds).all() or (np.diff(self.seconds) < 0).any() or self.seconds[0] < 0:
            raise OptionError("The times of frames must be finite, not negative, and not decreasing.")

    @classmethod
    def from_images(cls, images: Sequence[ArrayLike], seconds: Sequence[float]) -> Frames:
        """Put `(H, W, 3)` uint8 RGB images of one size together with their times.

        Raises:
            OptionError: no image, images of different sizes, or times that do not fit.
        """
        arrays = [np.asarray(image) for image in images]
        if len({array.shape for array in arrays}) != 1:
            raise OptionError("Frames need at least one image, and all images of one size.")
        return cls(np.stack(arrays), np.asarray(seconds, dtype=np.float64))

    @property
    def end_seconds(self) -> float:
        """When the last frame ends: it is shown for as long as the others on average, a single one not at all."""
        last = float(self.seconds[-1])
        return last + (last - float(self.seconds[0])) / max(1, len(self) - 1)

    def __len__(self) -> int:
        return len(self.seconds)

    def __repr__(self) -> str:
        count, height, width, _ = self.pixels.shape
        return f"Frames({count} × {width}×{height}, {self.seconds[0]:.3f}–{self.seconds[-1]:.3f} s)"

    def part(self, start: int, stop: int) -> Frames:
        """Return the frames with the indices `start` … `stop - 1`, without copying their pixels."""
        return replace(self, pixels=self.pixels[start:stop], seconds=self.seconds[start:stop])
