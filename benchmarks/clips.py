"""The clips that are measured: H.264 of a textured scene that pans, with an object that crosses it and camera noise.

They are made once and kept in a folder of the system's temporary directory.
"""

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

FOLDER = Path(tempfile.gettempdir(), "vidtext-benchmarks")

_FRAME_RATE = 25
_NOISE_FRAMES = 8
_NOISE = 10  # grey levels, as an indoor camera has


@dataclass(frozen=True)
class Clip:
    """A clip to make. Its bit rate is that of such videos on the web, since bits are what a decoder spends time on."""

    name: str
    seconds: int
    width: int
    height: int
    keyframe_every: int
    bit_rate: int
    preset: str = "veryfast"

    def path(self) -> Path:
        """Return where the clip is, after making it if it is not there."""
        path = FOLDER / f"{self.name}.mp4"
        if not path.exists():
            print(f"making {path} …", file=sys.stderr, flush=True)
            FOLDER.mkdir(exist_ok=True)
            part = path.with_suffix(".part")
            self._write(part)
            part.rename(path)
        return path

    def __str__(self) -> str:
        length = f"{self.seconds // 60} min" if self.seconds >= 60 else f"{self.seconds} s"
        return f"{length} {self.height}p, a keyframe every {self.keyframe_every / _FRAME_RATE:g} s"

    def _write(self, path: Path) -> None:
        every = str(self.keyframe_every)
        options = {"preset": self.preset, "g": every, "keyint_min": every, "sc_threshold": "0"}
        with av.open(path, "w", format="mp4") as container:
            stream = container.add_stream("libx264", rate=_FRAME_RATE, options=options)
            stream.width, stream.height, stream.pix_fmt = self.width, self.height, "yuv420p"
            stream.bit_rate = self.bit_rate
            for planes in self._frames():
                container.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p")))
            container.mux(stream.encode(None))

    def _frames(self) -> Iterator[NDArray[np.uint8]]:
        """Give each frame as its Y, U and V planes below each other."""
        rng = np.random.default_rng(0)
        height, width = self.height, self.width
        luma, blue, red = (_texture(rng, 2 * height // part, 2 * width // part) for part in (1, 2, 2))
        thing = _texture(rng, height // 4, height // 4) // 2 + 110
        noise = rng.integers(0, _NOISE, (_NOISE_FRAMES, height, width), np.uint8)
        for index in range(self.seconds * _FRAME_RATE):
            angle = index / _FRAME_RATE / 4
            top = int(height / 4 * (1 + np.sin(angle))) * 2
            left = int(width / 4 * (1 + np.sin(1.7 * angle))) * 2
            frame = luma[top : top + height, left : left + width] + noise[index % _NOISE_FRAMES]
            across = int((width - thing.shape[1]) * (1 + np.sin(2.3 * angle)) / 2)
            frame[height // 3 : height // 3 + thing.shape[0], across : across + thing.shape[1]] = thing
            colours = (
                plane[top // 2 : (top + height) // 2, left // 2 : (left + width) // 2].reshape(-1, width)
                for plane in (blue, red)
            )
            yield np.concatenate([frame, *colours])


def _texture(rng: np.random.Generator, height: int, width: int) -> NDArray[np.uint8]:
    """Make a picture with detail of all sizes, coarse detail stronger than fine, as in photographs."""
    picture = np.zeros((height, width), np.float32)
    size = 4
    while size < height:
        detail = rng.standard_normal((size, size * width // height), np.float32)
        picture += cv2.resize(detail, (width, height), interpolation=cv2.INTER_CUBIC) / size**0.8
        size *= 2
    low, high = np.percentile(picture, [1, 99])
    return np.asarray(np.clip(40 + 160 * (picture - low) / (high - low), 16, 220), np.uint8)


SHORT = Clip("30s-360p", 30, 640, 360, 50, 800_000)
LONG_GROUPS = Clip("60s-1080p-gop250", 60, 1920, 1080, 250, 5_000_000)
TEN_MINUTES = Clip("600s-720p", 600, 1280, 720, 250, 2_000_000, preset="ultrafast")
ONE_MINUTE = Clip("60s-720p", 60, 1280, 720, 250, 2_000_000, preset="ultrafast")
TEN_SECONDS = Clip("10s-720p", 10, 1280, 720, 250, 2_000_000, preset="ultrafast")
