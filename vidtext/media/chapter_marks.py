"""The video itself with chapters in it: its packets are copied, nothing is decoded for it or encoded anew."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
from av.stream import Discard, Disposition
from av.video.stream import VideoStream

from vidtext.errors import MediaError, OptionError
from vidtext.job import Job
from vidtext.media.copied_track import MP4_PICTURES, MP4_SOUND, CannotCopyError, CopiedTrack, codec_name
from vidtext.media.guard import guarded
from vidtext.media.opening import OPEN_OPTIONS, open_video
from vidtext.media.packets import Packets
from vidtext.media.picture_times import decode_ticks, shown_ticks
from vidtext.media.probe import inspect
from vidtext.media.whole_file import told_write_errors, whole_file
from vidtext.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from av.container import Chapter, InputContainer, OutputContainer
    from av.packet import Packet
    from av.stream import Stream


_MP4, _MKV = "mp4", "matroska"
_CONTAINERS = {".mp4": _MP4, ".mkv": _MKV}
_NAMES = {_MP4: "MP4", _MKV: "MKV"}
_OPTIONS = {
    # The index at the front, for the web; a clock of 1/90000 s, so that chapters start where their frames do.
    _MP4: {"movflags": "+faststart", "movie_timescale": "90000", "avoid_negative_ts": "disabled"},
    _MKV: {"avoid_negative_ts": "disabled"},  # times stay where `_zero_seconds` puts them
}
_CHAPTER_TICK = Fraction(1, 1_000_000)
_MP4_TITLE_BYTES = 255  # of a title in `chpl`, whose length is one byte
_HEAD_PACKETS = 1000
"""How far the file is read to find the start of each track; they start within a second of each other."""


@dataclass(frozen=True)
class ChapterMark:
    """A chapter as players know it; times count from the first frame that is shown.

    Attributes:
        title: one line that is not empty.
    """

    start_seconds: float
    stop_seconds: float
    title: str

    def __post_init__(self) -> None:
        if not 0 <= self.start_seconds <= self.stop_seconds < float("inf"):
            raise OptionError(f"A chapter from {self.start_seconds!r} to {self.stop_seconds!r} s is not possible.")
        if len(self.title.strip().splitlines()) != 1:
            raise OptionError(f"A chapter needs a title of one line; got {self.title!r}.")


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
    packet. Tags are not: places, dates, makers and programs stay behind; only languages go with their tracks. What can
    be read of a damaged file is written.

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
    return (*plan.notes, *copy.notes)


@dataclass(frozen=True)
class _Plan:
    """The facts about the video that its writing needs; see `shown_ticks` for the last one but the notes."""

    container: str
    stream_index: int
    time_base: Fraction
    first_seconds: Fraction
    duration_seconds: float
    shown_ticks: list[int | None]
    notes: tuple[str, ...]


def _plan(source: Path, container: str, settings: Settings, job: Job) -> _Plan:
    with open_video(source, settings, job) as video:
        info = inspect(video, settings)
        return _Plan(
            container=container,
            stream_index=video.stream.index,
            time_base=video.time_base,
            first_seconds=video.first_tick * video.time_base,
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
        self._kept = self._choose()

    def _choose(self) -> list[Stream]:
        """Return the streams that are copied, and note which are not."""
        possible = self._written.supported_codecs
        left_out: Counter[str] = Counter()
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
            elif stream.discard != Discard.all:  # so FFmpeg marks the chapters that an MP4 keeps in a track
                left_out[_kind(stream)] += 1
        if left_out:
            told = ", ".join(f"{count} × {kind}" for kind, count in left_out.items())
            self.notes.append(f"Tracks that were left out: {told}.")
        return kept

    def write(self, marks: Sequence[ChapterMark], job: Job) -> None:
        """Copy all packets."""
        source = Packets(self._video, self._kept)
        packets = _without_hidden_end(source)
        head = self._head(packets)
        zero = self._zero_seconds(head)
        tracks = {
            stream.index: CopiedTrack(self._written, stream, zero_seconds=zero, whole=True) for stream in self._kept
        }
        self._written.set_chapters(self._chapters(marks, self._plan.first_seconds - zero))
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
        missing = {stream.index for stream in self._kept if stream.type != "subtitle"}
        head = []
        for packet in itertools.islice(packets, _HEAD_PACKETS):
            head.append(packet)
            missing.discard(packet.stream_index)
            if not missing:
                break
        return head

    def _zero_seconds(self, head: Sequence[Packet[Any]]) -> Fraction:
        """Return the time of the source that is zero in the copy, so that nothing which is to be seen comes before it.

        An MP4's edit list hides what comes before zero, as the source's did. MKV has no time before zero.
        """
        first = self._plan.first_seconds
        hides = any(packet.is_discard for packet in head if packet.stream_index == self._plan.stream_index)
        if self._plan.container == _MP4:
            if hides:
                return first
            early = [packet for packet in head if packet.stream.type == "audio" and not packet.is_discard]
        else:
            early = [packet for packet in head if packet.stream.type == "audio" or packet.is_discard]
        ahead = first - min([first, *(_seconds(packet) for packet in early)])
        return first - math.ceil(ahead / self._plan.time_base) * self._plan.time_base

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
                before = tick * self._plan.time_base < self._plan.first_seconds
                self._shows_hidden |= packet.is_discard and not (before and self._plan.container == _MP4)
                yield packet

    def _chapters(self, marks: Sequence[ChapterMark], first_seconds: Fraction) -> list[Chapter]:
        titles = [mark.title.strip().replace("\0", "�") for mark in marks]
        if self._plan.container == _MP4:
            cut = [_cut(title, _MP4_TITLE_BYTES) for title in titles]
            if cut != titles:
                self.notes.append(f"MP4 has no room for titles of more than {_MP4_TITLE_BYTES} bytes; they were cut.")
            titles = cut
        return [
            {
                "id": number,
                # What is heard before the first frame belongs to the first chapter.
                "start": round((Fraction(mark.start_seconds) + first_seconds) / _CHAPTER_TICK)
                if mark.start_seconds
                else 0,
                "end": round((Fraction(mark.stop_seconds) + first_seconds) / _CHAPTER_TICK),
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


def _kind(stream: Stream) -> str:
    if isinstance(stream, VideoStream) and stream.disposition & Disposition.attached_pic:
        return "cover picture"
    kinds = {"video": "other pictures", "subtitle": "subtitles", "audio": "unknown sound", "attachment": "attachment"}
    return kinds.get(stream.type, "data")


def _cut(title: str, size_bytes: int) -> str:
    encoded = title.encode(errors="replace")
    return title if len(encoded) <= size_bytes else encoded[: size_bytes - 3].decode(errors="ignore") + "…"
