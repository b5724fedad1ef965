"""The tracks of a preview: each takes a source's packets and writes its part of the MP4.

All times are those of `FileClock`, as everywhere in vidtext: the preview begins where the file does.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av

from vidtext.media.read.file_clock import FrameTicks
from vidtext.media.read.opening import DECODER_THREADS
from vidtext.media.write.encoders import TICKS_A_SECOND, PictureEncoder, SoundDecoder, SoundEncoder

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from vidtext.media.read.file_clock import FileClock

_FRAMES_A_SECOND = 15
_GAP_SECONDS = 0.9 / _FRAMES_A_SECOND  # a tenth less, so that 25 and 50 frames a second do not fall to 8 and 12
# A keyframe every two seconds makes seeking quick. "ultrafast" writes no B-frames, so packets come in display order.
_X264_OPTIONS = {"preset": "ultrafast", "crf": "27", "g": str(2 * _FRAMES_A_SECOND)}


class EncodedPictures:
    """Pictures decoded, made small, thinned out to some 15 a second and encoded as H.264.

    A picture is left out if it follows the last one kept too closely and does not stay on screen either, so the picture
    on screen at any time is the right one or at most a fifteenth of a second older. Variable frame rates are kept.
    """

    def __init__(
        self,
        target: OutputContainer,
        source: VideoStream,
        *,
        width: int,
        height: int,
        clock: FileClock,
        stop_seconds: float,
    ) -> None:
        self.seconds = 0.0
        self.damaged = False
        self.source = source
        self._clock = clock
        self._ticks = FrameTicks(clock)
        self._stop_seconds = stop_seconds
        self._held: VideoFrame | None = None
        self._kept_seconds: float | None = None
        source.codec_context.thread_type = "AUTO"
        source.codec_context.thread_count = DECODER_THREADS
        rate = source.average_rate or Fraction(0)
        if rate > 2 * _FRAMES_A_SECOND and clock.late_ticks is None:
            source.codec_context.skip_frame = "NONREF"  # enough frames are left without those that no other needs
        self._encoder = PictureEncoder(target, width=width, height=height, rate=_FRAMES_A_SECOND, options=_X264_OPTIONS)

    def take(self, packet: Packet[Any] | None) -> None:
        """Decode a packet (None: what the decoder still holds) and encode what is to be kept of it."""
        try:
            frames = self.source.codec_context.decode(packet)
        except av.FFmpegError:
            self.damaged = True
            return
        for frame in frames:
            tick = self._ticks.of(frame)
            seconds = self._clock.seconds(tick)
            if self.seconds >= self._stop_seconds:
                return
            if tick < self._clock.first_tick or (self._held is not None and seconds <= self.seconds):
                continue  # before the first one, or in an order that no player could show
            if self._held is not None:
                self._settle(self._held, seconds)
            self._held, self.seconds = frame, seconds

    def finish(self) -> None:
        """Write what is held back; the last picture stays until the preview stops."""
        self.take(None)
        if self._held is not None and (self.seconds < self._stop_seconds or self._kept_seconds is None):
            self._encode(self._held, shown_seconds=max(1 / TICKS_A_SECOND, self._stop_seconds - self.seconds))
        self._encoder.finish()

    def _settle(self, frame: VideoFrame, until_seconds: float) -> None:
        """Keep the frame held or drop it, now that it is known how long it stays on screen."""
        shown_seconds = until_seconds - self.seconds
        since = None if self._kept_seconds is None else self.seconds - self._kept_seconds
        if since is None or since >= _GAP_SECONDS or shown_seconds >= _GAP_SECONDS:
            self._encode(frame, shown_seconds=shown_seconds)

    def _encode(self, frame: VideoFrame, *, shown_seconds: float) -> None:
        self._kept_seconds = self.seconds
        self._encoder.encode(frame, seconds=self.seconds, shown_seconds=shown_seconds)


class EncodedSound:
    """Sound decoded and encoded as AAC, in one or two channels."""

    def __init__(self, target: OutputContainer, source: AudioStream, clock: FileClock) -> None:
        self.source = source
        self._decoder = SoundDecoder(source, clock)
        self._encoder = SoundEncoder(target, layout=self._decoder.layout)

    @property
    def damaged(self) -> bool:
        """Whether some of it could not be decoded."""
        return self._decoder.damaged

    def take(self, packet: Packet[Any] | None) -> None:
        """Decode a packet (None: what the decoder still holds) and encode its sound."""
        for sample, part in self._decoder.decode(packet):
            self._encoder.encode(part, sample=sample)

    def finish(self) -> None:
        """Write what is held back."""
        self.take(None)
        self._encoder.finish()
