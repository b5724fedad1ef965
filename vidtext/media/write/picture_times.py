"""When the packets of a picture track are decoded and shown, for files that store it wholly, in part, or not at all."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import av
import numpy as np
from av.codec.context import Flags
from av.video.stream import VideoStream

from vidtext.media.read.file_clock import FrameTicks
from vidtext.media.read.opening import DECODER_THREADS, OPEN_OPTIONS
from vidtext.media.read.packets import Packets
from vidtext.media.read.video_file import JUMP_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vidtext.job import Job
    from vidtext.media.read.video_file import VideoFile


def shown_ticks(video: VideoFile, job: Job) -> list[int | None]:
    """Return for each picture packet of a file when it is shown, in ticks of the track's clock.

    None stands for a packet that shows nothing: it has no time, comes before the first frame and cannot be decoded, or
    comes after the clock was set back.
    """
    if video.counted:
        return _counted_ticks(video, job)
    latest: int | None = None
    jump = int(JUMP_SECONDS / video.time_base)
    ticks: list[int | None] = []
    with av.open(str(video.path), options=OPEN_OPTIONS, metadata_errors="replace") as container:
        stream = container.streams[video.stream.index]
        reorders = bool(video.stream.codec_context.has_b_frames)
        for packet in Packets(container, [stream]):
            job.check()
            tick = packet.dts if packet.pts is None and not reorders else packet.pts
            # The first pictures of a recording may refer to ones before it; nothing that is shown refers to them.
            if tick is not None and tick < video.first_tick and not packet.is_discard:
                tick = None
            if packet.dts is not None:  # packets are stored in the order of decoding, so only this time never goes back
                if latest is not None and latest - packet.dts > jump:
                    break
                latest = packet.dts
            ticks.append(tick)
    return ticks


def decode_ticks(shown: Sequence[int]) -> NDArray[np.int64]:
    """Return when to decode packets that are shown at given ticks: always later, and no later than they are shown.

    Packets that are shown at the same tick, as VP9's hidden ones are, come a tick after each other.
    """
    ticks = np.asarray(shown, np.int64)
    in_order = np.sort(ticks)
    if len(ticks):
        in_order -= np.max(in_order - ticks)
    steps = np.arange(len(ticks))
    return np.maximum.accumulate(in_order - steps) + steps


def _counted_ticks(video: VideoFile, job: Job) -> list[int | None]:
    """Decode all frames for when they are shown, and tell which packet each came from."""
    shown: list[int | None] = []
    ticks = FrameTicks(video.clock)
    with av.open(str(video.path), options=OPEN_OPTIONS, metadata_errors="replace") as container:
        stream = container.streams[video.stream.index]
        assert isinstance(stream, VideoStream)  # noqa: S101  it was opened as one
        decoder = stream.codec_context
        decoder.thread_type, decoder.thread_count = "AUTO", DECODER_THREADS
        decoder.flags |= Flags.copy_opaque
        for packet in itertools.chain(Packets(container, [stream]), [None]):  # None: what the decoder still holds
            job.check()
            if packet is not None:
                packet.opaque = len(shown)
                shown.append(None)
            try:
                frames = decoder.decode(packet)
            except av.FFmpegError:
                continue
            for frame in frames:
                assert isinstance(frame.opaque, int)  # noqa: S101  set above
                shown[frame.opaque] = ticks.of(frame)
    return shown
