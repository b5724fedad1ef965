"""Who a request comes from, as limits count it."""

from __future__ import annotations

import contextlib
import ipaddress
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Scope

UNKNOWN = "unknown"
"""The client of a request without a usable address: all such requests count as one client."""

_HOST_BITS = 64
"""The bits of an IPv6 address that its holder chooses: RFC 4291, section 2.5.1."""

_current: ContextVar[str] = ContextVar("vidtext_client", default="")


def client_of(scope: Scope) -> str:
    """Name the client of a request by its address; behind a proxy that uvicorn trusts, by the one the proxy reports.

    An IPv6 client is its /64 network, within which a single machine may use any address. An IPv4 address that is
    written as IPv6 (::ffff:192.0.2.1) is the IPv4 client.

    Args:
        scope: the request, as ASGI gives it.
    """
    host = str((scope.get("client") or ("",))[0])
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return UNKNOWN
    if address.version == 4:  # noqa: PLR2004
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address) >> _HOST_BITS << _HOST_BITS, _HOST_BITS)))


@contextlib.contextmanager
def working_for(client: str) -> Iterator[None]:
    """Let the work of this context count as that of a client."""
    token = _current.set(client)
    try:
        yield
    finally:
        _current.reset(token)


def current_client() -> str:
    """Return the client that the work of this context is for; "" where no request asked for it."""
    return _current.get()
