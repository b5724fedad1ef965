"""Clips whose pixels tell what they are: every frame has a flat colour that is its own number."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_LEVELS = (30, 70, 110, 150, 190, 230)  # 40 apart: no codec's rounding takes one for another


def numbered_frame(number: int, width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    """Return a flat `(height, width, 3)` RGB picture whose colour spells a number below 216 in base 6."""
    colour = [_LEVELS[number % 6], _LEVELS[number // 6 % 6], _LEVELS[number // 36 % 6]]
    return np.full((height, width, 3), colour, dtype=np.uint8)


def number_of(pixels: NDArray[np.uint8]) -> int:
    """Read the number off a picture; its colour may be off by less than half a level."""
    mean = pixels.reshape(-1, 3).mean(axis=0)
    digits = [int(np.argmin([abs(level - value) for level in _LEVELS])) for value in mean]
    assert all(abs(_LEVELS[digit] - value) < 18 for digit, value in zip(digits, mean, strict=True)), mean
    return digits[0] + 6 * digits[1] + 36 * digits[2]


def write_clip(
    path: Path,
    frames: Sequence[NDArray[np.uint8]],
    *,
    rate: int = 10,
    ticks: Sequence[int] | None = None,
    keyframe_every: int = 12,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    rotation: int = 0,
    options: dict[str, str] | None = None,
    **context: Any,
) -> Path:
    """Encode RGB frames. `ticks` are the frames' times in 1/1000 s, for a rate that varies or a start that is late."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixel_format
        stream.gop_size = keyframe_every
        defaults = {"crf": "4", "sc_threshold": "0"} if codec == "libx264" else {}
        stream.options = defaults | (options or {})
        if rotation:
            stream.set_display_rotation(rotation)
        for name, value in context.items():
            setattr(stream.codec_context, name, value)
        if ticks is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.time_base = Fraction(1, 1000) if ticks is not None else Fraction(1, rate)
            frame.pts = ticks[number] if ticks is not None else number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def numbered_clip(path: Path, count: int = 60, **how: Any) -> Path:
    """Encode `count` numbered frames."""
    return write_clip(path, [numbered_frame(number) for number in range(count)], **how)
