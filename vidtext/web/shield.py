"""What stands before every request to the server: which addresses exist, who is let in, what browsers may do."""

from __future__ import annotations

import base64
import hashlib
import math
import re
import time
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

from vidtext.api.gate import NO_TOKEN, Visits, has_token
from vidtext.counts import count
from vidtext.ui.look import page_script
from vidtext.web.logs import log_request

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from vidtext.settings import Settings

_GRADIO = "/gradio_api"

_ROUTES = (
    "/",
    "/(config|theme.css|robots.txt|favicon.ico|manifest.json|healthz|readyz|metrics|docs|login|logout)/?",
    "/(static|assets|svelte|v1)(/.*)?",
    f"{_GRADIO}/(info|openapi.json|app_id|startup-events|upload|upload_progress|login_check|token|user)/?",
    f"{_GRADIO}/(queue/(join|data|status)|cancel|reset|heartbeat/[^/]+)/?",
    f"{_GRADIO}/(call|run|api)/.*",
    f"{_GRADIO}/mcp(/.*)?",
    f"{_GRADIO}/file=.*",
)
"""What the page, Gradio's client, MCP and the HTTP API ask for. Gradio has more: an endpoint that fetches from other
servers, ones for its editor, for recordings and for live streams. They do not exist here."""

_EXISTING = re.compile("|".join(f"({route})" for route in _ROUTES), re.DOTALL)

_ELSEWHERE = re.compile(rf"{_GRADIO}/file=/*[a-z][a-z0-9+.-]*:", re.IGNORECASE)
"""A file that is the address of another server: Gradio would fetch it and pass it on."""

_TOLD = re.compile(r"(/(heartbeat|call|run|api|assets|static|svelte|mcp|jobs)/|/file=).*", re.DOTALL)
"""Where an address stops being told in the log: what comes behind may name a visitor's file or session."""

_MCP, _LOGIN, _METRICS = f"{_GRADIO}/mcp", "/login", "/metrics"

_LOGINS_A_MINUTE = 10
"""How often one client may try a password."""

_INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)

_SCRIPTS = ("text/javascript", "application/javascript")

_NO_PAGE = "default-src 'none'; frame-ancestors 'none'; sandbox"
"""What a visitor's file may do, should a browser be brought to show it as a page."""

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Shield:
    """An ASGI middleware around the page, the HTTP API and everything else that the server answers."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        """Take the limits."""
        self._app, self._settings = app, settings
        self._logins = Visits(_LOGINS_A_MINUTE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http":
            await (self._app(scope, receive, send) if scope["type"] == "lifespan" else _close(send))
            return
        _add_prefix(scope)
        path, began = route_of(scope), time.monotonic()
        answer = _Answer(send, self._settings.page_frame_ancestors)
        exists = self._exists(path)
        try:
            refusal = self._refusal(path, scope) if exists else _NOTHING_HERE
            if refusal is None:
                await self._app(scope, receive, answer.send)
            else:
                await refusal(scope, receive, answer.send)
        finally:
            count("requests", status=str(answer.status))
            told = _TOLD.sub(r"\1", path) if exists else "elsewhere"
            log_request(scope["method"], told, answer.status, time.monotonic() - began)

    def _exists(self, path: str) -> bool:
        if path == _METRICS:
            return self._settings.metrics
        return bool(_EXISTING.fullmatch(path)) and not _ELSEWHERE.match(path)

    def _refusal(self, path: str, scope: Scope) -> PlainTextResponse | None:
        """Return the answer to a request that is not let in. The HTTP API has a gate of its own."""
        if path.startswith(_MCP) and self._settings.auth and not has_token(Headers(scope=scope), self._settings):
            return PlainTextResponse(NO_TOKEN, HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": "Bearer"})
        if path.rstrip("/") == _LOGIN and scope["method"] == "POST":
            wait = self._logins.wait_seconds(str((scope.get("client") or ("nobody",))[0]), time.monotonic())
            if wait > 0:
                return PlainTextResponse(
                    f"Too many passwords were tried. Try again in {wait:.0f} s.",
                    HTTPStatus.TOO_MANY_REQUESTS,
                    {"Retry-After": str(math.ceil(wait))},
                )
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


async def _close(send: Send) -> None:
    """Refuse a websocket: nothing here talks over one."""
    await send({"type": "websocket.close", "code": 1000})


class _Answer:
    """Passes an answer on, with headers that tell browsers what the page may do."""

    def __init__(self, send: Send, ancestors: str) -> None:
        self._send, self._ancestors = send, ancestors
        self._held: Message | None = None
        self._body = b""
        self.status = 500
        self._begun = False

    async def send(self, message: Message) -> None:
        """Pass on a part. A page is held back until it is whole: its scripts are named in its headers."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(raw=message["headers"])
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            kind = headers.get("content-type", "").partition(";")[0]
            if kind == "text/html":
                self._held = message
                return
            # A worker has the policy that its script came with.
            policy = page_policy((), self._ancestors) if kind in _SCRIPTS else _NO_PAGE
            headers.setdefault("Content-Security-Policy", policy)
        elif self._held is not None:
            self._body += message.get("body", b"")
            if message.get("more_body"):
                return
            MutableHeaders(raw=self._held["headers"])["Content-Security-Policy"] = page_policy(
                [*_INLINE_SCRIPT.findall(self._body), page_script().encode()], self._ancestors
            )
            await self._send(self._held)
            self._held, message = None, {**message, "body": self._body}
        await self._send(message)


def page_policy(scripts: Iterable[bytes], ancestors: str) -> str:
    """Return the Content-Security-Policy of a page with these inline scripts.

    Gradio compiles the small scripts of components while it runs, so `unsafe-eval` must stay, and sets styles on
    elements, so `unsafe-inline` must stay for those. Inline scripts are named by their hashes: none can be added.

    Args:
        scripts: what stands between the tags.
        ancestors: the sites that may show the page in a frame.
    """
    hashes = {f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'" for script in scripts}
    return "; ".join(
        [
            "default-src 'none'",
            " ".join(["script-src 'self' blob: 'unsafe-eval'", *sorted(hashes)]),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "media-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self' data: blob:",
            "worker-src 'self' blob:",
            "manifest-src 'self'",
            "base-uri 'self'",
            "form-action 'self'",
            f"frame-ancestors {ancestors}",
        ]
    )
