"""What clients send, as it comes: how many requests, how many bytes, how slowly. It is around the whole application.

All that is being received counts, for its client and for all together, so that a request that is sent in part costs
nothing that grows. Bodies that an application holds in memory have a share of `received_bytes`; files that are uploaded
go to the disk and count in `vidtext.api.uploads`.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import math
import secrets
import time
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse

from vidtext.api.app import PREFIX as API
from vidtext.api.gate import DISK_LOOK_BYTES
from vidtext.api.problems import ProblemError
from vidtext.api.uploads import UPLOADS
from vidtext.clients import client_of, working_for
from vidtext.counts import count

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from vidtext.settings import Settings

UPLOAD = "/gradio_api/upload"

_MCP = "/gradio_api/mcp"

_CLIENT = b"x-vidtext-client"
"""A header of this server to itself."""

_HEALTH = ("/healthz", "/readyz")
"""Are answered however many requests there are."""

_FORM_ROOM_BYTES = 1 << 16
"""What a form takes besides the file that it holds."""

_SMALL_BYTES = 1 << 16
"""What each body may have without counting: uvicorn's own buffer of one request holds as much."""

_DISCONNECT: Message = {"type": "http.disconnect"}

_RETRY_SECONDS = 10
"""When to try again where that depends on others."""


class Intake:
    """An ASGI application around all others."""

    def __init__(self, app: ASGIApp, settings: Settings, *, most_requests: int, renew: Callable[[], None]) -> None:
        """Take the limits.

        Args:
            app: the application.
            settings: the limits of clients and bodies.
            most_requests: how many requests may be worked on at the same time.
            renew: makes the folder for temporary files anew if it is gone.
        """
        self._app, self._settings, self._renew = app, settings, renew
        self._secret = secrets.token_hex(16).encode()
        self._requests = Shares(settings.server.max_connections_per_client, most_requests)
        self._held = Shares(settings.server.received_bytes_per_client, settings.server.received_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through as far as the limits allow."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"].removeprefix(self._settings.server.root_path.rstrip("/"))
        scope = self._with_client(scope, path)
        client = client_of(scope)
        request = _Request(scope, receive, send, _Body(client, path, Headers(scope=scope), self._settings, self._held))
        free = path in _HEALTH
        if not free and not self._requests.take(client, 1):
            await request.refuse_at_start(_too_many(self._requests.has(client), self._settings))
            return
        try:
            self._renew()
            problem = request.body.refusal_at_start()
            if problem is None:
                with working_for(client):
                    await self._app(scope, request.receive, request.send)
            else:
                await request.refuse_at_start(problem)
        except Exception as error:
            # An application that is told of a client's leaving may raise whatever it likes; nobody waits for an answer.
            if not (request.refused or isinstance(error, ClientDisconnect)):
                raise
        finally:
            request.body.end()
            if not free:
                self._requests.give_back(client, 1)

    def _with_client(self, scope: Scope, path: str) -> Scope:
        """Let what Gradio's MCP server asks of this server itself, with the headers of its client, be that client's."""
        headers = [(name, value) for name, value in scope["headers"] if name != _CLIENT]
        told = next((value for name, value in scope["headers"] if name == _CLIENT), b"")
        secret, _, host = told.partition(b" ")
        if hmac.compare_digest(secret, self._secret):
            scope = {**scope, "client": (host.decode("latin-1"), 0)}
        if path.startswith(_MCP) and scope.get("client"):
            headers.append((_CLIENT, b"%s %s" % (self._secret, str(scope["client"][0]).encode("latin-1", "replace"))))
        return {**scope, "headers": headers}


class Shares:
    """An amount of something of which clients have parts; for one thread alone."""

    def __init__(self, most_a_client: int, most: int) -> None:
        self._most_a_client, self._most = most_a_client, most
        self._taken: dict[str, int] = {}

    def take(self, client: str, amount: int) -> bool:
        """Take more, and tell whether there was so much."""
        own = self.has(client) + amount
        if own > self._most_a_client or sum(self._taken.values()) + amount > self._most:
            return False
        self._taken[client] = own
        return True

    def has(self, client: str) -> int:
        """Return how much a client has."""
        return self._taken.get(client, 0)

    def give_back(self, client: str, amount: int) -> None:
        """Give back what was taken."""
        self._taken[client] -= amount
        if not self._taken[client]:
            del self._taken[client]


