"""Chapters and a summary of a film of 10 minutes and of 2 hours (720p), on the embedded model.

Each figure is of a process of its own: how often real time everything but the model runs, what the whole takes, and the
most memory (`VmHWM`, Linux only). The film is made of scenes of 20 to 60 seconds; 2 hours are the 10 minutes, twelve
times, without encoding them again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av

from benchmarks.memory import own_peak_bytes
from benchmarks.report import machine, table
from benchmarks.shots import SCENES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from vidtext.compute.memory import MemoryPlan
    from vidtext.job import Job
    from vidtext.media.read.frames import Frames
    from vidtext.models.base import Captioner, GenerationOptions

TASKS = ("chapters", "summary")
TIMES = (1, 12)
"""How often the ten minutes are repeated: 10 minutes and 2 hours."""


def repeated(times: int) -> Path:
    """Return the film so many times in a row, its packets copied; it is made if it is not there."""
    once = SCENES.path()
    if times == 1:
        return once
    path = once.with_stem(f"{once.stem}-{times}-times")
    if not path.exists():
        part = path.with_suffix(".part")
        with av.open(str(part), "w", format="mp4") as target, av.open(str(once)) as source:
            stream = source.streams.video[0]
            copy = target.add_stream_from_template(stream)
            for round_number in range(times):
                source.seek(0)
                for packet in source.demux(stream):
                    if packet.dts is None or packet.pts is None:
                        continue
                    packet.pts += round_number * (stream.duration or 0)
                    packet.dts += round_number * (stream.duration or 0)
                    packet.stream = copy
                    target.mux(packet)
        part.rename(path)
    return path


class Timed:
    """A captioner that adds up how long it takes."""

    def __init__(self, model: Captioner) -> None:
        self._model = model
        self.info, self.device = model.info, model.device
        self.seconds = 0.0

    @contextmanager
    def _clock(self) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - began

    def caption(self, clips: Sequence[Frames], options: GenerationOptions, job: Job) -> list[str]:
        """Caption as the model does."""
        with self._clock():
            return self._model.caption(clips, options, job)

    def image_features(self, frames: Frames, job: Job) -> NDArray[np.float32]:
        """Look as the model does."""
        with self._clock():
            return self._model.image_features(frames, job)


def measure(task: str, path: Path) -> dict[str, float]:
    """Run a task in this process, and tell what it took."""
    import vidtext
    from vidtext.tasks import writing

    timed = Timed(vidtext.load_model("embedded"))
    acquire_model = writing.acquire_model

    @contextmanager
    def load(*given: Any, **named: Any) -> Iterator[tuple[Timed, MemoryPlan]]:  # noqa: ANN401
        with acquire_model(*given, **named) as (_, plan):
            yield timed, plan

    writing.acquire_model = load
    began = time.perf_counter()
    if task == "chapters":
        found = len(vidtext.chapters(path, model="embedded").segments)
    else:
        found = len(vidtext.summarize(path, model="embedded").highlights.segments)
    whole = time.perf_counter() - began
    return {"found": found, "whole": whole, "model": timed.seconds, "bytes": own_peak_bytes()}


def main() -> None:
    """Print the table, or, as a process that is measured, one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", nargs=2, metavar=("TASK", "FILE"), help=argparse.SUPPRESS)
    if measured := parser.parse_args().measure:
        print(json.dumps(measure(measured[0], Path(measured[1]))))
        return
    print(f"{machine()}.\n")
    rows = []
    for task in TASKS:
        for times in TIMES:
            seconds = times * SCENES.seconds
            command = [sys.executable, "-m", "benchmarks.long_video", "--measure", task, str(repeated(times))]
            printed = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
            got = json.loads(printed.splitlines()[-1])
            beside = got["whole"] - got["model"]
            rows.append(
                [
                    f"{task}, {seconds // 60} min",
                    f"{got['found']:.0f}",
                    f"{got['whole']:.1f} s",
                    f"{got['model']:.1f} s",
                    f"{seconds / beside:.0f} ×",
                    f"{got['bytes'] / 2**20:.0f} MiB",
                ]
            )
    print(table(["", "found", "in all", "of it the model", "all but the model, × real time", "memory"], rows))


if __name__ == "__main__":
    main()
