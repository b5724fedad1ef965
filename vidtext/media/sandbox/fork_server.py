"""The server's side of `vidtext.media.sandbox.worker`: the fork server is started when it is first needed, and kept."""

from __future__ import annotations

import atexit
import contextlib
import os
import pickle
import socket
import subprocess
import sys
import threading
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from vidtext.errors import OptionError

if TYPE_CHECKING:
    from vidtext.media.sandbox.messages import Hatch, Reap

_AVAILABLE = hasattr(os, "fork") and hasattr(socket, "send_fds")
"""Whether this system has what workers need: Linux and macOS do."""

_KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "TZ")
"""All that a worker learns of the environment, where servers keep their secrets."""

_ANSWER_BYTES = 8

_STOP_SECONDS = 5.0


class ForkServerEndedError(Exception):
    """The fork server was killed from outside."""


class ForkServer:
    """One process that forks workers. Its methods may be called from any thread."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  (our own module, in our own Python)
                [sys.executable, "-c", f"from vidtext.media.sandbox.worker import main; main({theirs.fileno()})"],
                pass_fds=[theirs.fileno()],
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # FFmpeg writes there, in words that a stranger may choose
                start_new_session=True,  # Ctrl-C is for the server, which then ends this
            )
        self._lock = threading.Lock()
        self.owner = os.getpid()

    def hatch(self, wish: Hatch) -> tuple[int, Connection]:
        """Fork a worker; return its process id, and the connection to it.

        Raises:
            ForkServerEndedError: there is nobody to fork it.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                process_id = self._ask(wish, [theirs.fileno()])
            except ForkServerEndedError:
                ours.close()
                raise
        return process_id, Connection(ours.detach())

    def reap(self, wish: Reap) -> int:
        """End a worker; return its exit status as `os.waitstatus_to_exitcode` takes it.

        Raises:
            ForkServerEndedError: there is nobody to end it; it ends with its connection, or at its limits.
        """
        return self._ask(wish, [])

    def _ask(self, wish: Hatch | Reap, descriptors: list[int]) -> int:
        with self._lock:
            try:
                socket.send_fds(self._control, [pickle.dumps(wish)], descriptors)
                answer = self._control.recv(_ANSWER_BYTES)
            except OSError as error:
                raise ForkServerEndedError from error
        if not answer:
            raise ForkServerEndedError
        return int.from_bytes(answer, "big")

    @property
    def ended(self) -> bool:
        """Whether the process is gone: it was killed, or stopped."""
        return self._process.poll() is not None

    def stop(self) -> None:
        """End it, and all workers with it."""
        self._control.close()
        if self.owner == os.getpid():  # it is no child of a process that was forked from the server
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_SECONDS)


_kept: list[ForkServer] = []
"""The one of this process, if there is one."""

_starting = threading.Lock()


def start() -> None:
    """Start the fork server, and do not wait until it is ready."""
    with _starting:
        _current()


def hatch(wish: Hatch) -> tuple[ForkServer, int, Connection]:
    """Fork a worker from the fork server that is kept, or from a new one where that has ended.

    Raises:
        OptionError: this system cannot fork.
    """
    with _starting:
        server = _current()
        try:
            return server, *server.hatch(wish)
        except ForkServerEndedError:
            server.stop()
            _kept.clear()
        server = _current()
        return server, *server.hatch(wish)


def _current() -> ForkServer:
    if not _AVAILABLE:
        raise OptionError(
            "Files cannot be decoded in a process of their own on this system, which cannot fork. Set "
            "VIDTEXT_SANDBOX__ENABLED=0 where all that may reach this program is trusted."
        )
    if not _kept or _kept[0].owner != os.getpid():  # it was another process's before this one was forked from that
        _kept[:] = [ForkServer()]
        atexit.register(_kept[0].stop)
    return _kept[0]


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)  # noqa: PTH100  ("" is the working folder)
    # One thread: a process with more cannot be forked.
    return {**kept, "PYTHONPATH": path, "PYTHONSAFEPATH": "1", "OPENBLAS_NUM_THREADS": "1"}