class _Request:
    """One request: its body on the way in, the answer on the way out."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, body: _Body) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self.body = body
        self.refused = self._answered = False

    async def receive(self) -> Message:
        """Receive the next part of the body. Where it must not go on, its client is answered, and gone for the rest."""
        if self.refused:
            return _DISCONNECT
        if not self.body.goes_on:
            return await self._receive()
        began = time.monotonic()
        try:
            async with asyncio.timeout(self.body.patience_seconds):
                message = await self._receive()
        except TimeoutError:
            problem: ProblemError | None = self.body.too_slow()
        else:
            problem = self.body.came(message, time.monotonic() - began)
        if problem is None:
            return message
        await self.refuse(problem)
        return _DISCONNECT

    async def send(self, message: Message) -> None:
        """Pass a part of the answer on, unless the request was refused meanwhile."""
        if self.refused:
            return
        self._answered = True
        self.body.note_answer(message)
        await self._send(message)

    async def refuse_at_start(self, problem: ProblemError) -> None:
        """Answer, and count the request, which the application does not see."""
        count("requests", status=str(problem.status.value))
        await self.refuse(problem)

    async def refuse(self, problem: ProblemError) -> None:
        """Answer instead of the application, if that has not begun to."""
        if not self._answered:
            if self.body.of_api:
                await problem.response(self._scope, self._receive, self._send)
            else:
                answer = PlainTextResponse(problem.detail, problem.status, dict(problem.headers))
                await answer(self._scope, self._receive, self._send)
        self.refused = True


class _Body:
    """A request's body, and what it counts as."""

    def __init__(self, client: str, path: str, headers: Headers, settings: Settings, held: Shares) -> None:
        self._client, self._settings, self._held = client, settings, held
        self.of_api = path == API or path.startswith(f"{API}/")
        self._uploads = path.rstrip("/") == UPLOAD
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        self._to_disk = kind == "multipart/form-data" and (self._uploads or self.of_api)
        length = headers.get("content-length", "")
        self._length = int(length) if length.isdecimal() else 0
        self._patience_seconds = settings.server.body_silent_seconds
        self._waited_seconds = 0.0
        self._read = self._counted = self._looked_at = 0
        self._status, self._answer = 0, b""
        self.goes_on = True

    @property
    def _most(self) -> float:
        if self.of_api:
            return math.inf  # the API's own gate knows better
        most = self._settings.limits.max_source_bytes + _FORM_ROOM_BYTES
        return most if self._uploads and self._to_disk else self._settings.page.max_request_bytes

    @property
    def patience_seconds(self) -> float:
        """How long to wait for the next part."""
        return max(0.0, min(self._patience_seconds, self._settings.server.body_seconds - self._waited_seconds))

    def refusal_at_start(self) -> ProblemError | None:
        """Return why the body is not received at all, None if it is."""
        if self._length > self._most:
            return _too_large(self._most)
        return UPLOADS.refusal(self._client, self._length, self._settings) if self._to_disk else None

    def came(self, message: Message, waited_seconds: float) -> ProblemError | None:
        """Count a part; return why no more is received, None if it is."""
        came = len(message.get("body", b""))
        self.goes_on = bool(message.get("more_body", False))
        self._read += came
        self._waited_seconds += waited_seconds
        self._patience_seconds = min(
            self._settings.server.body_silent_seconds,
            max(0.0, self._patience_seconds - waited_seconds) + came / self._settings.server.body_bytes_per_second,
        )
        if self._read > self._most:
            return _too_large(self._most)
        return self._on_disk(came) if self._to_disk else self._in_memory()

    def _in_memory(self) -> ProblemError | None:
        more = max(0, self._read - _SMALL_BYTES) - self._counted
        if more and not self._held.take(self._client, more):
            return _too_much(self._settings)
        self._counted += more
        return None

    def _on_disk(self, came: int) -> ProblemError | None:
        UPLOADS.coming(self._client, came)
        self._counted += came
        if not self.goes_on:
            self._stop_counting()
        elif self._read - self._looked_at > DISK_LOOK_BYTES:  # several at once, or one that tells no length
            self._looked_at = self._read
            return UPLOADS.refusal(self._client, 0, self._settings)
        return None

    def too_slow(self) -> ProblemError:
        """Return why no more of a body is waited for."""
        self.goes_on = False
        return ProblemError(
            HTTPStatus.REQUEST_TIMEOUT,
            f"The request stopped coming for {self._settings.server.body_silent_seconds:g} s, or came more slowly than "
            f"{self._settings.server.body_bytes_per_second:,} bytes a second. Send it again over a faster connection.",
            "RequestTimeout",
        )

    def note_answer(self, message: Message) -> None:
        """Take in the answer to an upload: it names the files, which are this client's from now on."""
        if not self._uploads:
            return
        if message["type"] == "http.response.start":
            self._status = message["status"]
        elif self._status == HTTPStatus.OK:
            self._answer += message.get("body", b"")
            if not message.get("more_body", False):
                UPLOADS.stored(self._client, map(Path, json.loads(self._answer)))

    def end(self) -> None:
        """Count no longer what was received."""
        if self._to_disk:
            self._stop_counting()
        elif self._counted:
            self._held.give_back(self._client, self._counted)

    def _stop_counting(self) -> None:
        UPLOADS.coming(self._client, -self._counted)
        self._counted = 0


def _too_many(own: int, settings: Settings) -> ProblemError:
    status, detail = (
        (
            HTTPStatus.TOO_MANY_REQUESTS,
            f"{own} of your requests are being worked on, and no more may. Wait until one has ended.",
        )
        if own >= settings.server.max_connections_per_client
        else (
            HTTPStatus.SERVICE_UNAVAILABLE,
            "The server works on as many requests as it can. Try again in a moment.",
        )
    )
    return ProblemError(status, detail, "TooManyRequests", headers=(("Retry-After", str(_RETRY_SECONDS)),))


def _too_large(most: float) -> ProblemError:
    return ProblemError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"The request is larger than {most:,} bytes, the most that is taken here. Send less, or a shorter video.",
        "RequestTooLarge",
    )


def _too_much(settings: Settings) -> ProblemError:
    return ProblemError(
        HTTPStatus.TOO_MANY_REQUESTS,
        f"The requests that are being received take more memory than is allowed: "
        f"{settings.server.received_bytes_per_client:,} bytes for one client, {settings.server.received_bytes:,} for "
        "all. Send one after the other, or send videos as multipart/form-data.",
        "TooManyBytes",
        headers=(("Retry-After", str(_RETRY_SECONDS)),),
    )
