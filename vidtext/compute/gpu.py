"""One decorator for all work that needs a device."""

from __future__ import annotations

from typing import TYPE_CHECKING, ParamSpec, TypeVar

import spaces
import spaces.config

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")


def zero_gpu() -> bool:
    """Tell whether this is a ZeroGPU Space, which lends a GPU for each call and has a line of its own."""
    return bool(spaces.config.Config.zero_gpu)


def on_gpu(duration_seconds: Callable[P, float]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a module-level function as work for a GPU.

    On a ZeroGPU Space each call runs in a process of its own, on a GPU that is lent for as long as
    `duration_seconds`, called with the same arguments, says. Elsewhere the function runs as it is.

    The function's arguments and results must pickle, and its effect must not depend on what an earlier call left in
    memory. A generator streams; closing it ends the work.
    """

    def decorate(work: Callable[P, R]) -> Callable[P, R]:
        decorated: Callable[P, R] = spaces.GPU(duration=duration_seconds)(work)
        return decorated

    return decorate
