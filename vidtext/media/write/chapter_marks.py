"""The video itself with chapters in it: its packets are copied, nothing is decoded for it or encoded anew."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
from av.stream import AttachmentStream

from vidtext.errors import MediaError, OptionError
from vidtext.job import Job
from vidtext.media.read.opening import OPEN_OPTIONS, is_cover, open_video
from vidtext.media.read.packets import Packets
from vidtext.media.read.probe import inspect
from vidtext.media.sandbox.guard import guarded
from vidtext.media.write.atomic_write import told_write_errors, whole_file
from vidtext.media.write.copied_track import (
    COPY_OPTIONS,
    MP4_PICTURES,
    MP4_SOUND,
    CannotCopyError,
    CopiedTrack,
    add_copy,
    codec_name,
    information,
    is_transparent,
    left_out_note,
    lost_notes,
)
from vidtext.media.write.picture_times import decode_ticks, shown_ticks
from vidtext.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from av.container import Chapter, InputContainer, OutputContainer
    from av.packet import Packet
    from av.sidedata.sidedata import Type as SideDataType
    from av.stream import Stream

    from vidtext.media.read.file_clock import FileClock

_MP4, _MKV = "mp4", "matroska"
_CONTAINERS = {".mp4": _MP4, ".mkv": _MKV}
_NAMES = {_MP4: "MP4", _MKV: "MKV"}
_OPTIONS = {
    # The index at the front, for the web; a clock of 1/90000 s, so that chapters start where their frames do.
    _MP4: COPY_OPTIONS | {"movflags": "+faststart", "movie_timescale": "90000", "avoid_negative_ts": "disabled"},
    _MKV: COPY_OPTIONS | {"avoid_negative_ts": "disabled"},
}
_CHAPTER_TICK = Fraction(1, 1_000_000)
_MP4_TITLE_BYTES = 255  # of a title in `chpl`, whose length is one byte
_HEAD_PACKETS = 1000
"""How far the file is read to find the cover and what comes before 0; it is stored within the first second."""

_COVER_TYPES = {"mjpeg": ("cover.jpg", "image/jpeg"), "png": ("cover.png", "image/png")}
"""The codecs of covers, with the names and media types of attachments that players of MKV take for one
(https://www.matroska.org/technical/attachments.html)."""


_TAG_NAME = re.compile(r"[\w.-]{1,40}")
_TECHNICAL_TAGS = {"encoder", "software", "major_brand", "minor_version", "compatible_brands", "duration"}
_NAMED_TAGS = 8


@dataclass(frozen=True)
class ChapterMark:
    """A chapter as players know it, in seconds of the video.

    Attributes:
        title: one line that is not empty.
    """

    start_seconds: float
    stop_seconds: float
    title: str

    def __post_init__(self) -> None:
        if not 0 <= self.start_seconds <= self.stop_seconds < float("inf"):
            raise ValueError(f"A chapter from {self.start_seconds!r} to {self.stop_seconds!r} s is not possible.")
        if len(self.title.strip().splitlines()) != 1:
            raise ValueError(f"A chapter needs a title of one line; got {self.title!r}.")


def chaptered_suffix(source: Path, *, settings: Settings | None = None, job: Job | None = None) -> str:
    """Return `.mp4` where MP4 has a place for all pictures and sound of a video, else `.mkv`.

    Raises:
        UnreadableMediaError: it is not a video, or no frame of it can be decoded.
        NoVideoStreamError: it holds sound or data only.
        MediaTooLargeError: its frames are larger than the settings allow.
        CancelledError: the job was stopped.
    """
    return guarded(_chaptered_suffix, source, settings=settings or Settings(), job=job or Job())


def _chaptered_suffix(source: Path, *, settings: Settings, job: Job) -> str:
    with open_video(source, settings, job) as video:
        sound = {codec_name(track) for track in video.container.streams.audio if track.codec_context is not None}
        return ".mp4" if codec_name(video.stream) in MP4_PICTURES and sound <= MP4_SOUND else ".mkv"


def write_with_chapters(
    source: Path, target: Path, marks: Sequence[ChapterMark], *, job: Job, settings: Settings | None = None
) -> tuple[str, ...]:
    """Write a video into MP4 or MKV with these chapters instead of its own, and return what is different in it.

    Pictures (the track that vidtext reads), sound, and the subtitles that the target can hold are copied packet by
    packet; the cover, and in MKV the attachments, too. What a player needs to show them goes with them: rotation, shape
    of pixels, colours and light levels, Dolby Vision's configuration, 360° and 3D layout, languages and what tracks are
    for. Tags do not: places, dates, makers and programs stay
    behind, and a note names them. What can be read of a damaged file is written.

    Args:
        source: any video that vidtext reads.
        target: ends in `.mp4` or `.mkv`; it appears when it is whole, and not at all after an error.
        marks: in order.
        job: is told "writing the video", seconds done, seconds in all, and may stop it.
        settings: the limits on the size of frames and the length.

    Raises:
        OptionError: the target ends in something else.
        UnreadableMediaError: it is not a video, or no frame of it can be decoded.
        NoVideoStreamError: it holds sound or data only.
        MediaTooLargeError: it is larger or longer than the settings allow.
        MediaError: the target cannot hold its pictures or its sound as they are.
        VidtextError: the target cannot be written.
        CancelledError: the job was stopped.
    """
    if target.suffix.lower() not in _CONTAINERS:
        raise OptionError(f"{target.name} cannot hold chapters: let its name end in .mp4 or .mkv.")
    with whole_file(target) as part:
        return guarded(_write, source, part, target, tuple(marks), settings=settings or Settings(), job=job)


def _write(
    source: Path, part: Path, target: Path, marks: Sequence[ChapterMark], *, settings: Settings, job: Job
) -> tuple[str, ...]:
    container = _CONTAINERS[target.suffix.lower()]
    plan = _plan(source, container, settings, job)
    with (
        told_write_errors(target),
        av.open(str(source), options=OPEN_OPTIONS, metadata_errors="replace") as video,
        av.open(str(part), "w", format=container, options=_OPTIONS[container], metadata_errors="replace") as written,
    ):
        copy = _Copy(plan, video, written)
        copy.write(marks, job)
    lost = lost_notes(plan.information, part, settings, job, encoded=False)
    return (*plan.notes, *copy.notes, *lost)


@dataclass(frozen=True)
class _Plan:
    """The facts about the video that its writing needs; see `shown_ticks` for those."""

    container: str
    stream_index: int
    clock: FileClock
    information: frozenset[SideDataType] | None
    duration_seconds: float
    shown_ticks: list[int | None]
    notes: tuple[str, ...]


def _plan(source: Path, container: str, settings: Settings, job: Job) -> _Plan:
    with open_video(source, settings, job) as video:
        info = inspect(video, settings)
        return _Plan(
            container=container,
            stream_index=video.stream.index,
            clock=video.clock,
            information=information(video.first_frame),
            duration_seconds=info.duration_seconds,
            shown_ticks=shown_ticks(video, job),
            notes=info.notes,
        )


class _Copy:
    """A copy in the making."""

    def __init__(self, plan: _Plan, video: InputContainer, written: OutputContainer) -> None:
        self._plan = plan
        self._video = video
        self._written = written
        self._without_times = 0
        self._shows_hidden = False
        self.notes: list[str] = []
        self._covers: list[Stream] = []
        self._attachments: list[AttachmentStream] = []
        self._kept = self._choose()

    def _choose(self) -> list[Stream]:
        """Return the streams that are copied packet by packet, and note which are left out."""
        possible = self._written.supported_codecs
        left_out = []
        kept = []
        for stream in self._video.streams:
            wanted = stream.index == self._plan.stream_index or stream.type in ("audio", "subtitle")
            if wanted and stream.codec_context is not None and stream.codec_context.codec.name in possible:
                kept.append(stream)
            elif wanted and stream.type != "subtitle" and stream.codec_context is not None:
                raise MediaError(
                    f"{_NAMES[self._plan.container]} cannot hold {codec_name(stream)} as it is. Convert the video to "
                    "H.264 and AAC in an MP4 and try again, or keep its chapters in a file of their own."
                )
            elif is_cover(stream) and codec_name(stream) in _COVER_TYPES and not self._covers:
                self._covers.append(stream)
            elif isinstance(stream, AttachmentStream) and self._plan.container == _MKV:
                self._attachments.append(stream)
            else:
                left_out.append(stream)
        if self._plan.container == _MP4 and any(map(is_transparent, kept)):
            self.notes.append("MP4 has no room for the video's transparency; it was left out.")
        self.notes += left_out_note(left_out)
        tags = sorted({name.lower() for name in self._video.metadata if _TAG_NAME.fullmatch(name)} - _TECHNICAL_TAGS)
        if tags:
            self.notes.append(f"Tags that were left out: {', '.join(tags[:_NAMED_TAGS])}.")
        return kept

    def write(self, marks: Sequence[ChapterMark], job: Job) -> None:
        """Copy all packets."""
        source = Packets(self._video, [*self._kept, *self._covers])
        packets = _without_hidden_end(source)
        head = self._head(packets)
        zero = self._zero_seconds(head)
        tracks = {
            stream.index: CopiedTrack(self._written, stream, zero_seconds=zero, whole=True) for stream in self._kept
        }
        head = self._without_cover(head)
        self._written.set_chapters(self._chapters(marks, self._plan.clock.zero_seconds - zero))
        pictures, total = tracks[self._plan.stream_index], round(self._plan.duration_seconds)
        for packet in self._timed(itertools.chain(head, packets)):
            job.report("writing the video", min(max(0, int(pictures.seconds)), total), total)
            try:
                tracks[packet.stream_index].take(packet)
            except CannotCopyError:
                self._without_times += 1
        for track in tracks.values():
            track.finish()
        if source.damaged or any(track.damaged for track in tracks.values()):
            self.notes.append("The file is damaged: what could not be read is missing from the copy.")
        if self._shows_hidden:
            self.notes.append("Frames that the file's edit list hides are shown in the copy, since others need them.")
        if self._without_times:
            self.notes.append(f"{self._without_times} packets do not say when they are shown and were left out.")
        if not pictures.started:
            raise MediaError("The video does not say when its frames are shown. Convert it to MP4 and try again.")

    def _head(self, packets: Iterator[Packet[Any]]) -> list[Packet[Any]]:
        """Read on until all pictures and sound have begun."""
        missing = {stream.index for stream in (*self._kept, *self._covers) if stream.type != "subtitle"}
        head = []
        for packet in itertools.islice(packets, _HEAD_PACKETS):
            head.append(packet)
            missing.discard(packet.stream_index)
            if not missing:
                break
        return head

    def _zero_seconds(self, head: Sequence[Packet[Any]]) -> Fraction:
        """Return the time of the source that is zero in the copy.

        What an MP4's edit list hides is before the clock's zero; its copy is an MP4 that hides it too, or an MKV, which
        has no time before zero.
        """
        zero = self._plan.clock.zero_seconds
        if self._plan.container == _MP4:
            return zero
        early = (packet for packet in head if packet.stream.type == "audio" or packet.is_discard)
        ahead = zero - min([zero, *(_seconds(packet) for packet in early)])
        time_base = self._plan.clock.time_base
        return zero - math.ceil(ahead / time_base) * time_base

    def _without_cover(self, head: Sequence[Packet[Any]]) -> list[Packet[Any]]:
        """Write the cover and the attachments, and return the packets that are left."""
        for attachment in self._attachments:
            media_type = attachment.mimetype or "application/octet-stream"
            self._written.add_attachment(attachment.name or "attachment", media_type, attachment.data or b"")
        indices = {cover.index for cover in self._covers}
        for packet in head:
            if packet.stream_index in indices:
                if self._plan.container == _MKV:
                    self._written.add_attachment(*_COVER_TYPES[codec_name(packet.stream)], bytes(packet))
                else:
                    packet.stream = add_copy(self._written, packet.stream)
                    packet.pts = packet.dts = 0
                    self._written.mux_one(packet)
        return [packet for packet in head if packet.stream_index not in indices]

    def _timed(self, packets: Iterable[Packet[Any]]) -> Iterator[Packet[Any]]:
        """Give packets the times that their container may not store, and leave out those that show nothing."""
        shown = iter(self._plan.shown_ticks)
        decoded = iter(decode_ticks([tick for tick in self._plan.shown_ticks if tick is not None]).tolist())
        for packet in packets:
            if packet.stream_index != self._plan.stream_index:
                packet.pts = packet.dts if packet.pts is None else packet.pts
                yield packet
                continue
            tick = next(shown, None)
            if tick is not None:
                packet.dts = next(decoded)
                packet.pts = max(tick, packet.dts)
                before = tick < self._plan.clock.first_tick
                self._shows_hidden |= packet.is_discard and not (before and self._plan.container == _MP4)
                yield packet

    def _chapters(self, marks: Sequence[ChapterMark], zero_seconds: Fraction) -> list[Chapter]:
        titles = [mark.title.strip().replace("\0", "�") for mark in marks]
        if self._plan.container == _MP4:
            cut = [_cut(title, _MP4_TITLE_BYTES) for title in titles]
            if cut != titles:
                self.notes.append(f"MP4 has no room for titles of more than {_MP4_TITLE_BYTES} bytes; they were cut.")
            titles = cut
        return [
            {
                "id": number,
                "start": round((Fraction(mark.start_seconds) + zero_seconds) / _CHAPTER_TICK)
                if mark.start_seconds
                else 0,
                "end": round((Fraction(mark.stop_seconds) + zero_seconds) / _CHAPTER_TICK),
                "time_base": _CHAPTER_TICK,
                "metadata": {"title": title},
            }
            for number, (mark, title) in enumerate(zip(marks, titles, strict=True), start=1)
        ]


def _without_hidden_end(packets: Iterable[Packet[Any]]) -> Iterator[Packet[Any]]:
    """Leave out the packets that an edit list hides behind the last one that is shown."""
    held: dict[int, list[Packet[Any]]] = {}
    for packet in packets:
        if packet.is_discard:
            held.setdefault(packet.stream_index, []).append(packet)
        else:
            yield from held.pop(packet.stream_index, [])
            yield packet


def _seconds(packet: Packet[Any]) -> Fraction:
    tick = packet.pts if packet.pts is not None else packet.dts
    return (tick or 0) * packet.time_base


def _cut(title: str, size_bytes: int) -> str:
    encoded = title.encode(errors="replace")
    return title if len(encoded) <= size_bytes else encoded[: size_bytes - 3].decode(errors="ignore") + "…"
