"""How many visitors a served model holds: `python -m benchmarks.served`.

`transformers serve` runs the embedded chat checkpoint in a process of its own, and so many visitors ask one question
about one clip at the same moment, through `vidtext.models.families.served`. Each asks for the same number of tokens.
"""

from __future__ import annotations

import statistics
import threading
import time

from benchmarks.report import machine, table

VISITORS = (1, 4, 16)
ROUNDS = 3
NEW_TOKENS = 16
FRAMES = 3


def crowd(address: str, visitors: int) -> tuple[float, float]:
    """Let so many ask at once; return answers a second, and the longest time to a whole answer in seconds."""
    import numpy as np

    from vidtext.job import Job
    from vidtext.media.read.frames import Frames
    from vidtext.models.base import GenerationOptions, Message
    from vidtext.models.catalog import EMBEDDED_CHAT_FOLDER
    from vidtext.models.families.served import ServedModel
    from vidtext.models.loading import resolve
    from vidtext.settings import Settings

    model = ServedModel(resolve(f"served:{address}#{EMBEDDED_CHAT_FOLDER}", Settings()).info, Settings())
    pixels = np.random.default_rng(0).integers(0, 255, (FRAMES, 64, 64, 3), dtype=np.uint8)
    message = Message("user", "What moves?", (Frames(pixels, np.arange(float(FRAMES))),))
    start = threading.Barrier(visitors + 1)
    waits: list[float] = []

    def ask() -> None:
        start.wait()
        began = time.perf_counter()
        list(model.reply([message], GenerationOptions(max_new_tokens=NEW_TOKENS), Job()))
        waits.append(time.perf_counter() - began)

    threads = [threading.Thread(target=ask) for _ in range(visitors)]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    if len(waits) < visitors:
        raise SystemExit("a visitor was not answered")
    return visitors / (time.perf_counter() - began), max(waits)


def main() -> None:
    """Measure all."""
    from tests.models.test_served import transformers_serve
    from vidtext.models.catalog import EMBEDDED_CHAT_FOLDER

    print(f"Measured on {machine()}.\n")
    rows = []
    with transformers_serve(EMBEDDED_CHAT_FOLDER) as (address, _):
        crowd(address, 1)
        results = {visitors: [crowd(address, visitors) for _ in range(ROUNDS)] for visitors in VISITORS}
    alone = statistics.median(rate for rate, _ in results[1])
    for visitors, seen in results.items():
        rate, wait = (statistics.median(each) for each in zip(*seen, strict=True))
        rows.append([str(visitors), f"{rate:.2f}", f"{rate / alone:.2f}", f"{wait:.1f}"])
    print(table(("visitors", "answers a second", "× one visitor", "longest wait, s"), rows))


if __name__ == "__main__":
    main()
