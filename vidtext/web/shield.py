"""Which requests are let in: which addresses exist, for whom, and from the pages of which sites."""

from __future__ import annotations

import math
import re
import time
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, QueryParams
from starlette.responses import JSONResponse, PlainTextResponse, Response

from vidtext.api.app import PREFIX as API
from vidtext.api.gate import NO_TOKEN, has_token
from vidtext.api.problems import ProblemError
from vidtext.clients import client_of
from vidtext.counts import count
from vidtext.web.login import LOGIN, needs_login
from vidtext.web.logs import log_request
from vidtext.web.origins import is_refused
from vidtext.web.response_headers import Answer
from vidtext.web.tries import FailedTries

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from vidtext.settings import Settings

_GRADIO = "/gradio_api"

_ROUTES = (
    "/",
    "/(config|theme.css|robots.txt|favicon.ico|manifest.json|healthz|readyz|metrics|docs|login|logout)/?",
    "/(static|assets|svelte|v1)(/.*)?",
    f"{_GRADIO}/(info|openapi.json|app_id|startup-events|upload|upload_progress|login_check|user)/?",
    f"{_GRADIO}/(queue/(join|data|status)|cancel|reset|heartbeat/[^/]+)/?",
    f"{_GRADIO}/(call|run|api)/.*",
    f"{_GRADIO}/mcp(/.*)?",
    f"{_GRADIO}/file=.*",
)
"""What the page, Gradio's client, MCP and the HTTP API ask for. Gradio has more: an endpoint that fetches from other
servers, one that hands out the session's token, ones for its editor, for recordings and for live streams. They do not
exist here."""

_EXISTING = re.compile("|".join(f"({route})" for route in _ROUTES), re.DOTALL)

_ELSEWHERE = re.compile(rf"{_GRADIO}/file=/*[a-z][a-z0-9+.-]*:", re.IGNORECASE)
"""A file that is the address of another server: Gradio would fetch it and pass it on."""

_TOLD = re.compile(r"(/(heartbeat|call|run|api|assets|static|svelte|mcp|jobs)/|/file=).*", re.DOTALL)
"""Where an address stops being told in the log: what comes behind may name a visitor's file or session."""

_EVENTS, _CALL, _MCP, _METRICS = f"{_GRADIO}/queue/data", f"{_GRADIO}/call/", f"{_GRADIO}/mcp", "/metrics"


class Shield:
    """An ASGI middleware around the page, the HTTP API and everything else that the server answers."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        """Take the limits."""
        self._app, self._settings = app, settings
        self._tries = FailedTries(settings.server.failed_logins_per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http":
            await (self._app(scope, receive, send) if scope["type"] == "lifespan" else _close(send))
            return
        _add_prefix(scope)
        path, began = route_of(scope), time.monotonic()
        path = LOGIN if path == f"{LOGIN}/" else path
        answer = Answer(scope, send, self._settings)
        exists, refusal = self._exists(path), None
        try:
            refusal = self._refusal(path, scope) if exists else _NOTHING_HERE
            if refusal is None:
                await self._app(scope, receive, answer.send)
            else:
                await refusal(scope, receive, answer.send)
        finally:
            if refusal is None and _is_login(path, scope) and answer.status != HTTPStatus.BAD_REQUEST:
                self._tries.succeeded(client_of(scope))
            count("requests", status=str(answer.status))
            told = _TOLD.sub(r"\1", path) if exists else "elsewhere"
            log_request(scope["method"], told, answer.status, time.monotonic() - began)

    def _exists(self, path: str) -> bool:
        if path == _METRICS:
            return self._settings.server.metrics
        return bool(_EXISTING.fullmatch(path)) and not _ELSEWHERE.match(path)

    def _refusal(self, path: str, scope: Scope) -> Response | None:
        """Return the answer to a request that is not let in. The HTTP API has a gate of its own."""
        if is_refused(scope, path, self._settings.server.origins):
            return _FOREIGN
        if scope["method"] == "OPTIONS":
            return Response(status_code=HTTPStatus.NO_CONTENT)
        if (wait := self._tried(path, scope)) > 0:
            return _too_many_tries(path, wait)
        if path.startswith(f"{API}/"):
            return None
        if refusal := self._not_let_in(path, scope):
            return refusal
        return None if _has_events(path, scope) else _NOTHING_HERE

    def _tried(self, path: str, scope: Scope) -> float:
        """Count the try of a password, and that of a wrong token; return how long its client must wait, 0 for now."""
        login, tokened = _is_login(path, scope), "authorization" in Headers(scope=scope)
        if not login and not tokened:
            return 0.0
        client = client_of(scope)
        wait = self._tries.wait_seconds(client)
        if wait == 0 and (login or not has_token(Headers(scope=scope), self._settings)):
            self._tries.begin(client)
        return wait

    def _not_let_in(self, path: str, scope: Scope) -> Response | None:
        if path.startswith(_MCP):
            if has_token(Headers(scope=scope), self._settings):
                return None
            return PlainTextResponse(NO_TOKEN, HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": "Bearer"})
        if needs_login(path, scope, self._settings):
            return JSONResponse({"detail": {"error": "Not authenticated"}}, HTTPStatus.UNAUTHORIZED)
        return None


def _add_prefix(scope: Scope) -> None:
    """Put back what a proxy took from the path: routes below a mount are not found otherwise."""
    root: str = scope.get("root_path", "")
    if root and not scope["path"].startswith(f"{root}/"):
        scope["path"] = root + scope["path"]


def route_of(scope: Scope) -> str:
    """Return the path of a request as the server's own routes name it, without the prefix of a proxy."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path[len(root) :] if root and path.startswith(f"{root}/") else path


_NOTHING_HERE = PlainTextResponse("There is nothing at this address.", HTTPStatus.NOT_FOUND)

_FOREIGN = PlainTextResponse(
    "A page of another site sent this request, which is not allowed. Whoever runs this server can name that site in "
    "VIDTEXT_SERVER__TRUSTED_ORIGINS.",
    HTTPStatus.FORBIDDEN,
)


def _has_events(path: str, scope: Scope) -> bool:
    """Tell whether events are asked for that there are; Gradio would break its answer off otherwise."""
    if scope["method"] != "GET" or not path.startswith((_EVENTS, _CALL)):
        return True
    queue = scope["app"].get_blocks()._queue  # noqa: SLF001
    if path == _EVENTS:
        return QueryParams(scope["query_string"]).get("session_hash", "") in queue.pending_messages_per_session
    event = path.rstrip("/").rpartition("/")[2]
    return event in queue.pending_messages_per_session or any(
        event in events for events in tuple(queue.pending_event_ids_session.values())
    )


def _is_login(path: str, scope: Scope) -> bool:
    return path == LOGIN and bool(scope["method"] == "POST")


def _too_many_tries(path: str, wait_seconds: float) -> Response:
    words = f"Too many passwords or tokens were tried. Try again in {wait_seconds:.0f} s."
    retry = {"Retry-After": str(math.ceil(wait_seconds))}
    if path.startswith(f"{API}/"):
        return ProblemError(HTTPStatus.TOO_MANY_REQUESTS, words, "TooManyTries", headers=tuple(retry.items())).response
    return PlainTextResponse(words, HTTPStatus.TOO_MANY_REQUESTS, retry)


async def _close(send: Send) -> None:
    """Refuse a websocket: nothing here talks over one."""
    await send({"type": "websocket.close", "code": 1000})
