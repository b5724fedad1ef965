"""Opening a video: which containers are read, which stream is the picture, and whether it can be decoded at all."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import av
from av.codec.context import Flags
from av.stream import Disposition

from vidtext.errors import MediaTooLargeError, NoVideoStreamError, UnreadableMediaError
from vidtext.job import Job
from vidtext.media.read.file_clock import clock_of
from vidtext.media.read.packets import demux
from vidtext.media.read.video_file import VideoFile
from vidtext.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

CONTAINERS = "mov,matroska,avi,flv,mpegts,mpeg,ogg,gif,asf,mxf,dv,ivf,nut,rm"
"""FFmpeg's names of the containers that are opened. Playlists (hls, concat, dash) are not among them: they name other
files and addresses, which an upload must never do. Single images and raw streams without times are not videos."""

OPEN_OPTIONS = {"format_whitelist": CONTAINERS, "protocol_whitelist": "file"}
"""How anything that somebody gave is opened."""

_MOST_ERRORS = 1000
"""A stream in which so many packets cannot be decoded has no first frame."""

DECODER_THREADS = 4
"""Frame threads in the decoder. More of them decode no faster at the few frames behind each seek, and each one delays
the first frame after it by one."""


@contextmanager
def open_video(path: Path, settings: Settings | None = None, job: Job | None = None) -> Iterator[VideoFile]:
    """Open a video file and decode its first frame.

    Raises:
        UnreadableMediaError: it is not a video, its codec is not known, or no frame of it can be decoded.
        NoVideoStreamError: it holds sound or data only.
        MediaTooLargeError: its frames have more pixels than the settings allow; none is decoded then.
    """
    # The log level of FFmpeg stays as it is: with frame threads, a damaged stream and PyAV's logging, freeing the
    # container can wait for ever.
    try:
        container = av.open(str(path), options=OPEN_OPTIONS, metadata_errors="replace")
    except av.FFmpegError as error:
        raise UnreadableMediaError(_why_not(path, error)) from error
    with container:
        stream = _picture_stream(container)
        if stream.codec_context is None:
            raise UnreadableMediaError(
                "The video's codec is not known here. Convert it to H.264, HEVC, VP9 or AV1 and try again."
            )
        _refuse_large_frames(stream, (settings or Settings()).limits.max_frame_pixels)
        stream.codec_context.thread_type = "AUTO"
        stream.codec_context.thread_count = DECODER_THREADS
        job = job or Job()
        first_frame, decode_ticks = _first_frame(container, stream, job)
        clock = clock_of(container, stream, first_frame, decode_ticks)
        yield VideoFile(path, container, stream, clock, first_frame, job)


def moving_tracks(container: InputContainer) -> list[VideoStream]:
    """Return the picture tracks that are not the cover."""
    return [stream for stream in container.streams.video if not is_cover(stream)]


def is_cover(stream: Stream) -> bool:
    """Whether a stream is the picture of a medium, and not a video."""
    return stream.type == "video" and bool(stream.disposition & Disposition.attached_pic)


def is_shown_by_players(video: VideoFile) -> bool:
    """Whether the track that is read is the first one, which browsers show; FFmpeg takes the largest."""
    return video.stream.index == moving_tracks(video.container)[0].index


def _refuse_large_frames(stream: VideoStream, max_pixels: int) -> None:
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > max_pixels:
        raise MediaTooLargeError(
            f"The video's frames have {width}×{height} pixels; up to {max_pixels:,} pixels a frame are allowed. "
            "Make it smaller and try again."
        )
    if width * height == 0:  # so FFmpeg reports what is missing, and what is above its own 268 million pixels
        raise UnreadableMediaError(
            f"The header names no frame size, or one far above the {max_pixels:,} pixels that are allowed. "
            "Export the video again, or make it smaller."
        )
    stream.codec_context.options = {"max_pixels": str(max_pixels)}  # frames may grow behind the header


def _why_not(path: Path, error: av.FFmpegError) -> str:
    if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError):
        return f"{path.name} cannot be opened: {error.strerror}."
    if path.stat().st_size == 0:
        return f"{path.name} is empty (0 bytes). Choose another file, or export the video again."
    return (
        f"{path.name} is not a video that can be read: it is another kind of file, or damaged or cut off before its "
        "first frame. MP4, MOV, MKV, WebM, AVI, FLV, MPEG, OGG and GIF can be read."
    )


def _picture_stream(container: InputContainer) -> VideoStream:
    moving = moving_tracks(container)
    best = container.streams.best("video")
    if not container.streams:
        raise UnreadableMediaError(
            "The file is damaged or cut off: nothing of what it holds can be found. Export or download it again."
        )
    if not moving or best is None:
        kinds = ", ".join(sorted({stream.type for stream in container.streams}))
        raise NoVideoStreamError(f"The file holds no pictures ({kinds} only). Choose a file with a video in it.")
    return best if best in moving else moving[0]


def _first_frame(container: InputContainer, stream: VideoStream, job: Job) -> tuple[VideoFrame, list[int]]:
    """Return the first frame that can be decoded, and the decode times of the packets from its own one on."""
    errors = 0
    ticks: list[int] = []
    stream.codec_context.flags |= Flags.copy_opaque
    packets = demux(container, [stream])
    packet: Packet[VideoStream] | None = None
    while errors <= _MOST_ERRORS:
        job.check()
        try:
            packet = next(packets, None)
            if packet is not None and packet.dts is not None:
                packet.opaque = len(ticks)
                ticks.append(packet.dts)
            for frame in stream.codec_context.decode(packet):  # None: what the decoder still holds
                return frame, ticks[frame.opaque :] if isinstance(frame.opaque, int) else []
        except av.FFmpegError:
            errors += 1
        if packet is None:
            break
    raise UnreadableMediaError(
        "No frame of the video can be decoded: the file is damaged or cut off before its first frame. "
        "Export or download it again."
    )
