"""Tracks that go into another file as they are: nothing is decoded or encoded."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, cast

from av.sidedata.sidedata import Type as SideDataType
from av.stream import Discard
from av.video.stream import VideoStream

from vidtext.media.read.opening import is_cover, open_video
from vidtext.media.read.video_file import JUMP_SECONDS
from vidtext.media.write.picture_times import decode_ticks

if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction
    from pathlib import Path

    from av.container import OutputContainer
    from av.packet import Packet
    from av.sidedata.sidedata import SideData
    from av.stream import Stream
    from av.video.frame import VideoFrame

    from vidtext.job import Job
    from vidtext.settings import Settings

MP4_PICTURES = frozenset({"h264", "hevc", "vvc", "av1", "vp9", "mpeg4"})
MP4_SOUND = frozenset({"aac", "mp3", "ac3", "eac3", "opus", "flac", "alac"})
"""FFmpeg's names of the codecs that MP4 has a standard place for (https://mp4ra.org/registered-types/codecs) and that
players of MP4 know."""

COPY_OPTIONS = {"strict": "unofficial"}
"""How files are written that packets are copied into. Only so FFmpeg writes into MP4 what is not in ISO's standard: the
360° or 3D layout (`sv3d` and `st3d` of Google's Spherical Video V2) and Dolby Vision's configuration (`dvcC`, `dvvC`).
"""

_DOLBY_VISION_TAGS = ("dvh1", "dvhe")

_SHAPES = {
    SideDataType.SPHERICAL: "360° projection",
    SideDataType.STEREO3D: "3D layout",
}
_COLOURS = {
    SideDataType.MASTERING_DISPLAY_METADATA: "mastering display",
    SideDataType.CONTENT_LIGHT_LEVEL: "light levels",
    SideDataType.DISPLAYMATRIX: "rotation",
}


class CannotCopyError(Exception):
    """Packets do not say when they are decoded and shown; the track must be decoded to find out."""


def codec_name(track: Stream) -> str:
    """Return FFmpeg's name of what a track is coded with, whichever decoder reads it."""
    return track.codec_context.codec.canonical_name if track.codec_context is not None else "unknown"


def add_copy(target: OutputContainer, source: Stream) -> Stream:
    """Add a track for packets as the source has them: with its form, its rotation, its language and what it is for.

    Other tags stay behind.

    Raises:
        ValueError: the target's container cannot hold the codec.
    """
    track = target.add_stream_from_template(source, opaque=True)
    track.disposition = source.disposition
    if source.language:
        track.metadata["language"] = source.language
    if is_transparent(source):
        track.metadata["alpha_mode"] = "1"
    if isinstance(track, VideoStream) and isinstance(source, VideoStream) and source.sample_aspect_ratio:
        track.codec_context.sample_aspect_ratio = source.sample_aspect_ratio  # which the container alone may give
    if codec_name(source) == "hevc" and target.format.name == "mp4":
        # Apple's players take no other names.
        dolby = source.codec_context is not None and source.codec_context.codec_tag in _DOLBY_VISION_TAGS
        track.codec_context.codec_tag = "dvh1" if dolby else "hvc1"
    return track


def is_transparent(stream: Stream) -> bool:
    """Whether pictures have an alpha channel beside them, as VP8 and VP9 do in Matroska and WebM."""
    return stream.metadata.get("alpha_mode") == "1"


def kind_of(stream: Stream) -> str:
    """Return what to call a stream before people."""
    if is_cover(stream):
        return "cover picture"
    kinds = {"video": "other pictures", "subtitle": "subtitles", "audio": "sound", "attachment": "attachments"}
    return kinds.get(stream.type, "data")


def left_out_note(streams: Iterable[Stream]) -> tuple[str, ...]:
    """Return a note that says which streams are not in a file that was made; none if there are none."""
    # FFmpeg discards the tracks that an MP4 keeps its chapters in.
    kinds = Counter(kind_of(stream) for stream in streams if stream.discard != Discard.all)
    listed = ", ".join(f"{count} × {kind}" for kind, count in kinds.items())
    return (f"Tracks that were left out: {listed}.",) if kinds else ()


def information(frame: VideoFrame) -> frozenset[SideDataType] | None:
    """Return which kinds of information about its showing a frame carries; None if PyAV does not know all of them."""
    try:
        return frozenset(each.type for each in cast("Iterable[SideData]", frame.side_data))
    except ValueError:  # as with the view of MV-HEVC
        return None


def lost_notes(
    before: frozenset[SideDataType] | None, written: Path, settings: Settings, job: Job, *, encoded: bool
) -> tuple[str, ...]:
    """Return a note that names what a written file no longer tells of how its pictures are to be shown.

    Args:
        before: the information that the first frame of its source carries, see `information`.
        written: the file.
        settings: the limits on the size of frames.
        job: to stop the work.
        encoded: whether frames were encoded anew: upright, and in the colours of ordinary screens.
    """
    with open_video(written, settings, job) as video:
        kept = information(video.first_frame)
    if before is None or kept is None:
        return ()
    names = _SHAPES if encoded else _SHAPES | _COLOURS
    lost = [name for kind, name in names.items() if kind in before - kept]
    return (f"Information about the pictures that was lost: {', '.join(lost)}.",) if lost else ()


class CopiedTrack:
    """A track that goes into the target as it is, from its first keyframe on.

    Pictures before the first one shown are copied too, since others may need them; an MP4's edit list hides what comes
    before zero.

    Args:
        target: where the packets go.
        source: where they come from.
        zero_seconds: the time of the source that is zero in the target.
        whole: whether there is no other way to write the track. Then sound before zero is copied, too, and times that
            do not grow are moved, up to where the clock is set back; otherwise the target's container refuses them.
    """

    def __init__(self, target: OutputContainer, source: Stream, *, zero_seconds: Fraction, whole: bool = False) -> None:
        assert source.time_base is not None  # noqa: S101  a demuxed stream always has one
        self.seconds = 0.0
        self.damaged = False
        self.source = source
        self._target = target
        self._time_base = source.time_base
        self._shift = round(zero_seconds / self._time_base)
        self._whole = whole
        self.started = False
        self._waiting: list[Packet[Any]] = []
        self._last_dts: int | None = None
        self._stream = add_copy(target, source)

    def take(self, packet: Packet[Any]) -> None:
        """Copy a packet.

        Raises:
            CannotCopyError: it does not say when it is shown.
        """
        if packet.pts is None:
            raise CannotCopyError
        early = packet.pts < self._shift and self.source.type == "audio" and not self._whole
        self.started = self.started or packet.is_keyframe
        if early or not self.started:
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
        """Copy packets that are left because they never learned when they are to be decoded."""
        shown = [packet.pts for packet in self._waiting if packet.pts is not None]
        for packet, tick in zip(self._waiting, decode_ticks(shown), strict=True):
            packet.dts = int(tick)
            self._copy(packet)

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
        if self._whole and self._last_dts is not None and packet.dts <= self._last_dts:
            if (self._last_dts - packet.dts) * self._time_base > JUMP_SECONDS:
                self.damaged = True
                return
            packet.dts = self._last_dts + 1
            packet.pts = max(packet.pts, packet.dts)
        self._last_dts = packet.dts
        self.seconds = float(packet.dts * self._time_base)
        packet.stream = self._stream
        self._target.mux_one(packet)
