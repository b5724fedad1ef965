"""One decorator for all work that needs a device: on a ZeroGPU Space it borrows one, elsewhere it does nothing.

ZeroGPU runs each call in a forked process that owns a GPU for the seconds that were asked for, and is killed when they
are over. So the seconds are estimated from the work, and the speed that they are estimated with is learned.
"""

from __future__ import annotations

import gc
import os
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from vidtext import errors
from vidtext.errors import GpuRefusedError, NoMemoryError, VidtextError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

P = ParamSpec("P")
Step = TypeVar("Step")

_MARGIN = 1.5
"""How many times the slowest step that was seen a step may take: the GPU is shared with others."""

_FORGETTING = 0.9
"""How much of a slowest step is believed when the next call was faster: one slow moment is not remembered for ever."""

_AFTER_ABORT = 2.0
"""How many times longer is asked for once a call was ended for having taken too long."""

_CARRIED = "vidtext:"
"""How the title of a Gradio error begins that carries one of ours out of the process: of others, ZeroGPU keeps only the
class's name."""

_TRUE = ("1", "t", "true")
"""As `spaces.config` reads it. `spaces` imports Gradio, so only the page, and work on such a Space, imports it."""

_OUT_OF_MEMORY = "OutOfMemoryError"


def zero_gpu() -> bool:
    """Tell whether this is a ZeroGPU Space, which lends a GPU for each call and has a line of its own."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in _TRUE


def asked_by(request: object) -> None:
    """Let a ZeroGPU Space count the work of this context as that of whoever sent a request, told by its token.

    Gradio's own events need no help.

    Args:
        request: Starlette's, of the HTTP API.
    """
    if zero_gpu():
        from gradio import Request
        from gradio.context import LocalContext

        LocalContext.request.set(Request(request))


def held_while_forking(lock: threading.Lock | threading.RLock) -> None:
    """Let a lock be free in the processes that ZeroGPU forks, whoever holds it in this one."""
    if zero_gpu():
        os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)


if zero_gpu():
    # A decoder that is garbage when a worker is forked must not be collected there: FFmpeg would wait for its threads,
    # which only the process before the fork has, and for ever.
    os.register_at_fork(after_in_child=gc.freeze)


@dataclass(frozen=True)
class GpuTimeEstimate:
    """What a call will take.

    Attributes:
        of: whose speed is learned: calls with the same value are alike.
        start_seconds: until the first step, with room to spare: weights are moved to the device.
        steps: how many steps it has at most.
        step_seconds: what one takes, with room to spare, as long as none was seen.
    """

    of: str
    start_seconds: float
    steps: int
    step_seconds: float


class StepTimes:
    """How long a step takes, learned from calls; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._step_seconds: dict[str, float] = {}
        self._patience: dict[str, float] = {}

    def seconds(self, effort: GpuTimeEstimate) -> float:
        """Estimate how long a call takes at most."""
        with self._lock:
            seen = self._step_seconds.get(effort.of)
            step = effort.step_seconds if seen is None else seen * _MARGIN
            return (effort.start_seconds + effort.steps * step) * self._patience.get(effort.of, 1.0)

    def learn(self, effort: GpuTimeEstimate, step_seconds: float) -> None:
        """Take in how long a step of a call took."""
        with self._lock:
            before = self._step_seconds.get(effort.of, 0.0)
            self._step_seconds[effort.of] = max(step_seconds, before * _FORGETTING)

    def learn_abort(self, effort: GpuTimeEstimate) -> None:
        """Ask for longer from now on: a call was ended before it was done."""
        with self._lock:
            self._patience[effort.of] = self._patience.get(effort.of, 1.0) * _AFTER_ABORT


STEP_TIMES = StepTimes()
"""The ones of this process."""


