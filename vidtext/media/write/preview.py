"""Something a browser can play: which files are, and a quick MP4 of those that are not."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import av
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from vidtext.job import Job
from vidtext.media.read.opening import OPEN_OPTIONS, is_shown_by_players, open_video
from vidtext.media.read.packets import Packets
from vidtext.media.read.probe import inspect
from vidtext.media.sandbox.guard import guarded
from vidtext.media.write.atomic_write import told_write_errors, whole_file
from vidtext.media.write.copied_track import COPY_OPTIONS, CannotCopyError, CopiedTrack
from vidtext.media.write.preview_tracks import EncodedPictures, EncodedSound
from vidtext.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from av.container import InputContainer, OutputContainer

    from vidtext.media.read.file_clock import FileClock
    from vidtext.media.read.video_file import VideoFile

_8_BIT_420 = frozenset({"yuv420p", "yuvj420p"})
_MP4_SUFFIXES = frozenset({".mp4", ".m4v", ".mov"})
_MP4_PICTURES = frozenset({"h264", "av1", "libdav1d"})
_MP4_SOUND = frozenset({"aac", "mp3", "mp3float"})
_WEBM_PICTURES = frozenset({"vp8", "libvpx", "vp9", "libvpx-vp9", "av1", "libdav1d"})
_WEBM_SOUND = frozenset({"opus", "libopus", "vorbis", "libvorbis"})
_EBML_HEAD_BYTES = 64  # holds the document type: "webm" or "matroska"
_TIMED_CONTAINERS = ("mov", "matroska", "flv")  # their packets of sound have times and no headers of their own
_DAMAGED = "The file is damaged: what could not be decoded is missing from the preview."


def plays_in_browsers(path: Path, *, settings: Settings | None = None, job: Job | None = None) -> bool:
    """Whether Chromium, Firefox and Safari all play the file, at the times that vidtext counts.

    True for H.264 or AV1 with AAC or MP3 in MP4 or MOV, and for VP8, VP9 or AV1 with Opus or Vorbis in WebM, with
    8-bit 4:2:0 pictures, under a name that tells the container. False where in doubt; for a file whose container starts
    late, since browsers do not subtract that (see `FileClock`); and where a player would show another picture track
    than the one that vidtext reads.

    Raises:
        UnreadableMediaError: it is not a video, or no frame of it can be decoded.
        NoVideoStreamError: it holds sound or data only.
        MediaTooLargeError: its frames are larger than the settings allow.
        CancelledError: the job was stopped.
    """
    return guarded(_plays_in_browsers, path, settings=settings or Settings(), job=job or Job())


def _plays_in_browsers(path: Path, *, settings: Settings, job: Job) -> bool:
    with open_video(path, settings, job) as video:
        if video.first_frame.format.name not in _8_BIT_420 or not _is_counted_from_zero(video):
            return False
        if not is_shown_by_players(video):
            return False
        pictures, sound = _playable_codecs(video)
        tracks = video.container.streams.audio
        return video.stream.codec_context.name in pictures and all(_codec_name(track) in sound for track in tracks)


def make_preview(
    path: Path, destination: Path, *, settings: Settings | None = None, job: Job | None = None
) -> tuple[str, ...]:
    """Write an MP4 that browsers play, and return what is different in it, a sentence each.

    Each frame is shown when vidtext says that it is shown. H.264 and AAC or MP3 are copied;
    other pictures become small H.264 with fewer frames, other sound becomes AAC. What can be decoded of a damaged file
    is in it.

    Args:
        path: any video that vidtext reads.
        destination: where the MP4 is to be; it appears there when it is whole, and not at all after an error.
        settings: the height, and how many seconds at most.
        job: is told "making the preview", seconds done, seconds in all, and may stop it.

    Raises:
        UnreadableMediaError: it is not a video, or no frame of it can be decoded.
        NoVideoStreamError: it holds sound or data only.
        MediaTooLargeError: it is larger or longer than the settings allow.
        CancelledError: the job was stopped.
    """
    with whole_file(destination) as part:
        return guarded(_make_preview, path, part, destination, settings=settings or Settings(), job=job or Job())


def _make_preview(path: Path, part: Path, destination: Path, *, settings: Settings, job: Job) -> tuple[str, ...]:
    plan, notes = _plan(path, settings, job)
    with told_write_errors(destination):
        try:
            damaged = _write(path, part, plan, job)
        except (av.FFmpegError, CannotCopyError):
            if not (plan.copies_pictures or plan.copies_sound):
                raise
            decoded = dataclasses.replace(plan, copies_pictures=False, copies_sound=False)
            damaged = _write(path, part, decoded, job)
    return (*notes, _DAMAGED) if damaged else notes


@dataclass(frozen=True)
class _Plan:
    """What the preview will be: the facts about the video that its writing needs."""

    stream_index: int
    copies_pictures: bool
    copies_sound: bool
    width: int
    height: int
    clock: FileClock
    stop_seconds: float


def _plan(path: Path, settings: Settings, job: Job) -> tuple[_Plan, tuple[str, ...]]:
    """Return the plan, and a note if it leaves a part of the video out."""
    with open_video(path, settings, job) as video:
        info = inspect(video, settings)
        height = min(info.height, settings.output.preview_height_pixels)
        plan = _Plan(
            stream_index=video.stream.index,
            copies_pictures=_can_copy_pictures(video),
            copies_sound=_can_copy_sound(video),
            width=_even(info.width * height / info.height),
            height=_even(height),
            clock=video.clock,
            stop_seconds=min(info.duration_seconds or math.inf, settings.output.preview_max_seconds),
        )
    if info.duration_seconds <= settings.output.preview_max_seconds:
        return plan, ()
    return plan, (f"The preview shows the first {plan.stop_seconds / 60:g} minutes.",)


def _even(pixels: float) -> int:
    """Round to a whole number of chroma samples, which 4:2:0 has one of for each two pixels."""
    return max(2, round(pixels / 2) * 2)


def _is_counted_from_zero(video: VideoFile) -> bool:
    """Whether a browser, which does not subtract the container's start, shows times that are less than a frame off."""
    return abs(video.clock.zero_seconds) * (video.stream.average_rate or 1) < 1


