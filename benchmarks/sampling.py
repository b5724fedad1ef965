"""How long it takes to get 8 and 32 frames out of a video: vidtext, torchcodec and OpenCV, side by side.

All get the same wanted times, the middles of equal parts, and hand out RGB frames of the video's own size. The rounds
go through all methods in turn, so that whatever else the machine does meets all of them; the figures are medians.
"""

import argparse
import math
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import cv2
import torchcodec.decoders

import vidtext
from benchmarks import clips
from benchmarks.report import machine, table

if TYPE_CHECKING:
    from cv2.typing import MatLike

Shown = Sequence[float]
"""When each frame that was handed out is shown, in seconds; NaN where a method does not tell."""

COUNTS = (8, 32)

SLOW_SECONDS = 20
"""A method that has taken this long in all is not repeated."""

BASELINE = "torchcodec, exact"


def vidtext_frames(
    snap: Literal["exact", "auto", "keyframe"], size: int | None, path: Path, wanted: list[float]
) -> Shown:
    """Sample with vidtext."""
    return list(vidtext.sample(path, at_seconds=wanted, snap=snap, size=size).seconds)


def torchcodec_frames(mode: Literal["exact", "approximate"], path: Path, wanted: list[float]) -> Shown:
    """Sample with torchcodec, which uses one thread unless told: 0 lets FFmpeg use the cores, as vidtext does."""
    decoder = torchcodec.decoders.VideoDecoder(path, seek_mode=mode, dimension_order="NHWC", num_ffmpeg_threads=0)
    return decoder.get_frames_played_at(wanted).pts_seconds.tolist()


def opencv_seeking(path: Path, wanted: list[float]) -> Shown:
    """Seek before each frame, as most tutorials do."""
    video = cv2.VideoCapture(str(path))
    shown = []
    for second in wanted:
        video.set(cv2.CAP_PROP_POS_MSEC, 1000 * second)
        ok, image = video.read()
        if ok:
            cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        shown.append(video.get(cv2.CAP_PROP_POS_MSEC) / 1000 if ok else math.nan)
    return shown


def opencv_reading_all(path: Path, wanted: list[float]) -> Shown:
    """Read every frame and keep those that are nearest to the wanted times."""
    video = cv2.VideoCapture(str(path))
    rate = video.get(cv2.CAP_PROP_FPS)
    places = {int(second * rate) for second in wanted}
    kept: dict[int, MatLike] = {}
    index = 0
    while True:
        ok, image = video.read()
        if not ok:
            return [place / rate for place in sorted(kept)]
        if index in places:
            kept[index] = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        index += 1


METHODS: dict[str, Callable[[Path, list[float]], Shown]] = {
    "vidtext, exact": partial(vidtext_frames, "exact", None),
    "vidtext, exact, shrunk to 224": partial(vidtext_frames, "exact", 224),
    "vidtext, auto": partial(vidtext_frames, "auto", None),
    "vidtext, keyframe": partial(vidtext_frames, "keyframe", None),
    BASELINE: partial(torchcodec_frames, "exact"),
    "torchcodec, approximate": partial(torchcodec_frames, "approximate"),
    "OpenCV, seeking": opencv_seeking,
    "OpenCV, reading all": opencv_reading_all,
}


def compare(clip: clips.Clip, count: int, rounds: int) -> str:
    """Measure all methods on one clip and return the table."""
    path = clip.path()
    wanted = [(index + 0.5) * clip.seconds / count for index in range(count)]
    walls: dict[str, list[float]] = {name: [] for name in METHODS}
    processor: dict[str, list[float]] = {name: [] for name in METHODS}
    off: dict[str, float] = {}
    for _ in range(rounds):
        for name, method in METHODS.items():
            if sum(walls[name]) > SLOW_SECONDS:
                continue
            wall, cpu = time.perf_counter(), time.process_time()
            shown = method(path, wanted)
            walls[name].append(time.perf_counter() - wall)
            processor[name].append(time.process_time() - cpu)
            off[name] = max(abs(a - b) for a, b in zip(shown, wanted, strict=True))
    median = {name: (statistics.median(walls[name]), statistics.median(processor[name])) for name in METHODS}
    base = median[BASELINE]
    rows = [
        [
            name,
            f"{wall:.2f}",
            f"{cpu:.2f}",
            f"{base[0] / wall:.2f}",
            f"{base[1] / cpu:.2f}",
            f"{off[name]:.2f}",
            str(len(walls[name])),
        ]
        for name, (wall, cpu) in median.items()
    ]
    head = ["", "s", "CPU s", f"× {BASELINE}", "× in CPU", "furthest from wanted, s", "runs"]
    return table(head, rows)


def main() -> None:
    """Print a table for each clip and number of frames."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured (3)")
    rounds = parser.parse_args().rounds
    print(f"{machine()}. In the columns with × more is faster.\n")
    for clip in (clips.SHORT, clips.LONG_GROUPS, clips.TEN_MINUTES):
        for count in COUNTS:
            print(f"{count} frames of {clip}\n\n{compare(clip, count, rounds)}\n", flush=True)


if __name__ == "__main__":
    main()
