"""What a ZeroGPU Space asks for a GPU: the service that `spaces` talks to, with as many GPUs as are wanted.

It keeps to the protocol of `spaces.zero.api` (0.51): who schedules a task gets a token, the forked process that will do
it allows itself with the token and its process id, and is killed once the seconds that were asked for are over.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_DEVICE = str(Path(__file__).with_name("no_device.py"))
"""Runs a script as on a ZeroGPU Space, with the environment that `DeviceApi.environment` gives."""


@dataclass
class Refusal:
    """What the service says instead of lending: a status, what was left of a quota and when there is more."""

    status: int
    result: str = ""
    left: int = 0
    wait: str = "0:00:00"


@dataclass
class DeviceApi:
    """The service, and what it was asked.

    Attributes:
        address: where it is.
        second: how long a second of a duration lasts until the process is killed.
        refusal: what it says from now on; None for lending.
        calls: the path and the arguments of every request.
    """

    address: str = ""
    second: float = 1.0
    refusal: Refusal | None = None
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    _timers: dict[str, threading.Timer] = field(default_factory=dict)
    _seconds: dict[str, float] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def environment(self, home: Path) -> dict[str, str]:
        """Return what tells a script that it is on a ZeroGPU Space; `spaces` keeps its files in a home."""
        return {
            "SPACES_ZERO_GPU": "true",
            "SPACES_ZERO_DEVICE_API_URL": self.address,
            "HOME": str(home),
            "OMP_NUM_THREADS": "1",  # OpenMP's threads do not outlive a fork
        }

    def asked(self, path: str) -> list[dict[str, str]]:
        with self._changed:
            return [arguments for called, arguments in self.calls if called == path]

    def wait_for(self, path: str, count: int = 1) -> list[dict[str, str]]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.asked(path)) >= count, timeout=60), self.calls
            return self.asked(path)

    def answer(self, path: str, arguments: dict[str, str]) -> tuple[int, dict[str, str], object]:
        """Return the status, headers and JSON that a request gets."""
        with self._changed:
            self.calls.append((path, arguments))
            self._changed.notify_all()
            if path == "/schedule":
                return self._schedule(arguments)
            if path == "/allow":
                self._allow(arguments["allowToken"], int(arguments["pid"]))
            if path == "/release":
                timer = self._timers.pop(arguments["allowToken"], None)
                if timer is None:
                    return HTTPStatus.NOT_FOUND, {}, {}
                timer.cancel()
            return HTTPStatus.OK, {}, {}

    def _schedule(self, arguments: dict[str, str]) -> tuple[int, dict[str, str], object]:
        if self.refusal:
            quota = {"left": self.refusal.left, "wait": self.refusal.wait}
            result = {"X-Approve-Result": self.refusal.result} if self.refusal.result else {}
            return self.refusal.status, result, quota
        token = f"token-{len(self.calls)}"
        self._seconds[token] = float(arguments["durationSeconds"])
        lent = {"idle": False, "nvidiaIndex": 0, "nvidiaUUID": "GPU-0", "allowToken": token}
        return HTTPStatus.OK, {}, lent

    def _allow(self, token: str, pid: int) -> None:
        assert pid != os.getpid()
        timer = threading.Timer(self._seconds[token] * self.second, self._kill, [token, pid])
        timer.daemon = True
        self._timers[token] = timer
        timer.start()

    def _kill(self, token: str, pid: int) -> None:
        with self._changed:
            if self._timers.pop(token, None):
                os.kill(pid, signal.SIGKILL)


@contextmanager
def device_api() -> Iterator[DeviceApi]:
    """Run the service on loopback."""
    api = DeviceApi()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            address = urlsplit(self.path)
            arguments = {name: values[0] for name, values in parse_qs(address.query).items()}
            status, headers, body = api.answer(address.path, arguments)
            content = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Type": "application/json"}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    api.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield api
    finally:
        for call in api.asked("/allow"):  # workers wait for more, also when whoever forked them is gone
            with suppress(ProcessLookupError):
                os.kill(int(call["pid"]), signal.SIGKILL)
        server.shutdown()
        server.server_close()
        thread.join()
