"""What stands before every request: its size, its token, and how often its client comes."""

from __future__ import annotations

import hmac
import math
import shutil
import tempfile
import threading
import time
from collections import deque
from http import HTTPStatus
from typing import TYPE_CHECKING

from vidtext.api.problems import ProblemError
from vidtext.clients import client_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from vidtext.settings import Settings

_WINDOW_SECONDS = 60.0

DISK_FULL = "The server's disk is nearly full, so that it takes no videos now. Try again later, or give a smaller one."


NO_TOKEN = "This API wants a token: send it as `Authorization: Bearer …`."  # noqa: S105  (a sentence)


def has_token(headers: Mapping[str, str], settings: Settings) -> bool:
    """Tell whether a request has the token of the API, where one is wanted.

    A server with a password and without a token for its API lets nobody use that.
    """
    if not settings.api.token:
        return not settings.server.auth
    given = headers.get("authorization", "")
    return hmac.compare_digest(given.encode(), f"Bearer {settings.api.token}".encode())


DISK_LOOK_BYTES = 16 << 20
"""After how much of a request the disk is looked at again."""


def disk_has_room(length_bytes: int, settings: Settings) -> bool:
    """Tell whether a request of this length still leaves `min_free_disk_bytes` where temporary files are."""
    return free_disk_bytes() - length_bytes >= settings.server.min_free_disk_bytes


def free_disk_bytes() -> int:
    """Return how much of the disk is free where temporary files are."""
    return shutil.disk_usage(tempfile.gettempdir()).free


class Visits:
    """When each client came within the last minute; safe to use from several threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._times: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def wait_seconds(self, client: str, now: float) -> float:
        """Note a visit and return 0, or return how long until the client may come again."""
        with self._lock:
            self._forget(now)
            times = self._times.setdefault(client, deque())
            if len(times) >= self._most:
                return times[0] + _WINDOW_SECONDS - now
            times.append(now)
            return 0.0

    def _forget(self, now: float) -> None:
        for client, times in list(self._times.items()):
            while times and times[0] <= now - _WINDOW_SECONDS:
                times.popleft()
            if not times:
                del self._times[client]


class Gate:
    """An ASGI middleware that lets a request in, or answers it with a problem before it is read whole."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings
        self._visits = Visits(settings.api.requests_per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            scope["client_name"] = self._client(scope, headers)
            self._check_visit(scope["client_name"])
            bounded = self._bounded(headers, receive)
        except ProblemError as problem:
            await problem.response(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, bounded, watched)
        except ProblemError as problem:  # while the body was read
            if begun:
                raise
            await problem.response(scope, receive, send)

    def _client(self, scope: Scope, headers: dict[str, str]) -> str:
        """Name who asks by the address: behind a proxy that uvicorn trusts, the one that the proxy says.

        Raises:
            ProblemError: a token is wanted, and this is not it.
        """
        if not has_token(headers, self._settings):
            raise ProblemError(
                HTTPStatus.UNAUTHORIZED, NO_TOKEN, "Unauthorized", headers=(("WWW-Authenticate", "Bearer"),)
            )
        return client_of(scope)

    def _check_visit(self, client: str) -> None:
        wait = self._visits.wait_seconds(client, time.monotonic())
        if wait > 0:
            raise ProblemError(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"{self._settings.api.requests_per_minute} requests a minute are allowed. Try again in {wait:.0f} s.",
                "TooManyRequests",
                headers=(("Retry-After", str(math.ceil(wait))),),
            )

    def _bounded(self, headers: dict[str, str], receive: Receive) -> Receive:
        """Return a `receive` that refuses more bytes than are allowed.

        Raises:
            ProblemError: the request says that it is too large.
        """
        multipart = headers.get("content-type", "").startswith("multipart/")
        most = self._settings.limits.max_source_bytes if multipart else self._settings.api.max_json_bytes
        too_large = ProblemError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"The request is larger than {most:,} bytes. Upload the video as multipart/form-data, or give its address."
            if not multipart
            else f"The upload is larger than {most:,} bytes. Give a shorter or smaller video.",
            "RequestTooLarge",
        )
        said = headers.get("content-length", "")
        length = int(said) if said.isdecimal() else 0
        if length > most:
            raise too_large
        disk_full = ProblemError(
            HTTPStatus.INSUFFICIENT_STORAGE, DISK_FULL, "DiskFull", headers=(("Retry-After", "60"),)
        )
        if not disk_has_room(length, self._settings):
            raise disk_full
        read = looked_at = 0

        async def bounded() -> Message:
            nonlocal read, looked_at
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:
                raise too_large
            if read - looked_at > DISK_LOOK_BYTES:  # several at once, or one that tells no length
                looked_at = read
                if not disk_has_room(0, self._settings):
                    raise disk_full
            return message

        return bounded
