"""Parts of a video, cut out and joined into one clip."""

from __future__ import annotations

import dataclasses
import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import av
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from vidtext.clock import format_clock
from vidtext.errors import OptionError
from vidtext.media.read.opening import OPEN_OPTIONS, open_video
from vidtext.media.read.packets import Packets
from vidtext.media.read.probe import inspect
from vidtext.media.read.sampling import TimeRange
from vidtext.media.sandbox.guard import guarded
from vidtext.media.sandbox.messages import crosses_process
from vidtext.media.write.atomic_write import told_write_errors, whole_file
from vidtext.media.write.copied_track import (
    COPY_OPTIONS,
    MP4_PICTURES,
    MP4_SOUND,
    codec_name,
    information,
    left_out_note,
    lost_notes,
)
from vidtext.media.write.reel_copy import CopiedPart, CopiedPictures, CopiedSound, copied_parts
from vidtext.media.write.reel_tracks import EncodedParts, EncodedPartsSound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction
    from pathlib import Path

    from av.container import InputContainer, OutputContainer
    from av.sidedata.sidedata import Type as SideDataType

    from vidtext.job import Job
    from vidtext.media.read.file_clock import FileClock
    from vidtext.media.read.probe import VideoInfo
    from vidtext.media.read.video_file import Keyframe, VideoFile
    from vidtext.settings import Settings

_AHEAD_SECONDS = 1.0
"""How much before a part reading begins, and how long behind it sound is waited for: files store sound and pictures of
the same time up to a second apart."""

_NOTED_SECONDS = 0.0005

_JOINED_SOUND = MP4_SOUND - {"mp3"}
"""Sound that may be cut between packets. Those of MP3 refer to the ones before (ISO/IEC 11172-3, the bit reservoir)."""

_DAMAGED = "The file is damaged: what could not be read is missing from the clip."

_Track: TypeAlias = CopiedPictures | CopiedSound | EncodedParts | EncodedPartsSound


@crosses_process
@dataclass(frozen=True)
class Reel:
    """A clip that was put together.

    Attributes:
        spans: what was taken, in seconds of the video, in order.
        starts_seconds: when each of them begins in the clip.
        duration_seconds: of the clip.
        copied: whether the pictures are those of the file, and not encoded anew.
        notes: one sentence for each thing that went differently from what was asked for.
    """

    spans: tuple[TimeRange, ...]
    starts_seconds: tuple[float, ...]
    duration_seconds: float
    copied: bool
    notes: tuple[str, ...]


def write_reel(source: Path, target: Path, spans: Sequence[TimeRange], *, settings: Settings, job: Job) -> Reel:
    """Cut spans out of a video and join them into one MP4.

    Spans are put in order, and become one where they overlap. Packets are copied where MP4 can hold them and a keyframe
    lies close before each span, which then starts there; otherwise pictures become H.264 and sound becomes AAC, cut
    exactly. No tags of the video are in the clip.

    Args:
        source: any video that vidtext reads.
        target: where the MP4 is to be; it appears there when it is whole, and not at all after an error.
        spans: in seconds of the video, in any order.
        settings: how far a keyframe may be, and the largest height.
        job: is told "writing the clip", seconds done, seconds in all, and may stop it.

    Raises:
        OptionError: no span, or one that has no length or starts behind the end.
        UnreadableMediaError: it is not a video, or no frame of it can be decoded.
        NoVideoStreamError: it holds sound or data only.
        MediaTooLargeError: it is larger or longer than the settings allow.
        VidtextError: the target cannot be written.
        CancelledError: the job was stopped.
    """
    with whole_file(target) as part:
        return guarded(_write_reel, source, part, target, tuple(spans), settings=settings, job=job)


