"""Frames for wanted times: decoded once, as little as possible, and already small when they leave this room.

All three ways to snap are one mechanism. Wanted times become ticks of the stream; `keyframe` and `auto` move ticks onto
keyframes; then the ticks are divided into runs, each of which starts at a keyframe and decodes forward. Within a run,
frames that nothing else refers to are decoded only where they are wanted.
"""

from __future__ import annotations

import bisect
import itertools
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import av

from vidtext.clock import format_clock
from vidtext.errors import OptionError
from vidtext.media.read.file_clock import FrameTicks, tick_of
from vidtext.media.read.picture import to_picture
from vidtext.media.sandbox.messages import crosses_process

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    import numpy as np
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

    from vidtext.job import Job
    from vidtext.media.read.video_file import Keyframe, VideoFile

Snap = Literal["exact", "keyframe", "auto"]
SNAPS: tuple[Snap, ...] = ("exact", "keyframe", "auto")

AUTO_SNAP_FRACTION = 0.05
"""`snap="auto"` takes a keyframe that lies within this part of the gap to the neighbouring wanted times: a shift that
the eye does not notice in a strip of frames, for the price of one decoded frame."""

SEEK_COST_SECONDS = 0.5
"""A seek empties the decoder and fills it again, which costs about as much as decoding this much video; a keyframe
nearer than that is reached faster by going on."""

LOOKAHEAD_PACKETS = 32
"""Packets that are read before one is decoded, to know which frame follows it on screen: twice the 16 frames that
H.264, HEVC and VVC may reorder."""

LATE_SECONDS = 0.5
"""How long after the last decoded frame a wanted time may lie before the person is told that frames are missing: some
containers do not say how long their last frame is shown."""


@crosses_process
@dataclass(frozen=True)
class Picture:
    """One decoded frame for one wanted time: `(H, W, 3)` uint8 RGB, upright, and when it is really shown."""

    pixels: NDArray[np.uint8]
    seconds: float


@dataclass(frozen=True)
class Run:
    """Wanted ticks that are decoded in one go, and the keyframe to start at (None: the start of the file).

    `again` marks a run that was planned before, with a keyframe that lay behind its first tick.
    """

    keyframe: Keyframe | None
    ticks: tuple[int, ...]
    again: bool = False

    @property
    def seek_tick(self) -> int | None:
        """Where to seek to, None for the start of the file."""
        return self.keyframe.seek_tick if self.keyframe else None


def decode(
    video: VideoFile, seconds: Sequence[float], *, width: int, height: int, snap: Snap, job: Job
) -> Generator[Picture, None, None]:
    """Yield one picture for each wanted time, in order, as soon as it is decoded.

    Args:
        video: an open video.
        seconds: wanted times, not decreasing; before the first frame it is the first frame that is given.
        width: width of the pictures in pixels, as displayed.
        height: height of the pictures in pixels, as displayed.
        snap: `exact` gives the frame on screen at that time, `keyframe` the nearest keyframe, `auto` a keyframe where
            it is within `AUTO_SNAP_FRACTION` of the gap between wanted times and the exact frame elsewhere.
        job: is checked at every packet.

    Damaged packets are left out; the frame before stands in for one that cannot be decoded, and `video.notes` says so.

    Raises:
        OptionError: `snap` is not one of these.
        CancelledError: the job was stopped.
    """
    if snap not in SNAPS:
        raise OptionError(f"snap={snap!r} is not known. Choose one of {', '.join(SNAPS)}.")
    ticks = [video.tick(time) for time in seconds]
    one_start = len(ticks) == 1 and ticks[0] == video.first_tick
    keyframes = [] if one_start else video.keyframes()
    if snap != "exact" and keyframes:
        keyframes = _settled_near(video, keyframes, ticks)
        ticks = snapped(ticks, keyframes, fraction=AUTO_SNAP_FRACTION if snap == "auto" else None)
    runs = deque(plan_runs(ticks, keyframes, seek_cost_ticks=int(SEEK_COST_SECONDS / video.time_base)))
    latest = 0.0
    while runs:
        run = runs.popleft()
        try:
            for picture in _decode_run(video, run, (width, height), job):
                latest = max(latest, picture.seconds)
                yield Picture(picture.pixels, latest)
        except _LandedLateError:
            runs = _runs_from_earlier(run, runs, keyframes)


