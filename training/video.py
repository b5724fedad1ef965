"""Writing rendered frames into a video file with PyAV."""

from fractions import Fraction
from os import PathLike

import av
import numpy as np

from training.palette import Pixels


def write_video(
    path: str | PathLike[str],
    pixels: Pixels,
    *,
    frame_rate: Fraction | int,
    codec: str = "libx264",
    keyframe_every: int = 250,
) -> None:
    """Write frames into a video file without sound.

    Args:
        path: The file; its suffix names the container.
        pixels: (N, H, W, 3) uint8 RGB. H and W must be even, since the pixel format is yuv420p.
        frame_rate: Frames a second.
        codec: FFmpeg's name of the encoder.
        keyframe_every: Most frames from one keyframe to the next.
    """
    if pixels.ndim != 4 or pixels.shape[1] % 2 or pixels.shape[2] % 2:
        raise ValueError(f"pixels must be (N, H, W, 3) with even H and W, not {pixels.shape}")
    with av.open(path, "w") as container:
        stream = container.add_stream(codec, rate=Fraction(frame_rate))
        if not isinstance(stream, av.VideoStream):
            raise ValueError(f"codec must be one for video, not {codec!r}")  # noqa: TRY004  it is the value that is wrong
        stream.height, stream.width = pixels.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.gop_size = keyframe_every
        for picture in pixels:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
