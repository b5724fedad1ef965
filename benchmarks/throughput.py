"""How many captions a second, and how long visitors wait: `python -m benchmarks.throughput`.

Captions: windows of a film go through the model one by one, each read when it is its turn, against batches, and against
reading the next ones while the model writes. The variants take turns; a figure is the median of its rounds.

Visitors: so many threads ask for captions of one clip at the same moment, on the embedded model. The wait is that until
the first caption.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

from benchmarks.memory_plan import save_models
from benchmarks.report import machine, table
from benchmarks.shots import SCENES

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from vidtext.job import Job
    from vidtext.media.read.frames import Frames

ROUNDS = 2
BATCH = 4
WINDOWS = {"embedded": 41, "git-base": 9}
NEW_TOKENS = 20
VISITORS = (1, 4, 16)
AT_ONCE = (1, 2, 4)
CLIP = Path(__file__).parents[1] / "vidtext" / "examples" / "four_scenes.mp4"
CLIP_WINDOW_SECONDS = 4.0


@contextmanager
def no_read_ahead(read: Callable[[Job], Generator[Frames]], most: int, job: Job) -> Iterator[Iterator[Frames]]:  # noqa: ARG001
    """Read each clip when it is asked for: what `vidtext.tasks.read_ahead` is measured against."""
    with closing(read(job)) as items:
        yield items


def seconds_for_captions(model: str, windows: int, batch: int, *, ahead: bool) -> float:
    """Caption the beginning of the film in windows of ten seconds; return what it took."""
    import vidtext
    from vidtext.tasks import caption

    settings = vidtext.Settings().override(tasks__window_batch=batch)
    reading = caption.read_ahead if ahead else no_read_ahead
    began = time.perf_counter()
    with mock.patch.object(caption, "read_ahead", reading):
        vidtext.caption(
            SCENES.path(),
            model=model,
            every_seconds=10,
            stop_seconds=10 * windows,
            max_new_tokens=NEW_TOKENS,
            settings=settings,
        )
    return time.perf_counter() - began


def captions(model: str, name: str) -> str:
    """Return the table of a model."""
    import vidtext

    vidtext.load_model(model)
    variants = {
        "one by one": (1, False),
        "one by one, read ahead": (1, True),
        f"{BATCH} at once": (BATCH, False),
        f"{BATCH} at once, read ahead": (BATCH, True),
    }
    taken: dict[str, list[float]] = {variant: [] for variant in variants}
    for _ in range(ROUNDS):
        for variant, (batch, ahead) in variants.items():
            taken[variant].append(seconds_for_captions(model, WINDOWS[name], batch, ahead=ahead))
    medians = {variant: statistics.median(seconds) for variant, seconds in taken.items()}
    slowest = medians["one by one"]
    rows = [
        [variant, f"{WINDOWS[name] / seconds:.2f}", f"{slowest / seconds:.2f}"] for variant, seconds in medians.items()
    ]
    return table(("", "captions a second", "× one by one"), rows)


def visit(settings: object, waits: list[float], counts: list[int], start: threading.Barrier) -> None:
    """Caption the clip, and note when the first caption came and how many there were."""
    from vidtext.job import Job
    from vidtext.tasks.caption import caption_stream
    from vidtext.tasks.options import CaptionOptions

    options = CaptionOptions(model="embedded", every_seconds=CLIP_WINDOW_SECONDS)
    start.wait()
    began, first, done = time.perf_counter(), 0.0, 0
    for result in caption_stream(CLIP, options, settings=settings, job=Job()):  # type: ignore[arg-type]
        first, done = first or time.perf_counter() - began, result.windows_done
    waits.append(first)
    counts.append(done)


def crowd(visitors: int, at_once: int) -> tuple[float, float]:
    """Let so many visitors come at the same moment; return captions a second, and the longest wait in seconds."""
    import vidtext

    settings = vidtext.Settings().override(jobs__max_running=at_once)
    waits: list[float] = []
    counts: list[int] = []
    start = threading.Barrier(visitors + 1)
    threads = [threading.Thread(target=visit, args=(settings, waits, counts, start)) for _ in range(visitors)]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    if len(counts) < visitors:
        raise SystemExit("a visitor was not served")
    return sum(counts) / (time.perf_counter() - began), max(waits)


def crowds() -> str:
    """Return the table of visitors."""
    rows = []
    for visitors in VISITORS:
        seen: dict[int, list[tuple[float, float]]] = {at_once: [] for at_once in AT_ONCE}
        for _ in range(ROUNDS):
            for at_once, results in seen.items():
                results.append(crowd(visitors, at_once))
        medians = {
            at_once: [statistics.median(each) for each in zip(*results, strict=True)]
            for at_once, results in seen.items()
        }
        for at_once, (rate, wait) in medians.items():
            rows.append([f"{visitors}", f"{at_once}", f"{rate:.2f}", f"{rate / medians[1][0]:.2f}", f"{wait:.1f}"])
    head = ("visitors", "jobs at once", "captions a second", "× one job at once", "longest wait, s")
    return table(head, rows)


def main() -> None:
    """Measure all."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    print(f"Measured on {machine()}.\n")
    print(
        f"**The embedded captioner, {WINDOWS['embedded']} windows**\n\n{captions('embedded', 'embedded')}\n", flush=True
    )
    with tempfile.TemporaryDirectory() as folder:
        save_models(Path(folder))
        model = str(Path(folder) / "git-base")
        print(
            f"**git-base, random weights, {WINDOWS['git-base']} windows**\n\n{captions(model, 'git-base')}\n",
            flush=True,
        )
    print(f"**Visitors at once, each with the captions of one clip**\n\n{crowds()}")


if __name__ == "__main__":
    main()
