"""The tracks of a clip that are encoded anew: exactly what is shown and heard in its parts, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import av
import numpy as np
from av.audio.frame import AudioFrame

from vidtext.media.read.file_clock import FrameTicks
from vidtext.media.read.opening import DECODER_THREADS
from vidtext.media.write.encoders import SOUND_RATE, TICKS_A_SECOND, PictureEncoder, SoundDecoder, SoundEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from vidtext.media.read.file_clock import FileClock
    from vidtext.media.read.sampling import TimeRange

_X264_OPTIONS = {"preset": "veryfast", "crf": "20", "bf": "0"}
"""B-frames would have x264 make up decode times, which MP4 refuses where frames come at uneven times."""

_KEYFRAME_SECONDS = 2
_SHORTEST_SECONDS = 1 / TICKS_A_SECOND
"""Nothing is shown for a shorter time."""


class EncodedParts:
    """Pictures decoded and encoded as H.264, each shown as long as it is in the video.

    A picture that is on screen when a part begins is the first of that part; the first one of the video stands for the
    time before it.
    """

    def __init__(
        self,
        target: OutputContainer,
        source: VideoStream,
        spans: Sequence[TimeRange],
        starts_seconds: Sequence[float],
        *,
        width: int,
        height: int,
        rate: Fraction,
        clock: FileClock,
    ) -> None:
        self.damaged = False
        self.source = source
        self._clock = clock
        self._ticks = FrameTicks(clock)
        self._spans = spans
        self._starts_seconds = starts_seconds
        self._begun: set[int] = set()
        source.codec_context.thread_type = "AUTO"
        source.codec_context.thread_count = DECODER_THREADS
        options = _X264_OPTIONS | {"g": str(max(1, round(_KEYFRAME_SECONDS * rate)))}
        self._encoder = PictureEncoder(target, width=width, height=height, rate=rate, options=options)
        self._held: VideoFrame | None = None
        self._seconds = 0.0

    def restart(self, index: int) -> None:  # noqa: ARG002  each picture finds its parts itself
        """Forget what came before: the file is read from another place."""
        self._held = None

    def is_past(self, seconds: float) -> bool:
        """Whether a picture was decoded that is shown no earlier than a time of the video."""
        return self._held is not None and self._seconds >= seconds - _SHORTEST_SECONDS

    def take(self, packet: Packet[Any] | None) -> None:
        """Decode a packet (None: what the decoder still holds) and encode what belongs to a part."""
        try:
            frames = self.source.codec_context.decode(packet)
        except av.FFmpegError:
            self.damaged = True
            return
        for frame in frames:
            tick = self._ticks.of(frame)
            seconds = self._clock.seconds(tick) if tick > self._clock.first_tick else 0.0
            if tick < self._clock.first_tick or (self._held is not None and seconds <= self._seconds):
                continue  # before the first one, or in an order that no player could show
            self._settle(seconds)
            self._held, self._seconds = frame, seconds

    def finish(self) -> None:
        """Write what is held back: the last picture stays until its part ends."""
        self.take(None)
        self._settle(self._spans[-1].stop_seconds)
        self._encoder.finish()

    def _settle(self, until_seconds: float) -> None:
        """Encode the picture held in each part that it is shown in, now that it is known how long."""
        if self._held is None:
            return
        for index, (span, start) in enumerate(zip(self._spans, self._starts_seconds, strict=True)):
            shown_from = max(self._seconds, span.start_seconds)
            shown_seconds = min(until_seconds, span.stop_seconds) - shown_from
            if shown_seconds > _SHORTEST_SECONDS:
                self._encoder.encode(
                    self._held,
                    seconds=start + shown_from - span.start_seconds,
                    shown_seconds=shown_seconds,
                    keyframe=index not in self._begun,  # so that players seek to a part at once
                )
                self._begun.add(index)


class EncodedPartsSound:
    """Sound decoded and encoded as AAC, with silence where the video has none."""

    def __init__(
        self,
        target: OutputContainer,
        source: AudioStream,
        spans: Sequence[TimeRange],
        starts_seconds: Sequence[float],
        *,
        clock: FileClock,
    ) -> None:
        self.source = source
        self._decoder = SoundDecoder(source, clock)
        self._encoder = SoundEncoder(target, layout=self._decoder.layout)
        self._channels = 1 if self._decoder.layout == "mono" else 2
        self._parts = [
            (round(span.start_seconds * SOUND_RATE), round(span.stop_seconds * SOUND_RATE), round(start * SOUND_RATE))
            for span, start in zip(spans, starts_seconds, strict=True)
        ]
        self._written = self._seen = 0

    @property
    def damaged(self) -> bool:
        """Whether some of it could not be decoded."""
        return self._decoder.damaged

    def restart(self, index: int) -> None:  # noqa: ARG002  all sound finds its parts itself
        """Forget what came before: the file is read from another place."""
        self._decoder.restart()
        self._seen = 0

    def is_past(self, seconds: float) -> bool:
        """Whether sound from behind a time of the video was decoded."""
        return self._seen >= seconds * SOUND_RATE

    def take(self, packet: Packet[Any] | None) -> None:
        """Decode a packet (None: what the decoder still holds) and encode what belongs to a part."""
        for sample, part in self._decoder.decode(packet):
            self._seen = sample + part.samples
            for start, stop, target in self._parts:
                # What was written before, by overlap or by rounding, is not written again.
                first = max(sample, start, self._written - target + start)
                last = min(self._seen, stop)
                if first < last:
                    self._fill(first - start + target)
                    self._encode(part.to_ndarray()[:, first - sample : last - sample])

    def finish(self) -> None:
        """Write what is held back, and silence to the end."""
        self.take(None)
        start, stop, target = self._parts[-1]
        self._fill(target + stop - start)
        self._encoder.finish()

    def _fill(self, until_sample: int) -> None:
        """Write silence up to a sample, a second at a time."""
        while self._written < until_sample:
            count = min(SOUND_RATE, until_sample - self._written)
            self._encode(np.zeros((self._channels, count), np.float32))

    def _encode(self, samples: np.ndarray[Any, Any]) -> None:
        part = AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=self._decoder.layout)
        part.sample_rate = SOUND_RATE
        self._encoder.encode(part, sample=self._written)
        self._written += part.samples
