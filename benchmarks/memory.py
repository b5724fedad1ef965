"""The most memory that a process needs, against the length of the video: 10 s, 1 min and 10 min of the same 720p.

Each figure is of a process of its own. It is read from the kernel (`VmHWM`, Linux only): the `ru_maxrss` of `resource`
also counts what the process that started it had.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import clips
from benchmarks.report import machine, table

FRAMES = 8
EVERY_SECONDS = 5


def vidtext_sample(path: Path, seconds: int) -> None:
    """Sample exact frames of the video's own size."""
    import vidtext

    vidtext.sample(path, at_seconds=_wanted(seconds))


def vidtext_sample_keyframes(path: Path, seconds: int) -> None:
    """Sample keyframes of the video's own size."""
    import vidtext

    vidtext.sample(path, at_seconds=_wanted(seconds), snap="keyframe")


def vidtext_caption(path: Path, seconds: int) -> None:  # noqa: ARG001  all of it
    """Caption window by window; 10 min have 120 windows."""
    import vidtext

    vidtext.caption(path, model="embedded", every_seconds=EVERY_SECONDS)


def torchcodec_sample(path: Path, seconds: int) -> None:
    """Sample with torchcodec."""
    import torchcodec.decoders

    torchcodec.decoders.VideoDecoder(path, num_ffmpeg_threads=0).get_frames_played_at(_wanted(seconds))


def opencv_sample(path: Path, seconds: int) -> None:
    """Sample by seeking with OpenCV."""
    import cv2

    video = cv2.VideoCapture(str(path))
    kept = []
    for second in _wanted(seconds):
        video.set(cv2.CAP_PROP_POS_MSEC, 1000 * second)
        kept.append(cv2.cvtColor(video.read()[1], cv2.COLOR_BGR2RGB))


METHODS: dict[str, Callable[[Path, int], None]] = {
    f"vidtext.sample, {FRAMES} frames, exact": vidtext_sample,
    f"vidtext.sample, {FRAMES} frames, keyframe": vidtext_sample_keyframes,
    f"vidtext.caption, every {EVERY_SECONDS} s, embedded model": vidtext_caption,
    f"torchcodec, {FRAMES} frames, exact": torchcodec_sample,
    f"OpenCV, {FRAMES} frames, seeking": opencv_sample,
}


def peak_bytes(method: str, clip: clips.Clip) -> int:
    """Return the most memory of a process that does nothing else."""
    command = [sys.executable, "-m", "benchmarks.memory", "--measure", method, str(clip.path()), str(clip.seconds)]
    return int(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.split()[-1])


def main() -> None:
    """Print the table, or, as a process that is measured, one number."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    if measure := parser.parse_args().measure:
        METHODS[measure[0]](Path(measure[1]), int(measure[2]))
        print(own_peak_bytes())
        return
    measured = (clips.TEN_SECONDS, clips.ONE_MINUTE, clips.TEN_MINUTES)
    print(f"{machine()}. MiB at the most, libraries included.\n")
    rows = []
    for method in METHODS:
        peaks = [peak_bytes(method, clip) for clip in measured]
        rows.append([method, *(f"{peak / 2**20:.0f}" for peak in peaks), f"{peaks[-1] / peaks[0]:.2f}"])
    print(table(["", "10 s", "1 min", "10 min", "10 min / 10 s"], rows))


def _wanted(seconds: int) -> list[float]:
    return [(index + 0.5) * seconds / FRAMES for index in range(FRAMES)]


def own_peak_bytes() -> int:
    """Return the most memory that this process had so far."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text("utf-8").splitlines())
    return int(status["VmHWM"].split()[0]) * 1024


if __name__ == "__main__":
    main()
