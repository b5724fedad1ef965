"""What every answer tells browsers: what the page may load, and what visitors' files may not do."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders

from vidtext.ui.look import page_script
from vidtext.web.origins import set_access_headers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import Message, Scope, Send

    from vidtext.settings import Settings

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


class Answer:
    """Passes an answer on, with headers that tell browsers what the page may do."""

    def __init__(self, scope: Scope, send: Send, settings: Settings) -> None:
        self._scope, self._send = scope, send
        self._ancestors, self._trusted = settings.page.frame_ancestors, settings.server.origins
        self._held: Message | None = None
        self._body = b""
        self.status = 500

    async def send(self, message: Message) -> None:
        """Pass on a part. A page is held back until it is whole: its scripts are named in its headers."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": list(message.get("headers", ()))}
            headers = MutableHeaders(raw=message["headers"])
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            set_access_headers(self._scope, message, self._trusted)
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