def _settled_near(video: VideoFile, keyframes: Sequence[Keyframe], ticks: Sequence[int]) -> list[Keyframe]:
    """Return the keyframes that ticks may be moved onto, with their exact times."""
    places = [keyframe.tick for keyframe in keyframes]
    around = {bisect.bisect_left(places, tick) + step for tick in ticks for step in (-2, -1, 0, 1)}
    chosen = [video.settled(keyframes[index]) for index in sorted(around) if 0 <= index < len(keyframes)]
    return sorted(chosen, key=lambda keyframe: keyframe.tick)


def _runs_from_earlier(run: Run, later: deque[Run], keyframes: Sequence[Keyframe]) -> deque[Run]:
    """Plan again for a run whose seek led behind its first tick.

    The keyframe before is tried first. When that does not help either, the index cannot be trusted: then one pass from
    the start serves all ticks that are left.
    """
    before = next((each for each in reversed(keyframes) if run.keyframe and each.tick < run.keyframe.tick), None)
    if before is not None and not run.again:
        return deque([Run(before, run.ticks, again=True), *later])
    return deque([Run(None, (*run.ticks, *(tick for other in later for tick in other.ticks)))])


def snapped(ticks: Sequence[int], keyframes: Sequence[Keyframe], *, fraction: float | None) -> list[int]:
    """Move ticks onto their nearest keyframes; with a `fraction`, only those that are so near relative to their gap."""
    places = [keyframe.tick for keyframe in keyframes]
    moved = []
    for index, tick in enumerate(ticks):
        nearest = _nearest(places, tick)
        around = [abs(ticks[other] - tick) for other in (index - 1, index + 1) if 0 <= other < len(ticks)]
        near_enough = fraction is None or abs(nearest - tick) <= fraction * min(around, default=0)
        moved.append(nearest if near_enough else tick)
    return sorted(moved)


def plan_runs(ticks: Sequence[int], keyframes: Sequence[Keyframe], *, seek_cost_ticks: int) -> list[Run]:
    """Divide wanted ticks into runs: a new one wherever seeking to a keyframe skips more than the seek costs."""
    places = [keyframe.tick for keyframe in keyframes]
    runs: list[tuple[Keyframe | None, list[int]]] = []
    position: int | None = None
    for tick in ticks:
        before = bisect.bisect_right(places, tick) - 1
        keyframe = keyframes[before] if before >= 0 else None
        far = keyframe is not None and (position is None or keyframe.tick - position > seek_cost_ticks)
        if not runs or far:
            runs.append((keyframe, []))
        runs[-1][1].append(tick)
        position = tick
    return [Run(keyframe, tuple(wanted)) for keyframe, wanted in runs]


def _nearest(places: Sequence[int], tick: int) -> int:
    index = bisect.bisect_left(places, tick)
    return min(places[max(0, index - 1) : index + 1], key=lambda place: abs(place - tick))


class _LandedLateError(Exception):
    """The seek led behind the wanted time, or the keyframe there cannot be decoded."""


@dataclass(frozen=True)
class _Shown:
    """A decoded frame, when it comes on screen, and when the next one does (None: not known)."""

    frame: VideoFrame
    tick: int
    until_tick: int | None


def _decode_run(video: VideoFile, run: Run, shape: tuple[int, int], job: Job) -> Iterator[Picture]:
    frames = _shown_frames(video, run, job)
    first = next(frames, None)
    if run.keyframe is not None and (first is None or first.tick > run.ticks[0]):
        raise _LandedLateError
    wanted = deque(run.ticks)
    held = first or _Shown(video.first_frame, video.first_tick, None)
    for shown in itertools.chain([held], frames):
        if shown is not held:
            yield from _answer(video, held, wanted, shape, shown.tick)
        held = shown
        if shown.until_tick is not None:
            yield from _answer(video, held, wanted, shape, shown.until_tick)
        if not wanted:
            return
    if wanted and (wanted[-1] - held.tick) * video.time_base > LATE_SECONDS + _frame_seconds(video, held.frame):
        video.note(
            f"No frame could be decoded after {format_clock(max(0.0, video.seconds(held.tick)))}; "
            "the last one before stands in for those that are missing."
        )
    yield from _answer(video, held, wanted, shape, None)


