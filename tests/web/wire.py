"""HTTP by hand, over sockets: requests that are sent in part, slowly, or from another address of this machine."""

from __future__ import annotations

import contextlib
import select
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.ui.serving import Served

PATIENCE_SECONDS = 60.0
STRANGER = "127.0.0.2"
"""An address of this machine that no server trusts as a proxy."""


class Wire:
    """A connection to a server."""

    def __init__(self, served: Served, source: str = "127.0.0.1", *, receive_bytes: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(PATIENCE_SECONDS)
        self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", urlsplit(served.address).port or 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, text: str | bytes) -> Self:
        with contextlib.suppress(ConnectionError):  # what the server says of it is in its answer
            self.socket.sendall(text.encode() if isinstance(text, str) else text)
        return self

    def post(self, path: str, length: int, kind: str = "application/json", client: str = "") -> Self:
        """Send the header of a request; its body is to follow."""
        named = f"X-Forwarded-For: {client}\r\n" if client else ""
        return self.send(
            f"POST {path} HTTP/1.1\r\nHost: here\r\n{named}Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
        )

    def status(self) -> int:
        """Wait for the status of the answer; 0 if the connection is closed instead."""
        answer = b""
        with contextlib.suppress(ConnectionError):
            while b"\r\n" not in answer and (more := self.socket.recv(4096)):
                answer += more
        return int(answer.split()[1]) if answer else 0

    def ended(self, seconds: float) -> bool:
        """Tell whether the server closes the connection within so many seconds; nothing is read for it."""
        poll = select.poll()
        poll.register(self.socket, select.POLLHUP | select.POLLERR | select.POLLRDHUP)
        return bool(poll.poll(seconds * 1000))

    @property
    def is_open(self) -> bool:
        return not self.ended(0)


@contextmanager
def wires(served: Served, count: int, text: str = "", source: str = "127.0.0.1") -> Iterator[list[Wire]]:
    """Open so many connections, and send something over each."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Wire(served, source)).send(text) for _ in range(count)]
