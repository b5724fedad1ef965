"""The tracks of a preview: each takes a source's packets and writes its part of the MP4.

All times are counted from the first picture that is shown, as everywhere in vidtext: what comes before it is left out.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from vidtext.media.opening import DECODER_THREADS
from vidtext.media.picture import to_picture
from vidtext.media.video_file import tick_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.stream import VideoStream

_TICKS_A_SECOND = 90_000  # the clock of MPEG: fine enough for every frame rate
_FRAMES_A_SECOND = 15
_GAP_SECONDS = 0.9 / _FRAMES_A_SECOND  # a tenth less, so that 25 and 50 frames a second do not fall to 8 and 12
# A keyframe every two seconds makes seeking quick. "ultrafast" writes no B-frames, so packets come in display order.
_X264_OPTIONS = {"preset": "ultrafast", "crf": "27", "g": str(2 * _FRAMES_A_SECOND)}
_SOUND_RATE = 48_000
_SOUND_GAP_SAMPLES = _SOUND_RATE // 10  # a jump in the times beyond it is a pause, below it is rounding


class Packets:
    """The packets of some streams, as they come in the file, until it ends or breaks."""

    def __init__(self, container: InputContainer, streams: Sequence[Stream]) -> None:
        self.damaged = False
        self._container = container
        self._streams = streams

    def __iter__(self) -> Iterator[Packet[Any]]:
        try:
            for packet in self._container.demux(self._streams):
                if packet.size:  # an empty one only says that a stream ends
                    yield packet
        except av.FFmpegError:
            self.damaged = True


class CopiedTrack:
    """A track that goes into the MP4 as it is, from its first keyframe on.

    Pictures before the first one shown are copied too, since others may need them; the MP4's edit list hides them.
    """

    def __init__(self, target: OutputContainer, source: AudioStream | VideoStream, *, first_seconds: Fraction) -> None:
        self.seconds = 0.0
        self.damaged = False
        self.source = source
        self._target = target
        self._time_base = source.time_base or Fraction(1)
        self._shift = round(first_seconds / self._time_base)
        self._started = False
        self._waiting: list[Packet[Any]] = []
        self._stream = target.add_stream_from_template(source, opaque=True)

    def take(self, packet: Packet[Any]) -> None:
        """Copy a packet.

        Raises:
            CannotCopyError: it does not say when it is shown.
        """
        if packet.pts is None:
            raise CannotCopyError
        early = packet.pts < self._shift and self.source.type == "audio"
        self._started = self._started or packet.is_keyframe
        if early or not self._started:
            return
        self._waiting.append(packet)
        if packet.dts is None:
            return
        for index, waiting in enumerate(reversed(self._waiting)):
            if waiting.dts is None:
                waiting.dts = packet.dts - index * self._step
        for waiting in self._waiting:
            self._copy(waiting)
        self._waiting.clear()

    def finish(self) -> None:
        """Raise `CannotCopyError` if packets are left that never learned when they are to be decoded."""
        if self._waiting:
            raise CannotCopyError

    @property
    def _step(self) -> int:
        """Ticks from one packet to the next. Matroska has no decode times, so the first ones must be made up."""
        rate = self.source.average_rate if self.source.type == "video" else None
        return max(1, round(1 / (rate * self._time_base))) if rate else 1

    def _copy(self, packet: Packet[Any]) -> None:
        assert packet.pts is not None  # noqa: S101  `take` lets no other through
        assert packet.dts is not None  # noqa: S101
        packet.pts -= self._shift
        packet.dts -= self._shift
        self.seconds = float(packet.dts * self._time_base)
        packet.stream = self._stream
        self._target.mux_one(packet)


class CannotCopyError(Exception):
    """Packets do not say when they are decoded and shown; the track must be decoded to find out."""


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
        first_tick: int,
        stop_seconds: float,
        counted: bool,
    ) -> None:
        self.seconds = 0.0
        self.damaged = False
        self._target = target
        self.source = source
        self._time_base = source.time_base or Fraction(1)
        self._first_tick = first_tick
        self._stop_seconds = stop_seconds
        self._counted = counted
        self._count = 0
        self._held: VideoFrame | None = None
        self._kept_seconds: float | None = None
        source.codec_context.thread_type = "AUTO"
        source.codec_context.thread_count = DECODER_THREADS
        rate = source.average_rate or Fraction(0)
        if rate > 2 * _FRAMES_A_SECOND and not counted:
            source.codec_context.skip_frame = "NONREF"  # enough frames are left without those that no other needs
        self._stream = target.add_stream("libx264", rate=_FRAMES_A_SECOND, options=_X264_OPTIONS)
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
        self._stream.codec_context.time_base = Fraction(1, _TICKS_A_SECOND)
        self._stream.codec_context.colorspace = Colorspace.ITU601
        self._stream.codec_context.color_range = ColorRange.MPEG

    def take(self, packet: Packet[Any] | None) -> None:
        """Decode a packet (None: what the decoder still holds) and encode what is to be kept of it."""
        try:
            frames = self.source.codec_context.decode(packet)
        except av.FFmpegError:
            self.damaged = True
            return
        for frame in frames:
            tick = self._count if self._counted else tick_of(frame)
            self._count += 1
            seconds = float((tick - self._first_tick) * self._time_base)
            if self.seconds >= self._stop_seconds:
                return
            if seconds < 0 or (self._held is not None and seconds <= self.seconds):
                continue  # before the first one, or in an order that no player could show
            if self._held is not None:
                self._settle(self._held, seconds)
            self._held, self.seconds = frame, seconds

    def finish(self) -> None:
        """Write what is held back; the last picture stays until the preview stops."""
        self.take(None)
        if self._held is not None and (self.seconds < self._stop_seconds or self._kept_seconds is None):
            self._encode(self._held, shown_seconds=max(1 / _TICKS_A_SECOND, self._stop_seconds - self.seconds))
        self._target.mux(self._stream.encode(None))

    def _settle(self, frame: VideoFrame, until_seconds: float) -> None:
        """Keep the frame held or drop it, now that it is known how long it stays on screen."""
        shown_seconds = until_seconds - self.seconds
        since = None if self._kept_seconds is None else self.seconds - self._kept_seconds
        if since is None or since >= _GAP_SECONDS or shown_seconds >= _GAP_SECONDS:
            self._encode(frame, shown_seconds=shown_seconds)

    def _encode(self, frame: VideoFrame, *, shown_seconds: float) -> None:
        small = VideoFrame.from_ndarray(to_picture(frame, self._stream.width, self._stream.height), format="rgb24")
        small.time_base = Fraction(1, _TICKS_A_SECOND)
        small.pts = round(self.seconds * _TICKS_A_SECOND)
        small.duration = round(shown_seconds * _TICKS_A_SECOND)
        self._kept_seconds = self.seconds
        self._target.mux(self._stream.encode(small))


class EncodedSound:
    """Sound decoded and encoded as AAC, in one or two channels."""

    def __init__(self, target: OutputContainer, source: AudioStream, *, first_seconds: Fraction) -> None:
        self.damaged = False
        self._target = target
        self.source = source
        self._first_seconds = float(first_seconds)
        self._next_sample: int | None = None
        layout = "mono" if source.codec_context.channels == 1 else "stereo"
        self._resampler = av.AudioResampler(format="fltp", layout=layout, rate=_SOUND_RATE)
        self._stream = target.add_stream("aac", rate=_SOUND_RATE, layout=layout)

    def take(self, packet: Packet[Any] | None) -> None:
        """Decode a packet (None: what the decoder still holds) and encode its sound."""
        try:
            for frame in self.source.codec_context.decode(packet):
                self._encode(frame)
        except (av.FFmpegError, ValueError):  # ValueError: the sound changes its form on the way
            self.damaged = True

    def finish(self) -> None:
        """Write what is held back."""
        self.take(None)
        if self._next_sample is not None:
            self._target.mux(self._stream.encode(None))

    def _encode(self, frame: AudioFrame) -> None:
        if frame.time is not None:
            sample = round((frame.time - self._first_seconds) * _SOUND_RATE)
            if sample < 0:
                return
            if self._next_sample is None or sample - self._next_sample > _SOUND_GAP_SAMPLES:
                self._next_sample = sample
        for part in self._resampler.resample(frame):
            part.pts = self._next_sample or 0
            part.time_base = Fraction(1, _SOUND_RATE)
            self._next_sample = part.pts + part.samples
            self._target.mux(self._stream.encode(part))
