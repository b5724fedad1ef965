"""H.264 and AAC for files that are made: what every player takes."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
from av.codec.context import Flags
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from vidtext.media.read.picture import to_picture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.packet import Packet

    from vidtext.media.read.file_clock import FileClock

TICKS_A_SECOND = 90_000
"""The clock of MPEG: fine enough for every frame rate."""

SOUND_RATE = 48_000
_SOUND_GAP_SAMPLES = SOUND_RATE // 10  # a jump in the times beyond it is a pause, below it is rounding


class PictureEncoder:
    """Frames as 8-bit 4:2:0 H.264, upright, in the colours of ordinary pictures.

    Args:
        target: where the packets go.
        width: of the pictures, even.
        height: of the pictures, even.
        rate: frames a second, about: frames may come at any time.
        options: of libx264.
    """

    def __init__(
        self, target: OutputContainer, *, width: int, height: int, rate: Fraction | int, options: dict[str, str]
    ) -> None:
        self._target = target
        self._stream = target.add_stream("libx264", rate=rate, options=options)
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
        self._stream.codec_context.time_base = Fraction(1, TICKS_A_SECOND)
        self._stream.codec_context.flags |= Flags.frame_duration  # so that the last frame stays as long as it should
        self._stream.codec_context.colorspace = Colorspace.ITU601
        self._stream.codec_context.color_range = ColorRange.MPEG

    def encode(self, frame: VideoFrame, *, seconds: float, shown_seconds: float, keyframe: bool = False) -> None:
        """Encode a decoded frame that is shown at a time for so long."""
        picture = VideoFrame.from_ndarray(to_picture(frame, self._stream.width, self._stream.height), format="rgb24")
        picture.time_base = Fraction(1, TICKS_A_SECOND)
        picture.pts = round(seconds * TICKS_A_SECOND)
        picture.duration = round(shown_seconds * TICKS_A_SECOND)
        if keyframe:
            picture.pict_type = PictureType.I
        self._target.mux(self._stream.encode(picture))

    def finish(self) -> None:
        """Write what the encoder holds back."""
        self._target.mux(self._stream.encode(None))


class SoundEncoder:
    """Samples at `SOUND_RATE`, one float plane a channel, as AAC."""

    def __init__(self, target: OutputContainer, *, layout: str) -> None:
        self._target = target
        self._started = False
        self._stream = target.add_stream("aac", rate=SOUND_RATE, layout=layout)

    def encode(self, part: AudioFrame, *, sample: int) -> None:
        """Encode a part that starts at the sample of this number."""
        part.pts = sample
        part.time_base = Fraction(1, SOUND_RATE)
        self._started = True
        self._target.mux(self._stream.encode(part))

    def finish(self) -> None:
        """Write what the encoder holds back."""
        if self._started:
            self._target.mux(self._stream.encode(None))


class SoundDecoder:
    """Sound decoded, in one or two channels at `SOUND_RATE`, each part with the number of its first sample.

    Numbers count from the start of the file, see `FileClock`; what comes before it is left out.
    """

    def __init__(self, source: AudioStream, clock: FileClock) -> None:
        self.damaged = False
        self.layout = "mono" if source.codec_context.channels == 1 else "stereo"
        self._source = source
        self._zero_seconds = float(clock.zero_seconds)
        self.restart()

    def restart(self) -> None:
        """Forget what came before: the file is read from another place."""
        self._next_sample: int | None = None
        self._resampler = av.AudioResampler(format="fltp", layout=self.layout, rate=SOUND_RATE)

    def decode(self, packet: Packet[Any] | None) -> Iterator[tuple[int, AudioFrame]]:
        """Yield the sound of a packet (None: what the decoder still holds)."""
        try:
            for frame in self._source.codec_context.decode(packet):
                yield from self._numbered(frame)
        except (av.FFmpegError, ValueError):  # ValueError: the sound changes its form on the way
            self.damaged = True

    def _numbered(self, frame: AudioFrame) -> Iterator[tuple[int, AudioFrame]]:
        if frame.time is not None:
            sample = round((frame.time - self._zero_seconds) * SOUND_RATE)
            if sample < 0:
                return
            if self._next_sample is None or sample - self._next_sample > _SOUND_GAP_SAMPLES:
                self._next_sample = sample
        for part in self._resampler.resample(frame):
            start = self._next_sample or 0
            self._next_sample = start + part.samples
            yield start, part
