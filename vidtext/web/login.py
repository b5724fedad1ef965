"""Who may ask what of a server that has a password."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from vidtext.api.gate import has_token

if TYPE_CHECKING:
    from starlette.types import Scope

    from vidtext.settings import Settings

LOGIN = "/login"

PROBES = ("/readyz", "/metrics")
"""What those ask who watch over the server."""

_OPEN = re.compile(r"/|/(login|logout|healthz|docs|theme\.css|robots\.txt|favicon\.ico|manifest\.json)/?|"
                   r"/(static|assets|svelte)/.*|/gradio_api/startup-events")  # fmt: skip
"""What the page that asks for the password is made of, what Gradio asks of itself at the start, and what tells nothing
about visitors."""


def is_logged_in(scope: Scope) -> bool:
    """Tell whether a request has the cookie of somebody who gave the password."""
    app, cookies = scope["app"], HTTPConnection(scope).cookies
    names = (f"access-token-{app.cookie_id}", f"access-token-unsecure-{app.cookie_id}")
    return any(cookies.get(name) in app.tokens for name in names)


def needs_login(path: str, scope: Scope, settings: Settings) -> bool:
    """Tell whether a request to the page's server is one that only those may send who gave the password.

    The HTTP API and MCP have tokens instead.

    Args:
        path: the path, without a proxy's prefix.
        scope: the request, as ASGI gives it.
        settings: the limits.
    """
    if not settings.server.auth or _OPEN.fullmatch(path) or is_logged_in(scope):
        return False
    return not (path in PROBES and _may_probe(scope, settings))


def _may_probe(scope: Scope, settings: Settings) -> bool:
    if settings.api.token and has_token(Headers(scope=scope), settings):
        return True
    try:
        client = ipaddress.ip_address(str((scope.get("client") or ("",))[0]))
    except ValueError:
        return False
    return any(client in network for network in settings.server.networks_of_probes)
