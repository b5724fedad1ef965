"""The process that decodes what strangers bring, so that a crash, a hang or a lack of memory ends nothing else.

`main` is a fork server: it imports what decoding needs, once, and forks a worker for each piece of work, which takes a
hundredth of a second. Requests come over a socket:

- `Hatch` along with a descriptor: fork; the worker talks over the descriptor. The answer is its process id.
- `Reap`: kill a worker if it still lives. The answer is its exit status, as of `os.waitpid`.

Workers stay zombies until they are reaped, so that an id can never mean another process. When the socket closes, which
it does however the server ends, all workers are killed.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import pickle
import resource
import signal
import socket
import time
import traceback
from collections.abc import Generator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from vidtext.errors import MediaTooLargeError, VidtextError
from vidtext.job import Job, Progress
from vidtext.media.sandbox.messages import Alive, Begin, Defect, End, Failed, Hatch, Item, Reap

if TYPE_CHECKING:
    from vidtext.media.sandbox.messages import Answer, Limits

REQUEST_BYTES = 4096

_FORKED_WITH = (
    "read.sample",
    "read.still",
    "shots.keyframes",
    "shots.search",
    "write.chapter_marks",
    "write.clips",
    "write.preview",
)
"""The modules of `vidtext.media` that the work is in, which bring all that it needs."""

_ALIVE_SECONDS = 0.2
"""Whoever waits hears no more often that the work goes on."""


def main(control_descriptor: int) -> None:
    """Fork workers until the socket closes."""
    control = socket.socket(fileno=control_descriptor)
    for name in _FORKED_WITH:
        importlib.import_module(f"vidtext.media.{name}")
    gc.freeze()  # so that a worker's collections do not copy what they share
    living: set[int] = set()
    while True:
        request, descriptors, _, _ = socket.recv_fds(control, REQUEST_BYTES, 1)
        if not request:
            break
        wish: Hatch | Reap = pickle.loads(request)  # noqa: S301  (it comes from the server)
        if isinstance(wish, Reap):
            os.kill(wish.process_id, signal.SIGKILL)
            _, answer = os.waitpid(wish.process_id, 0)
            living.discard(wish.process_id)
        else:
            answer = os.fork()
            if answer == 0:
                control.close()
                _be_a_worker(Connection(descriptors[0]), wish.limits)
            os.close(descriptors[0])
            living.add(answer)
        control.send(answer.to_bytes(8, "big"))
    for process_id in living:
        os.kill(process_id, signal.SIGKILL)


def _be_a_worker(connection: Connection, limits: Limits) -> NoReturn:
    status = 1
    try:
        with contextlib.suppress(OSError):  # Linux has it: where memory runs out, the worker goes before the server
            Path("/proc/self/oom_score_adj").write_text("1000", "ascii")
        _impose(limits)
        with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):  # nobody waits any more
            _answer_requests(connection)
        status = 0
    finally:
        os._exit(status)


def _impose(limits: Limits) -> None:
    """Put limits on this process, for good."""
    for kind, most in (
        (resource.RLIMIT_DATA, limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_FSIZE, limits.written_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CORE, 0),
    ):
        _, allowed = resource.getrlimit(kind)
        limit = most if allowed == resource.RLIM_INFINITY else min(most, allowed)
        resource.setrlimit(kind, (limit, limit))


def _answer_requests(connection: Connection) -> None:
    job = _WorkersJob(voice=_Voice(connection))
    running: Generator[Any, None, None] | None = None
    while True:
        request = connection.recv()
        try:
            if isinstance(request, Begin):
                made = request.function(*request.arguments, **request.named, job=job)
                running = made if isinstance(made, Generator) else None
                answer: Answer = End(made) if running is None else Item(None)
            else:
                answer = _next_item(running)
        except MemoryError:
            message = "The file needs more memory to be decoded than is allowed. Make its frames smaller and try again."
            answer = Failed(MediaTooLargeError.__name__, message)
        except VidtextError as error:
            answer = Failed(type(error).__name__, str(error))
        except Exception:  # noqa: BLE001  (told to whoever waits, who raises it)
            answer = Defect(traceback.format_exc())
        _send(connection, answer)


def _next_item(running: Generator[Any, None, None] | None) -> Item | End:
    assert running is not None  # noqa: S101  (begun before)
    for value in running:
        return Item(value)
    return End(None)


class _Voice:
    """Tells whoever waits, now and then, that the work goes on, and how far it is."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._due = time.monotonic() + _ALIVE_SECONDS
        self._doing = ""

    def tell(self, progress: Progress | None) -> None:
        now = time.monotonic()
        begins = progress is not None and progress.doing != self._doing
        if begins or now >= self._due:
            self._due = now + _ALIVE_SECONDS
            self._doing = progress.doing if progress is not None else self._doing
            _send(self._connection, Alive(progress))


@dataclass(frozen=True)
class _WorkersJob(Job):
    """What a worker's function reports to. It is stopped by ending the process."""

    voice: _Voice = field(kw_only=True)

    def check(self) -> None:
        self.voice.tell(None)

    def report(self, doing: str, done: int, total: int) -> None:
        self.voice.tell(Progress(doing, done, total))


def _send(connection: Connection, answer: Answer) -> None:
    connection.send_bytes(pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL))
