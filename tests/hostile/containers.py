"""Small whole clips, one for each container that people bring, to be cut off and damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np

from tests.media.clips import numbered_frame

CONTAINERS = {
    "mp4": ("libx264", "yuv420p", "aac"),
    "mkv": ("libx264", "yuv420p", "aac"),
    "webm": ("libvpx-vp9", "yuv420p", "libopus"),
    "avi": ("mpeg4", "yuv420p", "mp2"),
    "mov": ("mjpeg", "yuvj420p", "pcm_s16le"),
    "gif": ("gif", "rgb8", None),
}
"""By suffix: the codec of the pictures, their pixel format, and the codec of the sound."""

FRAMES = 24
RATE = 12
_SOUND_RATE = 48000


def whole_clip(folder: Path, suffix: str) -> Path:
    """Write two seconds of pictures, and of sound where the container has it."""
    path = folder / f"whole.{suffix}"
    codec, pixel_format, sound_codec = CONTAINERS[suffix]
    with av.open(str(path), "w") as container:
        pictures: Any = container.add_stream(codec, rate=RATE)
        pictures.width, pictures.height, pictures.pix_fmt, pictures.gop_size = 64, 48, pixel_format, 8
        sound: Any = container.add_stream(sound_codec, rate=_SOUND_RATE) if sound_codec else None
        for number in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(numbered_frame(number), format="rgb24").reformat(format=pixel_format)
            frame.pts = number
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        if sound is not None:
            _add_sound(container, sound)
    return path


def _add_sound(container: Any, stream: Any) -> None:
    samples = FRAMES * _SOUND_RATE // RATE
    wave = (8000 * np.sin(np.arange(samples) / 20)).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(wave[None, :], format="s16", layout="mono")
    frame.sample_rate = _SOUND_RATE
    resampler = av.AudioResampler(stream.format.name, "mono", _SOUND_RATE, frame_size=stream.frame_size or None)
    for piece in [*resampler.resample(frame), *resampler.resample(None)]:
        container.mux(stream.encode(piece))
    container.mux(stream.encode(None))
