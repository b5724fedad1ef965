"""Work on what strangers bring, done in a process of its own: the one seam between the plain and the guarded path.

Every function of this floor that opens a file does its work through `guarded` or `guarded_stream`. Without
`settings.sandbox.enabled` they only call it. With it, the function runs in a worker (`media.sandbox.worker`) that has
limits on memory, time, files and open files, knows nothing of the environment, and is killed when the job is stopped.

This holds against a decoder that crashes, hangs or takes memory without end. It is no wall against code that takes a
worker over: that has the rights of the server's user, for which there are containers.
"""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import signal
import time
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar, cast

import psutil

from vidtext.errors import DeviceError, MediaTooLargeError, UnreadableMediaError, VidtextError
from vidtext.media.sandbox import fork_server
from vidtext.media.sandbox.fork_server import ForkServerEndedError
from vidtext.media.sandbox.messages import (
    Alive,
    Begin,
    Defect,
    End,
    Failed,
    Hatch,
    Item,
    Limits,
    Next,
    Reap,
    read_answer,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import TracebackType

    from vidtext.job import Job
    from vidtext.media.sandbox.messages import Answer
    from vidtext.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.1
"""How often a worker's memory and time are looked at, and whether its job was stopped."""

_HARD_MEMORY_FACTOR = 2
"""At how many times its memory the system itself refuses a worker more: for what grows faster than it is looked at."""

_ANSWER_BYTES = 1 << 20
"""What an answer may have besides pixels."""


def guarded(function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Call a function of a module, in a worker where its `settings` say so.

    Args:
        function: takes `settings` and `job` by name; what it takes and gives pickles.
        arguments: for it.
        named: for it.

    Raises:
        MediaTooLargeError: the work took more memory or time than the settings allow.
        UnreadableMediaError: the decoder crashed, or hangs.
        DeviceError: the process that forks workers was killed.
        CancelledError: the job was stopped.
        VidtextError: whatever the function raises.
    """
    if not _settings(named).sandbox.enabled:
        return function(*arguments, **named)
    with _Worker(function, arguments, named) as worker:
        return worker.begin().value  # type: ignore[no-any-return]


def guarded_stream(
    function: Callable[P, Generator[T, None, None]], *arguments: P.args, **named: P.kwargs
) -> Generator[T, None, None]:
    """Yield what a generator function yields, each item when it is asked for. Otherwise as `guarded`."""
    if not _settings(named).sandbox.enabled:
        yield from function(*arguments, **named)
        return
    with _Worker(function, arguments, named) as worker:
        worker.begin()
        while isinstance(answer := worker.ask(Next()), Item):
            yield answer.value


def _settings(named: dict[str, Any]) -> Settings:
    return named["settings"]  # type: ignore[no-any-return]


class _Worker:
    """A process that does one piece of work. It ends with the context."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        self._settings, self._job = _settings(named), cast("Job", named["job"])
        plain = self._settings.override(sandbox__enabled=False)
        others = {name: value for name, value in named.items() if name not in ("settings", "job")}
        self._work = Begin(function, arguments, {**others, "settings": plain})
        self._process: psutil.Process | None = None
        self._waited_seconds = 0.0
        self._looked = 0.0

    def __enter__(self) -> Self:
        settings = self._settings
        limits = Limits(
            memory_bytes=_HARD_MEMORY_FACTOR * settings.sandbox.memory_bytes,
            cpu_seconds=int(settings.sandbox.total_seconds * (os.cpu_count() or 1)) + 1,
            written_bytes=settings.sandbox.written_bytes,
            open_files=settings.sandbox.open_files,
        )
        self._server, process_id, self._connection = fork_server.hatch(Hatch(limits))
        with contextlib.suppress(psutil.NoSuchProcess):  # its end is noticed below
            self._process = psutil.Process(process_id)
        self._process_id = process_id
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def begin(self) -> Item | End:
        """Have the function called; return what it returns, or nothing yet if it is a generator."""
        return self.ask(self._work)

    def ask(self, request: Begin | Next) -> Item | End:
        """Send a request, pass on what is told meanwhile, and return the answer."""
        try:
            self._connection.send(request)
            while isinstance(answer := self._receive(), Alive):
                if answer.progress is not None:
                    self._job.report(answer.progress.doing, answer.progress.done, answer.progress.total)
        except (EOFError, OSError):
            raise self._why_ended() from None
        except pickle.UnpicklingError as error:
            _log.warning("A worker that decoded a file sent what it must not: %s.", error)
            raise _unreadable("broke the rules of the program that decodes it") from None
        if isinstance(answer, Failed):
            raise answer.error
        if isinstance(answer, Defect):
            raise RuntimeError(f"A worker met a defect.\n{answer.traceback}")  # noqa: TRY004  (no type is wrong)
        return answer

    def _receive(self) -> Answer:
        began = time.monotonic()
        try:
            while True:
                self._look(time.monotonic() - began)
                if self._connection.poll(_LOOK_SECONDS):
                    return read_answer(
                        self._connection.recv_bytes(self._settings.limits.max_frames_bytes + _ANSWER_BYTES)
                    )
        finally:
            self._waited_seconds += time.monotonic() - began

    def _look(self, silent_seconds: float) -> None:
        """End the wait if the job was stopped or the worker is beyond a limit."""
        self._job.check()
        now, settings = time.monotonic(), self._settings
        if now < self._looked + _LOOK_SECONDS:
            return
        self._looked = now
        if self._server.ended:
            raise _ended_from_outside()
        try:
            memory_bytes = self._process.memory_info().rss if self._process else 0
        except psutil.Error:  # it has just ended
            return
        if memory_bytes > settings.sandbox.memory_bytes:
            raise _needs_more_memory(settings)
        if silent_seconds > settings.sandbox.silent_seconds:
            raise _unreadable(f"keeps the program that decodes it busy with one frame for {silent_seconds:.0f} seconds")
        if self._waited_seconds + silent_seconds > settings.sandbox.total_seconds:
            raise _takes_more_time(settings)

    def _why_ended(self) -> VidtextError:
        """End the process, and return what to tell of its end."""
        status = self._end()
        if status is None:
            return _ended_from_outside()
        code = os.waitstatus_to_exitcode(status)
        _log.warning("A worker that decoded a file ended by itself: exit code %d.", code)
        if code == -signal.SIGXCPU:
            return _takes_more_time(self._settings)
        if code == -signal.SIGKILL:  # the system's own way to get memory back
            return _needs_more_memory(self._settings)
        return _unreadable("made the program that decodes it crash")

    def _end(self) -> int | None:
        """End the process, once; return its exit status, None where nobody knows it."""
        if self._connection.closed:
            return None
        self._connection.close()
        try:
            return self._server.reap(Reap(self._process_id))
        except ForkServerEndedError:  # its workers go on without it
            with contextlib.suppress(psutil.Error):
                if self._process:
                    self._process.kill()  # psutil knows whether the id is still that process's
            return None


def _ended_from_outside() -> DeviceError:
    return DeviceError(
        "The process that decodes videos was ended from outside, by an administrator or for lack of memory. Try again."
    )


def _unreadable(what_it_did: str) -> UnreadableMediaError:
    return UnreadableMediaError(
        f"The file {what_it_did}: it is damaged, or was made to do that. Convert it, a video to H.264 in an MP4, and "
        "try again."
    )


def _needs_more_memory(settings: Settings) -> MediaTooLargeError:
    return MediaTooLargeError(
        f"The file needs more than {settings.sandbox.memory_bytes / 1e9:.1f} GB of memory to be decoded. Make its "
        "frames smaller and try again."
    )


def _takes_more_time(settings: Settings) -> MediaTooLargeError:
    return MediaTooLargeError(
        f"The file takes more than {settings.sandbox.total_seconds:g} seconds to be decoded. Cut it, or make its "
        "frames smaller, and try again."
    )
