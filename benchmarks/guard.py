"""What it costs to decode in a process of its own: `python -m benchmarks.guard`.

The same calls with and without `guard_decoding`, in turns; figures are medians.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import TYPE_CHECKING, Any

from benchmarks.clips import LONG_GROUPS, SHORT
from benchmarks.report import machine, table
from vidtext.media.read.probe import probe
from vidtext.media.read.sample import sample
from vidtext.media.shots.detect import find_shots
from vidtext.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROUNDS = 7
PLAIN, GUARDED = Settings(), Settings().override(sandbox__enabled=True)
CALLS: dict[str, Callable[[Path, Settings], Any]] = {
    "probe": lambda path, settings: probe(path, settings=settings),
    "8 frames, 224 pixels": lambda path, settings: sample(path, frames=8, size=224, settings=settings),
    "32 frames, 224 pixels": lambda path, settings: sample(path, frames=32, size=224, settings=settings),
    "8 frames, their own size": lambda path, settings: sample(path, frames=8, settings=settings),
    "shots": lambda path, settings: find_shots(path, settings=settings),
}


def main() -> None:
    """Measure."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    print(f"Measured on {machine()}.\n")
    for clip in (SHORT, LONG_GROUPS):
        path, rows = clip.path(), []
        for name, call in CALLS.items():
            taken: dict[Settings, list[float]] = {PLAIN: [], GUARDED: []}
            for _ in range(ROUNDS):
                for settings, seconds in taken.items():
                    began = time.perf_counter()
                    call(path, settings)
                    seconds.append(time.perf_counter() - began)
            plain, guarded = (statistics.median(seconds) for seconds in taken.values())
            rows.append([name, f"{plain:.3f}", f"{guarded:.3f}", f"{guarded - plain:+.3f}", f"{guarded / plain:.2f}"])
        print(f"**{clip.name}**\n\n{table(('', 'plain, s', 'guarded, s', 'more, s', '× plain'), rows)}\n", flush=True)


if __name__ == "__main__":
    main()
