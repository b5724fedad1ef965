"""Which requests come from the pages of other sites, and what browsers may let those pages do."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders

if TYPE_CHECKING:
    from starlette.types import Message, Scope

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_CHANGING = frozenset({"/logout"})
"""Paths that change something although browsers send GET to them."""

_METHODS = "DELETE, GET, HEAD, OPTIONS, POST"


def comes_from_elsewhere(scope: Scope, trusted: tuple[str, ...]) -> bool:
    """Tell whether a browser sent this request for a page of another site.

    The rule is that of Go's `net/http.CrossOriginProtection`: `Sec-Fetch-Site`, which pages cannot set, decides where a
    browser sends it; an `Origin` must otherwise be that of the request's own host. What has neither header comes from
    no page.

    Args:
        scope: the request, as ASGI gives it.
        trusted: origins (`scheme://host[:port]`) whose pages may send anything.
    """
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is not None and origin in trusted:
        return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    try:
        return origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
    except ValueError:  # no browser sends such an origin
        return True


def is_refused(scope: Scope, path: str, trusted: tuple[str, ...]) -> bool:
    """Tell whether a request would change something for a page of another site.

    Args:
        scope: the request, as ASGI gives it.
        path: its path, without a proxy's prefix.
        trusted: as for `comes_from_elsewhere`.
    """
    changes = scope["method"] not in _SAFE_METHODS or path.rstrip("/") in _CHANGING
    # A link on another site may lead here, also to the page that logs out; a script of that site may not.
    navigates = scope["method"] == "GET" and Headers(scope=scope).get("sec-fetch-mode") == "navigate"
    preflight = scope["method"] == "OPTIONS" and "access-control-request-method" in Headers(scope=scope)
    return (preflight or (changes and not navigates)) and comes_from_elsewhere(scope, trusted)


def set_access_headers(scope: Scope, message: Message, trusted: tuple[str, ...]) -> None:
    """Let pages of trusted origins read an answer, without credentials, and those of no others.

    Args:
        scope: the request.
        message: the start of its answer, which is changed.
        trusted: as for `comes_from_elsewhere`.
    """
    headers = MutableHeaders(raw=message["headers"])
    for name in [name for name in headers if name.startswith("access-control-")]:
        del headers[name]
    if not trusted:
        return
    headers.add_vary_header("Origin")
    asked = Headers(scope=scope)
    if asked.get("origin") in trusted:
        headers["Access-Control-Allow-Origin"] = asked["origin"]
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        if "access-control-request-method" in asked:
            headers["Access-Control-Allow-Methods"] = _METHODS
            headers["Access-Control-Allow-Headers"] = asked.get("access-control-request-headers", "")
            headers["Access-Control-Max-Age"] = "600"
