"""What a decoder may do to the process that it runs in. These run in a worker: the tests hand them to the guard."""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vidtext.errors import NoVideoStreamError

if TYPE_CHECKING:
    from collections.abc import Generator

    from vidtext.job import Job
    from vidtext.settings import Settings


def own_id(path: Path, *, settings: Settings, job: Job) -> int:
    return os.getpid()


def state(path: Path, *, settings: Settings, job: Job) -> dict[str, object]:
    """Tell what this process was given."""
    return {
        "environment": dict(os.environ),
        "modules": sorted(name for name in ("torch", "transformers", "gradio") if name in sys.modules),
        "files": sorted(_target(entry) for entry in Path("/proc/self/fd").iterdir()),
        "core": resource.getrlimit(resource.RLIMIT_CORE),
        "guard": settings.sandbox.enabled,
    }


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink()).split(":")[0]
    except FileNotFoundError:  # the listing's own
        return "listing"


def crash(path: Path, *, settings: Settings, job: Job) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def crash_later(path: Path, *, settings: Settings, job: Job) -> Generator[int, None, None]:
    yield 1
    os.abort()


def hang_later(path: Path, *, settings: Settings, job: Job) -> Generator[int, None, None]:
    yield 1
    hang(path, settings=settings, job=job)


def hang(path: Path, *, settings: Settings, job: Job) -> None:
    """Tell who is here, then wait for what never comes."""
    path.write_text(str(os.getpid()), "utf-8")
    threading.Event().wait()


def hang_stopping_signals(path: Path, *, settings: Settings, job: Job) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    hang(path, settings=settings, job=job)


def spin(path: Path, *, settings: Settings, job: Job) -> None:
    while True:
        job.check()


def eat_memory(path: Path, *, settings: Settings, job: Job) -> None:
    """Take memory in pieces, as a queue of frames does."""
    pieces = []
    while True:
        pieces.append(np.ones(1 << 20))
        time.sleep(0.02)  # slowly enough to be watched, also on a busy machine


def eat_memory_at_once(path: Path, *, settings: Settings, job: Job) -> None:
    np.ones(1 << 40)


def fill_the_disk(path: Path, *, settings: Settings, job: Job) -> int:
    """Return how much could be written."""
    try:
        with path.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1 << 16))
    except OSError:
        return path.stat().st_size


def open_files(path: Path, *, settings: Settings, job: Job) -> int:
    """Return how many files could be opened."""
    kept = []
    try:
        while True:
            kept.append(Path("/dev/null").open("rb"))  # noqa: SIM115  left open on purpose
    except OSError:
        return len(kept)


class Bomb:
    def __reduce__(self) -> object:
        return Path.touch, (Path("/tmp/vidtext-was-here"),)


def send_a_bomb(path: Path, *, settings: Settings, job: Job) -> Bomb:
    return Bomb()


def say_no(path: Path, *, settings: Settings, job: Job) -> None:
    raise NoVideoStreamError("No pictures.")


def be_wrong(path: Path, *, settings: Settings, job: Job) -> None:
    raise ZeroDivisionError


def count(path: Path, *, settings: Settings, job: Job) -> Generator[int, None, None]:
    for number in range(10):
        job.report(f"step {number}", number, 10)
        yield number