def _answer(
    video: VideoFile, shown: _Shown, wanted: deque[int], shape: tuple[int, int], stop_tick: int | None
) -> Iterator[Picture]:
    """Yield the shown frame for each wanted tick before `stop_tick`; its pixels are made once."""
    picture: Picture | None = None
    while wanted and (stop_tick is None or wanted[0] < stop_tick):
        wanted.popleft()
        picture = picture or Picture(to_picture(shown.frame, *shape), max(0.0, video.seconds(shown.tick)))
        yield picture


def _frame_seconds(video: VideoFile, frame: VideoFrame) -> float:
    return float((frame.duration or 0) * video.time_base)


def _shown_frames(video: VideoFile, run: Run, job: Job) -> Iterator[_Shown]:
    """Decode the run's frames in the order of showing; of those that nobody wants or refers to, not all."""
    if video.counted:
        yield from _counted_frames(video, job)
        return
    until: dict[int, int | None] = {}
    covered: set[int] = set()  # indices of the ticks whose frame went into the decoder
    behind = 0
    for packet, next_tick, second_tick in _with_following(video.packets(run.seek_tick)):
        job.check()
        tick = packet.pts
        behind += tick is not None and tick > run.ticks[-1]
        if behind > LOOKAHEAD_PACKETS or (behind and len(covered) == len(run.ticks)):
            break
        # One frame more than is on screen: a packet may hold a frame that is never shown (VP8, VP9, AV1).
        wanted = tick is None or bool(_indices_within(run.ticks, tick, second_tick))
        if tick is not None and wanted:
            covered.update(_indices_within(run.ticks, tick, next_tick))
            until[tick] = next_tick
        _skip(video, everything=wanted)
        for frame in _decoded(video, packet):
            yield _Shown(frame, tick_of(frame), until.get(tick_of(frame)))
    for frame in _decoded(video, None):
        yield _Shown(frame, tick_of(frame), until.get(tick_of(frame)))


def _counted_frames(video: VideoFile, job: Job) -> Iterator[_Shown]:
    """Decode all frames from the start of the file; each stays on screen until the next one or the end."""
    ticks = FrameTicks(video.clock)
    held: tuple[VideoFrame, int] | None = None
    last_packet_tick = 0
    _skip(video, everything=True)
    for packet in itertools.chain(video.packets(), (None,)):
        job.check()
        if packet is not None and packet.dts is not None:
            last_packet_tick = packet.dts
        for frame in _decoded(video, packet):
            tick = ticks.of(frame)
            if held is not None:
                yield _Shown(*held, tick)
            held = (frame, tick)
    if held is not None:
        is_last = last_packet_tick - held[1] <= LOOKAHEAD_PACKETS
        yield _Shown(*held, video.stream.duration if is_last else None)


def _with_following(
    packets: Iterator[Packet[VideoStream]],
) -> Iterator[tuple[Packet[VideoStream], int | None, int | None]]:
    """Yield each packet with the times at which the next two frames come on screen (None: not known, or none does)."""
    around: deque[int] = deque(maxlen=2 * LOOKAHEAD_PACKETS)
    ahead: deque[Packet[VideoStream]] = deque()
    for packet in itertools.chain(packets, itertools.repeat(None, LOOKAHEAD_PACKETS)):
        if packet is not None:
            ahead.append(packet)
            if packet.pts is not None:
                around.append(packet.pts)
        if ahead and (packet is None or len(ahead) > LOOKAHEAD_PACKETS):
            head = ahead.popleft()
            later = sorted(tick for tick in around if head.pts is not None and tick > head.pts)
            yield head, later[0] if later else None, later[1] if len(later) > 1 else None


def _indices_within(ticks: Sequence[int], start: int, stop: int | None) -> range:
    return range(bisect.bisect_left(ticks, start), len(ticks) if stop is None else bisect.bisect_left(ticks, stop))


def _skip(video: VideoFile, *, everything: bool) -> None:
    video.stream.codec_context.skip_frame = "DEFAULT" if everything else "NONREF"


def _decoded(video: VideoFile, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
    """Decode a packet, or empty the decoder; a packet that is damaged gives nothing and a note."""
    try:
        frames = video.stream.codec_context.decode(packet)
    except av.FFmpegError:
        frames = None
    whole = [frame for frame in frames or () if not frame.is_corrupt]
    if frames is None or len(whole) < len(frames):
        video.note("The file is damaged: frames that could not be decoded were left out.")
    return whole
