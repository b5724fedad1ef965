"""Connections to the server: how many there may be, and how long one may last without a request.

uvicorn by itself limits neither the time that headers take nor the connections of one client, and with the system's
limit of open files reached it answers nobody. Gradio's `launch` passes no options on to uvicorn, so the server and the
protocol that Gradio starts are extended here.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from gradio import http_server
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.h11_impl import H11Protocol

from vidtext.clients import client_of
from vidtext.web.intake import Intake

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from vidtext.settings import Settings

_FILES_A_CONNECTION = 2
"""The open files of one connection: its socket, and the file that is uploaded or downloaded through it."""

_FILES_BESIDES = 256
"""The open files of everything else: libraries, models, workers and their pipes."""

_LONGEST_BACKLOG = 512
"""How many connections asyncio accepts before it hands any of them on: as many as nginx leaves in the queue."""

_EVICTED_SHARE = 0.05
"""The part of the connections without a request that is closed at once when there are too many."""

_KEPT_FREE = 8
"""One in so many connections is left to those that have sent no request yet, so that health checks find a place."""

_TICKS_A_LOOK = 10
"""uvicorn ticks ten times a second."""


def bound_connections(settings: Settings, renew: Callable[[], None]) -> None:
    """Give the server that Gradio starts its limits: in this process, once, before it serves.

    Args:
        settings: the limits.
        renew: makes the folder for temporary files anew if it is gone.
    """
    most = _most_connections(settings)

    class BoundedServer(http_server.Server):  # type: ignore[misc]  # Gradio has no types here
        def __init__(self, config: Any, *arguments: Any, **named: Any) -> None:  # noqa: ANN401  uvicorn's Config
            super().__init__(config, *arguments, **named)
            self.connections = Connections(settings, most, config.forwarded_allow_ips)
            config.app = Intake(config.app, settings, most_requests=most - most // _KEPT_FREE, renew=renew)
            config.http, config.ws = self.connections.protocol, "none"
            config.backlog = min(_LONGEST_BACKLOG, most // 2)

        async def on_tick(self, counter: int) -> bool:
            if counter % _TICKS_A_LOOK == 0:
                self.connections.close_overdue()
            return bool(await super().on_tick(counter))

    http_server.Server = BoundedServer


def _most_connections(settings: Settings) -> int:
    """Return how many connections the limit of open files has room for; raise that limit as far as is needed."""
    if sys.platform == "win32":
        return settings.server.max_connections
    import resource

    wanted = settings.server.max_connections * _FILES_A_CONNECTION + _FILES_BESIDES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return settings.server.max_connections
    return max(1, (soft - min(_FILES_BESIDES, soft // 2)) // _FILES_A_CONNECTION)


class Connections:
    """All connections of a server, in its event loop."""

    def __init__(self, settings: Settings, most: int, trusted: str | list[str]) -> None:
        """Take the limits.

        Args:
            settings: the limits of each connection and client.
            most: how many connections there may be.
            trusted: the addresses of proxies, as uvicorn takes them.
        """
        self._settings, self._most = settings, most
        self._proxies = ProxyHeadersMiddleware(_nothing, trusted).trusted_hosts
        self._open: set[BoundedConnection] = set()
        self._of_client: Counter[str] = Counter()

    def protocol(self, *arguments: Any, **named: Any) -> BoundedConnection:  # noqa: ANN401  uvicorn's own
        """Make the protocol of a new connection."""
        return BoundedConnection(self, *arguments, **named)

    def admit(self, new: BoundedConnection) -> None:
        """Count a connection in; if there are too many, close those that have been without a request for longest.

        A client that sends its request at once is served also while others hold all other connections without one.
        The connections of a trusted proxy are of many clients, so only their number in all is limited.
        """
        self._open.add(new)
        self._of_client[new.peer] += 1
        proxy = new.client is not None and new.client[0] in self._proxies
        if not proxy and self._of_client[new.peer] > self._settings.server.max_connections_per_client:
            self._evict([each for each in self._open if each.peer == new.peer])
        if len(self._open) > self._most:
            self._evict(list(self._open))

    def left(self, gone: BoundedConnection) -> None:
        """Count a connection out."""
        if gone in self._open:
            self._open.remove(gone)
            self._of_client[gone.peer] -= 1
            self._of_client += Counter()  # drops those at 0

    def close_overdue(self) -> None:
        """Close connections without a request, or whose client reads no answer, for longer than is allowed."""
        for each in tuple(self._open):
            now = each.loop.time()
            if each.stalled(now, self._settings.server.stalled_response_seconds):
                each.reset()
            elif each.idle and now - each.idle_since > self._settings.server.header_seconds:
                each.transport.close()

    def _evict(self, candidates: list[BoundedConnection]) -> None:
        idle = sorted((each for each in candidates if each.idle), key=lambda each: each.idle_since)
        for each in idle[: max(1, int(len(idle) * _EVICTED_SHARE))]:
            self.left(each)  # at once: the event loop tells of it only after it has accepted others
            each.reset()


async def _nothing(*_: object) -> None:
    """Stand in for an application."""


class BoundedConnection(H11Protocol):
    """One connection, as uvicorn has it; it tells since when it has had no request.

    Attributes:
        peer: the other end, as `vidtext.clients.client_of` names it: a client or a proxy.
        idle_since: when the connection began to wait for a request, by the event loop's clock.
    """

    def __init__(self, connections: Connections, *arguments: Any, **named: Any) -> None:  # noqa: ANN401  uvicorn's own
        super().__init__(*arguments, **named)
        self._all = connections
        self.peer = ""
        self.idle_since = self.loop.time()
        self._unread_bytes = 0
        self._unread_since = 0.0

    @property
    def idle(self) -> bool:
        """Whether no request is being worked on."""
        return self.cycle is None or self.cycle.response_complete

    def stalled(self, now: float, most_seconds: float) -> bool:
        """Whether the client has taken nothing of its answer for so long; to be asked again and again."""
        unread_bytes = self.transport.get_write_buffer_size()
        if unread_bytes != self._unread_bytes or not unread_bytes:
            self._unread_bytes, self._unread_since = unread_bytes, now
        return now - self._unread_since > most_seconds

    def reset(self) -> None:
        """End the connection without a word: the system would otherwise keep what the client does not read."""
        linger = struct.pack("ii", 1, 0)  # on, for no time
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Take a connection."""
        super().connection_made(transport)
        self.peer = client_of({"client": self.client})
        self._all.admit(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let it go."""
        self._all.left(self)
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self.idle_since = self.loop.time()
        super().on_response_complete()

    def _should_upgrade(self) -> bool:
        """Take a request to change the protocol as a plain one, in silence: nothing here talks over websockets."""
        return False