def _can_copy_pictures(video: VideoFile) -> bool:
    """Whether an MP4 can take the pictures as they are."""
    stream = video.stream
    return (
        stream.codec_context.name == "h264"
        and video.first_frame.format.name in _8_BIT_420
        and video.format_name != "avi"  # has no times of its own
        # The shape of the pixels is copied with the codec's parameters, not where the container alone gives it.
        and (stream.sample_aspect_ratio or 1) == (stream.codec_context.sample_aspect_ratio or 1)
    )


def _can_copy_sound(video: VideoFile) -> bool:
    """Whether an MP4 can take the sound as it is."""
    track = video.container.streams.best("audio")
    return (
        isinstance(track, AudioStream) and _codec_name(track) in _MP4_SOUND and video.format_name in _TIMED_CONTAINERS
    )


def _playable_codecs(video: VideoFile) -> tuple[frozenset[str], frozenset[str]]:
    """Return the codecs of pictures and of sound that browsers play in the file's container."""
    suffix = video.path.suffix.lower()
    if video.format_name == "mov" and suffix in _MP4_SUFFIXES:
        return _MP4_PICTURES, _MP4_SOUND
    if video.format_name == "matroska" and suffix == ".webm":
        with video.path.open("rb") as file:
            if b"webm" in file.read(_EBML_HEAD_BYTES):
                return _WEBM_PICTURES, _WEBM_SOUND
    return frozenset(), frozenset()


def _codec_name(track: AudioStream) -> str:
    return track.codec_context.name if track.codec_context is not None else "unknown"


def _write(path: Path, part: Path, plan: _Plan, job: Job) -> bool:
    """Write the preview, and return whether the file proved to be damaged."""
    total = math.ceil(plan.stop_seconds)
    with (
        av.open(str(path), options=OPEN_OPTIONS, metadata_errors="replace") as source,
        av.open(str(part), "w", format="mp4", options=COPY_OPTIONS | {"movflags": "+faststart"}) as target,
    ):
        pictures = _picture_track(target, source, plan)
        sound = _sound_track(target, source, plan)
        tracks = {track.source.index: track for track in (pictures, sound) if track is not None}
        packets = Packets(source, [track.source for track in tracks.values()])
        for packet in packets:
            job.report("making the preview", min(int(pictures.seconds), total), total)
            tracks[packet.stream_index].take(packet)
            if pictures.seconds >= plan.stop_seconds:
                break  # the sound that comes after it goes with pictures that are not shown
        for track in tracks.values():
            track.finish()
        return packets.damaged or any(track.damaged for track in tracks.values())


def _picture_track(target: OutputContainer, source: InputContainer, plan: _Plan) -> CopiedTrack | EncodedPictures:
    stream = source.streams[plan.stream_index]
    assert isinstance(stream, VideoStream)  # noqa: S101  the plan was made for it
    if plan.copies_pictures:
        return CopiedTrack(target, stream, zero_seconds=plan.clock.zero_seconds)
    return EncodedPictures(
        target,
        stream,
        width=plan.width,
        height=plan.height,
        clock=plan.clock,
        stop_seconds=plan.stop_seconds,
    )


def _sound_track(target: OutputContainer, source: InputContainer, plan: _Plan) -> CopiedTrack | EncodedSound | None:
    stream = source.streams.best("audio")
    if not isinstance(stream, AudioStream) or stream.codec_context is None:
        return None
    if plan.copies_sound:
        return CopiedTrack(target, stream, zero_seconds=plan.clock.zero_seconds)
    return EncodedSound(target, stream, plan.clock)
