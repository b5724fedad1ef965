"""The frames that a model saw, as small pictures with their times that seek the player."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import cv2

from vidtext.clock import format_clock
from vidtext.media.read.resize import shrunk_size
from vidtext.ui.status import to_seek

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from vidtext.media.read.frames import Frames

_MOST_PICTURES = 120
"""More pictures than this slow a phone down and tell a person nothing more."""

_PICTURE_EDGE_PIXELS = 120
_JPEG_QUALITY = 72


@dataclass(frozen=True)
class StripPlan:
    """Which of the frames that the model sees are shown: all, or `per_window` of every `every_nth_window`-th window."""

    every_nth_window: int
    per_window: int | None

    @classmethod
    def of(cls, windows_total: int, frames_per_clip: int) -> StripPlan:
        """Choose so that at most `_MOST_PICTURES` are shown, however long the video is."""
        if windows_total * frames_per_clip <= _MOST_PICTURES:
            return cls(1, None)
        return cls(-(-windows_total // _MOST_PICTURES), 1)

    def explain(self, frames_per_clip: int) -> str:
        """Say in a sentence what is left out; nothing where nothing is."""
        if self.per_window is None:
            return ""
        parts = "each part" if self.every_nth_window == 1 else f"1 part in {self.every_nth_window}"
        return f"Shown: the middle frame of {parts}. The model saw {frames_per_clip} of each part."

    def chosen(self, clip: Frames, window: int) -> Frames | None:
        """Return the frames of the `window`-th clip that are shown."""
        if window % self.every_nth_window:
            return None
        if self.per_window is None:
            return clip
        middle = len(clip) // 2
        return clip.part(middle, middle + 1)


def strip_html(frames: Frames, *, of: str = "") -> str:
    """Return one button a frame; pictures alone for those `of` a video that is not in the player.

    The strings of several clips may be joined: all times have tenths of a second.
    """
    return "".join(
        _frame_html(picture_uri(pixels), format_clock(round(seconds, 1), decimals=1), seconds, of)
        for pixels, seconds in zip(frames.pixels, frames.seconds.tolist(), strict=True)
    )


def _frame_html(uri: str, clock: str, seconds: float, of: str) -> str:
    if of:
        return (
            f'<div class="vt-frame"><img src="{uri}" alt="Frame of {escape(of)} at {clock}">'
            f"<span>{escape(of)} · {clock}</span></div>"
        )
    return (
        f'<button type="button" class="vt-frame" data-seek-seconds="{to_seek(seconds)}">'
        f'<img src="{uri}" alt="Frame at {clock}"><span>{clock}</span></button>'
    )


def picture_uri(pixels: NDArray[np.uint8]) -> str:
    """Return `(H, W, 3)` RGB pixels as a small JPEG in a data: URI, so that no file is left for anyone to fetch."""
    height, width = pixels.shape[:2]
    small = cv2.resize(
        pixels, shrunk_size(width, height, shortest_edge=_PICTURE_EDGE_PIXELS), interpolation=cv2.INTER_AREA
    )
    _, jpeg = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg.tobytes()).decode()}"


def pictures_html(clips: Sequence[Frames], windows_done: int, windows_total: int) -> tuple[str, str]:
    """Return the strip's new pictures of the latest clips, and a sentence on what the strip leaves out."""
    if not clips:
        return "", ""
    plan = StripPlan.of(windows_total, len(clips[0]))
    first = windows_done - len(clips)
    chosen = (plan.chosen(clip, window) for window, clip in enumerate(clips, start=first))
    return "".join(strip_html(frames) for frames in chosen if frames is not None), plan.explain(len(clips[0]))
