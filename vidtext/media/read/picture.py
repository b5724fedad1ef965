"""A decoded frame made into a picture: small, upright, square pixels, RGB as a screen shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from av.video.reformatter import Colorspace, ColorTrc, Interpolation

from vidtext.media.read.tone import hdr_to_sdr
from vidtext.media.read.video_file import quarter_turns

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

_HD_LINES = 720
"""From this height on, video that does not name its colour matrix is BT.709, below it BT.601: what players assume."""

_AVERAGE = Interpolation.AREA | Interpolation.FULL_CHR_H_INT | Interpolation.ACCURATE_RND
"""Averages all pixels that fall together, chroma at full width: within a third of a grey level of converting first and
shrinking with OpenCV's INTER_AREA. Without the second flag edges are off by ten levels; without the third, frames that
keep their size are darker by one or two."""

_HDR = (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67)


def to_picture(frame: VideoFrame, width: int, height: int) -> NDArray[np.uint8]:
    """Return `(height, width, 3)` uint8 RGB of a decoded frame.

    The frame is shrunk while its colours are converted, so that its full size never exists as RGB. Of interlaced frames
    the first field alone is used, since the two show different moments. HDR (PQ or HLG) is brought into the range of an
    ordinary screen. `width` and `height` are those of the upright picture, non-square pixels already undone.
    """
    turns = quarter_turns(frame)
    stored_width, stored_height = (height, width) if turns % 2 else (width, height)
    if frame.interlaced_frame:
        fields = _converted(frame, stored_width, frame.height)
        pixels = cv2.resize(fields[::2], (stored_width, stored_height), interpolation=cv2.INTER_AREA).astype(np.uint8)
    else:
        pixels = _converted(frame, stored_width, stored_height)
    return np.ascontiguousarray(np.rot90(pixels, k=turns))


def _converted(frame: VideoFrame, width: int, height: int) -> NDArray[np.uint8]:
    hdr = frame.color_trc in _HDR
    matrix = frame.colorspace
    if matrix not in set(Colorspace):
        matrix = Colorspace.ITU709 if frame.height >= _HD_LINES else Colorspace.ITU601
    small = frame.reformat(
        width=width,
        height=height,
        format="rgb48le" if hdr else "rgb24",
        src_colorspace=matrix,
        dst_colorspace=matrix,
        interpolation=_AVERAGE,
    )
    if hdr:
        return hdr_to_sdr(small.to_ndarray().astype(np.uint16), hlg=frame.color_trc == ColorTrc.ARIB_STD_B67)
    return small.to_ndarray().astype(np.uint8)