def _write_reel(
    source: Path, part: Path, target: Path, spans: Sequence[TimeRange], *, settings: Settings, job: Job
) -> Reel:
    plan = _plan(source, spans, settings, job)
    with told_write_errors(target):
        try:
            damaged = _write(source, part, plan, job)
        except av.ArgumentError:  # packets that MP4 refuses
            if not plan.parts:
                raise
            plan = plan.encoded()
            damaged = _write(source, part, plan, job)
    lost = lost_notes(plan.information, part, settings, job, encoded=not plan.parts)
    notes = (*plan.notes, *([_DAMAGED] if damaged else []), *lost)
    return Reel(plan.spans, plan.starts_seconds, plan.duration_seconds, bool(plan.parts), notes)


@dataclass(frozen=True)
class _Plan:
    """What the clip will be, and the facts about the video that its writing needs.

    Attributes:
        wanted: the spans in order, as asked for.
        parts: where they are cut out without encoding; empty if they cannot be.
    """

    wanted: tuple[TimeRange, ...]
    parts: tuple[CopiedPart, ...]
    keyframes: tuple[Keyframe, ...]
    stream_index: int
    copies_sound: bool
    size: tuple[int, int]
    rate: Fraction
    clock: FileClock
    information: frozenset[SideDataType] | None
    file_notes: tuple[str, ...]

    @property
    def spans(self) -> tuple[TimeRange, ...]:
        """What is taken."""
        return tuple(part.span for part in self.parts) or self.wanted

    @property
    def starts_seconds(self) -> tuple[float, ...]:
        """When each span begins in the clip."""
        return tuple(itertools.accumulate((span.duration_seconds for span in self.spans[:-1]), initial=0.0))

    @property
    def duration_seconds(self) -> float:
        """How long the clip is."""
        return sum(span.duration_seconds for span in self.spans)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know."""
        moved = len(self.spans) != len(self.wanted) or any(
            abs(taken.start_seconds - span.start_seconds) + abs(taken.stop_seconds - span.stop_seconds) > _NOTED_SECONDS
            for taken, span in zip(self.spans, self.wanted, strict=False)
        )
        cut = "The clip is cut where the video can be without loss, so its parts may begin earlier and end later."
        return (*self.file_notes, cut) if moved else self.file_notes

    def encoded(self) -> _Plan:
        """The same with everything encoded."""
        return dataclasses.replace(self, parts=(), copies_sound=False)


def _plan(source: Path, spans: Sequence[TimeRange], settings: Settings, job: Job) -> _Plan:
    with open_video(source, settings, job) as video:
        info = inspect(video, settings)
        wanted = _in_order(spans, info.duration_seconds)
        keyframes = video.keyframes()
        fits = codec_name(video.stream) in MP4_PICTURES and not video.counted
        parts = copied_parts(video, keyframes, wanted, snap_seconds=settings.output.reel_snap_seconds) if fits else None
        sound = video.container.streams.best("audio")
        height = min(info.height, settings.output.reel_height_pixels)
        return _Plan(
            wanted=tuple(wanted),
            parts=tuple(parts or ()),
            keyframes=tuple(keyframes),
            stream_index=video.stream.index,
            copies_sound=bool(parts) and isinstance(sound, AudioStream) and codec_name(sound) in _JOINED_SOUND,
            size=(_even(info.width * height / info.height), _even(height)),
            rate=info.frame_rate,
            clock=video.clock,
            information=information(video.first_frame),
            file_notes=_notes(video, info),
        )


def _in_order(spans: Sequence[TimeRange], duration_seconds: float) -> list[TimeRange]:
    """Return the spans in order, within the video and without overlap."""
    if not spans:
        raise OptionError("No part of the video was named; a clip needs at least one.")
    merged: list[TimeRange] = []
    for span in sorted(spans, key=lambda span: span.start_seconds):
        stop = min(span.stop_seconds, duration_seconds)
        if not span.start_seconds < stop:
            raise OptionError(
                f"{format_clock(span.start_seconds)} to {format_clock(span.stop_seconds)} is not a part of the video, "
                f"which is {format_clock(duration_seconds)} long."
            )
        if merged and span.start_seconds < merged[-1].stop_seconds:
            merged[-1] = TimeRange(merged[-1].start_seconds, max(stop, merged[-1].stop_seconds))
        else:
            merged.append(TimeRange(span.start_seconds, stop))
    return merged


def _notes(video: VideoFile, info: VideoInfo) -> tuple[str, ...]:
    tracks = len(video.container.streams.audio)
    one_of = (f"The clip has one of {tracks} sound tracks.",) if tracks > 1 else ()
    others = [each for each in video.container.streams if each.type != "audio" and each.index != video.stream.index]
    return (*info.notes, *one_of, *left_out_note(others))


def _even(pixels: float) -> int:
    """Round to a whole number of chroma samples, which 4:2:0 has one of for each two pixels."""
    return max(2, round(pixels / 2) * 2)


def _write(path: Path, part: Path, plan: _Plan, job: Job) -> bool:
    """Write the clip, and return whether the file proved to be damaged."""
    total = math.ceil(plan.duration_seconds)
    with (
        av.open(str(path), options=OPEN_OPTIONS, metadata_errors="replace") as source,
        av.open(str(part), "w", format="mp4", options=COPY_OPTIONS | {"movflags": "+faststart"}) as target,
    ):
        pictures, sound = _picture_track(target, source, plan), _sound_track(target, source, plan)
        tracks: dict[int, _Track] = {track.source.index: track for track in (pictures, sound) if track is not None}
        damaged = False
        for index, span in enumerate(plan.spans):
            _go_to(source, index, plan, list(tracks.values()))
            packets = Packets(source, [track.source for track in tracks.values()])
            read = span.start_seconds
            for packet in packets:
                done = min(max(0.0, read - span.start_seconds), span.duration_seconds)
                job.report("writing the clip", int(plan.starts_seconds[index] + done), total)
                if packet.stream_index == plan.stream_index and packet.dts is not None:
                    read = plan.clock.seconds(packet.dts)
                tracks[packet.stream_index].take(packet)
                heard = sound is None or sound.is_past(span.stop_seconds) or read > span.stop_seconds + _AHEAD_SECONDS
                if heard and pictures.is_past(span.stop_seconds):
                    break
            damaged |= packets.damaged
        for track in tracks.values():
            track.finish()
        return damaged or any(track.damaged for track in tracks.values())


def _go_to(source: InputContainer, index: int, plan: _Plan, tracks: Sequence[_Track]) -> None:
    """Get ready to read a span: seek well before it, unless that is where reading goes on anyway."""
    latest = plan.spans[index].start_seconds - _AHEAD_SECONDS
    before = [key for key in plan.keyframes if plan.clock.seconds(key.tick) <= latest]
    if plan.parts and index and not before:
        before = list(plan.keyframes[:1])
    reached = plan.spans[index - 1].stop_seconds + _AHEAD_SECONDS if index else 0.0
    if before and (plan.parts or plan.clock.seconds(before[-1].tick) > reached):
        source.seek(before[-1].seek_tick, stream=source.streams[plan.stream_index])
        for track in tracks:
            track.restart(index)


def _picture_track(target: OutputContainer, source: InputContainer, plan: _Plan) -> CopiedPictures | EncodedParts:
    stream = source.streams[plan.stream_index]
    assert isinstance(stream, VideoStream)  # noqa: S101  the plan was made for it
    if plan.parts:
        return CopiedPictures(target, stream, plan.parts, plan.starts_seconds)
    return EncodedParts(
        target,
        stream,
        plan.spans,
        plan.starts_seconds,
        width=plan.size[0],
        height=plan.size[1],
        rate=plan.rate,
        clock=plan.clock,
    )


def _sound_track(
    target: OutputContainer, source: InputContainer, plan: _Plan
) -> CopiedSound | EncodedPartsSound | None:
    stream = source.streams.best("audio")
    if not isinstance(stream, AudioStream) or stream.codec_context is None:
        return None
    kind = CopiedSound if plan.copies_sound else EncodedPartsSound
    return kind(target, stream, plan.spans, plan.starts_seconds, clock=plan.clock)
