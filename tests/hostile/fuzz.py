"""Damage clips by number and do all that the page does with them: `python -m tests.hostile.fuzz --minutes 60`.

Prints a line for each mutation that crashed or hung a decoder, and the counts at the end. A defect of vidtext (any
exception that is not meant for a person) ends the run with status 1, after the number of the mutation.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.hostile.containers import CONTAINERS, whole_clip
from tests.hostile.mutations import mutated
from tests.hostile.visit import Outcome, visit
from vidtext.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = Settings().override(
    sandbox__enabled=True, sandbox__total_seconds=20.0, sandbox__silent_seconds=10.0, sandbox__memory_bytes=1 << 30
)
"""Less than what visitors are given, so that a mutation that takes too much ends soon."""


@dataclass
class Tally:
    """What mutations got.

    Attributes:
        kinds: how many ended in which way.
        slowest: seconds and number of the one that took longest.
        notable: a line for each that crashed or hung.
        defects: the same for exceptions that are not meant for a person.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, int] = (0.0, -1)
    notable: list[str] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)

    def add(self, number: int, suffix: str, outcome: Outcome | Exception) -> None:
        if isinstance(outcome, Exception):
            self.kinds["defect"] += 1
            self.defects.append(f"mutation {number} ({suffix}): {outcome}")
            return
        self.kinds["crash" if outcome.crashed else "hang" if outcome.hung else outcome.kind] += 1
        self.slowest = max(self.slowest, (outcome.seconds, number))
        if outcome.crashed or outcome.hung:
            self.notable.append(f"mutation {number} ({suffix}): {outcome.said}")


def fuzz(seconds: float, *, start: int = 0, most: int = sys.maxsize, at_once: int = 2) -> Tally:
    """Try mutations from number `start` on, until the time is over or `most` are tried."""
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="vidtext-fuzz-") as folder, ThreadPoolExecutor(at_once) as pool:
        wholes = {suffix: whole_clip(Path(folder), suffix).read_bytes() for suffix in CONTAINERS}

        def one(number: int) -> tuple[int, str, Outcome | Exception]:
            suffix, data = mutated(wholes, number)
            path = Path(folder, f"{number}.{suffix}")
            path.write_bytes(data)
            try:
                return number, suffix, visit(path, SETTINGS, one_worker=True)
            except Exception as error:  # noqa: BLE001  (told with its number)
                return number, suffix, error
            finally:
                path.unlink()

        for numbers in _handfuls(seconds, start, most, size=8 * at_once):
            for number, suffix, outcome in pool.map(one, numbers):
                tally.add(number, suffix, outcome)
        left = [path.name for path in Path(folder).iterdir() if not path.name.startswith("whole.")]
        if left:
            tally.defects.append(f"files were left behind: {left}")
    return tally


def _handfuls(seconds: float, start: int, most: int, size: int) -> Iterator[list[int]]:
    until = time.monotonic() + seconds
    numbers = iter(range(start, min(start + most, sys.maxsize)))
    while time.monotonic() < until and (handful := list(itertools.islice(numbers, size))):
        yield handful


def main() -> int:
    """Read the command line, run, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long to go on (60)")
    parser.add_argument("--start", type=int, default=0, help="the number of the first mutation (0)")
    parser.add_argument("--most", type=int, default=sys.maxsize, help="how many to try at most")
    arguments = parser.parse_args()
    began = time.monotonic()
    tally = fuzz(arguments.minutes * 60, start=arguments.start, most=arguments.most)
    print(*tally.notable, *tally.defects, sep="\n")
    total = tally.kinds.total()
    print(
        f"{total} mutations from number {arguments.start} on in {time.monotonic() - began:.0f} s: "
        + ", ".join(f"{count} {kind}" for kind, count in tally.kinds.most_common())
        + f"; the slowest, number {tally.slowest[1]}, took {tally.slowest[0]:.1f} s"
    )
    return 1 if tally.defects else 0


if __name__ == "__main__":
    sys.exit(main())
