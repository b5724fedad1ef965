"""Functions for a GPU that behave well and badly. Does what each line of standard input says, a JSON line each."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import spaces  # noqa: F401
import torch
from spaces.zero import startup

from vidtext.compute.gpu import GpuTimeEstimate, on_gpu
from vidtext.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

calls = 0


def effort(_: Any = None) -> GpuTimeEstimate:
    return GpuTimeEstimate("toy", start_seconds=20, steps=100, step_seconds=0.5)


@on_gpu(effort)
def count(_: Any = None) -> Generator[int]:
    """Count the calls that this process remembers."""
    global calls  # noqa: PLW0603
    calls += 1
    yield calls


@on_gpu(effort)
def wait_for(file: str) -> Generator[str]:
    yield "begun"
    while not Path(file).exists():
        time.sleep(0.01)
    yield "ended"


@on_gpu(effort)
def tick(file: str) -> Generator[int]:
    """Go on until it is closed, and write down that it was."""
    try:
        for step in range(10_000):
            yield step
            time.sleep(0.01)
    finally:
        Path(file).touch()


@on_gpu(lambda _: GpuTimeEstimate("endless", 20, 0, 0))
def hang(_: Any) -> Generator[int]:
    yield 1
    time.sleep(600)


@on_gpu(effort)
def fail(kind: str) -> Generator[int]:
    if kind == "option":
        raise OptionError("3 frames were asked for; 1 to 2 are allowed.")
    if kind == "memory":
        raise torch.OutOfMemoryError("CUDA out of memory.")
    yield 1 // 0


@on_gpu(effort)
def give_lambda(_: Any = None) -> Generator[Callable[[], None]]:
    yield lambda: None


def stream(file: str) -> list[Any]:
    steps = wait_for(file)
    first = next(steps)
    Path(file).touch()  # the work waits for it: so its first step came before its end
    return [first, *steps]


def stop(file: str) -> list[Any]:
    steps = tick(file)
    first = [next(steps), next(steps)]
    steps.close()
    return first


DO: dict[str, Callable[[str], Any]] = {
    "count": lambda _: [*count(), calls],
    "stream": stream,
    "stop": stop,
    "hang": lambda _: [*hang(0)],
    "fail": lambda kind: [*fail(kind)],
    "tick": lambda _: [step for step, _ in zip(wait_a_little(), range(20), strict=False)],
    "give a lambda": lambda _: [*give_lambda()],
    "take a lambda": lambda _: [*count(lambda: None)],
}


@on_gpu(lambda: GpuTimeEstimate("ticks", start_seconds=10, steps=100, step_seconds=0.5))
def wait_a_little() -> Generator[int]:
    for step in range(20):
        time.sleep(0.02)
        yield step


def outcome(name: str, argument: str) -> dict[str, Any]:
    try:
        return {"made": DO[name](argument)}
    except Exception as error:  # noqa: BLE001
        return {"error": type(error).__name__, "message": str(error)}


if __name__ == "__main__":
    torch.ones(3).to("cuda")  # something for the start-up to place
    startup()
    for line in sys.stdin:
        print(json.dumps(outcome(*json.loads(line))), flush=True)  # noqa: T201