def on_gpu(
    effort: Callable[P, GpuTimeEstimate],
) -> Callable[[Callable[P, Generator[Step]]], Callable[P, Generator[Step]]]:
    """Mark a module-level generator function as work for a GPU.

    On a ZeroGPU Space each call runs in a process of its own, on a GPU that is lent for as long as `effort`, called
    with the same arguments, lets expect. Elsewhere the function runs as it is, within the lease that the job has.

    The arguments and what is yielded must pickle, and nothing may depend on what an earlier call left in memory.
    Closing the generator ends the work at its next step. A `VidtextError` comes out as it was raised. Besides:

    Raises:
        GpuRefusedError: ZeroGPU does not lend a GPU, or took it back.
        NoMemoryError: the GPU's memory ran out.
        CancelledError: the visitor left while waiting for a GPU.
    """

    def decorate(work: Callable[P, Generator[Step]]) -> Callable[P, Generator[Step]]:
        if not zero_gpu():
            return work

        import spaces

        def seconds(*args: P.args, **kwargs: P.kwargs) -> float:
            return STEP_TIMES.seconds(effort(*args, **kwargs))

        @wraps(work)
        def lent(*args: P.args, **kwargs: P.kwargs) -> Generator[Step]:
            try:
                yield from work(*args, **kwargs)
            except VidtextError as error:
                raise _carried(error) from error

        borrowing: Callable[P, Generator[Step]] = spaces.GPU(duration=seconds)(lent)

        @wraps(work)
        def call(*args: P.args, **kwargs: P.kwargs) -> Generator[Step]:
            expected = effort(*args, **kwargs)
            with _in_plain_words(expected), closing(borrowing(*args, **kwargs)) as steps:
                yield from _measured(steps, expected)

        return call

    return decorate


def _measured(steps: Iterator[Step], effort: GpuTimeEstimate) -> Generator[Step]:
    """Pass steps on, and learn from the time between the first and the last of them."""
    times: list[float] = []
    try:
        for step in steps:
            times.append(time.monotonic())
            yield step
    finally:
        if len(times) > 1:
            STEP_TIMES.learn(effort, (times[-1] - times[0]) / (len(times) - 1))


def _carried(error: VidtextError) -> Exception:
    import gradio as gr

    carried: Exception = gr.Error(str(error), title=f"{_CARRIED}{type(error).__name__}", print_exception=False)
    return carried


@contextmanager
def _in_plain_words(effort: GpuTimeEstimate) -> Iterator[None]:
    """Turn what `spaces` raises into errors of ours."""
    import gradio as gr

    try:
        yield
    except gr.Error as error:
        if "aborted" in str(error.message):
            STEP_TIMES.learn_abort(effort)
        raise _translated(str(error.title), str(error.message)) from None
    except RuntimeError as error:
        if "Connection closed by visitor" in str(error):
            raise errors.CancelledError("Stopped: the visitor left while waiting for a GPU.") from None
        if "ZeroGPU" in str(error) or "queue disconnect" in str(error) or "end of stream" in str(error):
            raise GpuRefusedError(f"The Space's GPUs cannot be reached ({error}). Try again in a minute.") from None
        raise


def _translated(title: str, message: str) -> Exception:
    """Return the error that a title and a message of `spaces` 0.51 stand for."""
    if title.startswith(_CARRIED):
        carried: Exception = getattr(errors, title.removeprefix(_CARRIED))(message)
        return carried
    if message == _OUT_OF_MEMORY:
        return NoMemoryError("The GPU's memory ran out. Try again with fewer frames or a smaller model.")
    plain = {
        "ZeroGPU illegal duration": "This needs the GPU for longer than this Space may lend it. Choose a shorter "
        "range, fewer frames, or fewer tokens.",
        "ZeroGPU quota exceeded": "The daily share of GPU time is used up.",
        "ZeroGPU pending credits exceeded": "Too many of your tasks run at once. Try again when one has ended.",
        "ZeroGPU queue timeout": "No GPU became free within a minute. Try again later.",
        "ZeroGPU client error": "The Space's GPUs cannot be had now. Reload the page and try again.",
        "ZeroGPU worker error": "The GPU was taken back before the work was done: it took longer than expected. Try "
        "again; more time is asked for then.",
    }
    if "aborted" not in message and title == "ZeroGPU worker error":
        return RuntimeError(f"{message} in the process on the GPU; its traceback is in the log.")  # a defect
    told = plain.get(title, "The Space's GPUs cannot be had now.")
    return GpuRefusedError(f"{told} ({message})" if title == "ZeroGPU quota exceeded" else told)
