"""Downloading a video from a public address, and from nowhere else.

What is allowed, at the first address and again at each redirect:

- http and https, without user name or password, on the ports 80, 443, 8080 and 8443;
- a host of which *every* resolved address is public. The connection then goes to such a checked address and not to
  the name, so a name that resolves differently a moment later leads nowhere else. The certificate and the `Host`
  header are still those of the name;
- `settings.limits.max_source_bytes`, `url_max_redirects`, and `url_timeout_seconds` for all of it together.

Proxies, credentials and certificates of the environment (`HTTP_PROXY`, `.netrc`) are not used.
"""

from __future__ import annotations

import ipaddress
import shutil
import socket
import tempfile
from concurrent.futures import wait
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, BinaryIO

import anyio
import httpx
import safehttpx
from anyio.from_thread import start_blocking_portal

from vidtext.errors import SourceError, SourceRefusedError, SourceTooLargeError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from vidtext.job import Job
    from vidtext.settings import Settings

_PORTS = frozenset({80, 443, 8080, 8443})  # the web's own; others would let strangers knock at any service
_DISK_LOOK_BYTES = 16 << 20
"""After how much of a download the disk is looked at again."""

_NOT_PUBLIC = tuple(
    map(
        ipaddress.ip_network,
        (
            "192.88.99.0/24",  # 6to4 relays, out of use: RFC 7526
            "192.0.0.0/24",  # protocols and services of networks: RFC 6890
            "168.63.129.16/32",  # Azure's own services, which every machine there reaches
            "fec0::/10",  # site-local, out of use: RFC 3879
            "3fff::/20",  # documentation: RFC 9637
        ),
    )
)
"""What no video comes from although Python's registry, or safehttpx's, takes it for public."""

_CONNECT_SECONDS = 10.0  # for one of a host's addresses, before the next one is tried
_REPORT_SECONDS = 0.1
_SHOWN_CHARACTERS = 80
_HEADERS = {"Accept": "video/*, */*;q=0.5", "Accept-Encoding": "identity", "User-Agent": "vidtext"}


@dataclass
class _Meter:
    """How many bytes have come, and how many were announced (0: unknown)."""

    done_bytes: int = 0
    total_bytes: int = 0


def download(address: str, file: BinaryIO, *, settings: Settings, job: Job) -> str:
    """Write what the address holds to the file, and return the host's name for people.

    May be called from any thread, also from one whose event loop is running (which waits meanwhile). The job is asked
    and told several times a second, also while the server is silent.

    Raises:
        SourceRefusedError: the address, or one that it redirects to, is not allowed.
        SourceTooLargeError: more bytes than `settings.limits.max_source_bytes`.
        SourceError: the server cannot be reached, answers with an error or a web page, or is too slow.
        CancelledError: the job was stopped.
    """
    url = _allowed_url(address)
    meter = _Meter()
    with start_blocking_portal() as portal:
        fetching = portal.start_task_soon(partial(_fetch, url, file, settings=settings, meter=meter))
        while not wait([fetching], timeout=_REPORT_SECONDS).done:
            job.report("downloading", meter.done_bytes, meter.total_bytes)
        fetching.result()
    job.report("downloading", meter.done_bytes, meter.done_bytes)
    return _host(url)


async def _fetch(url: httpx.URL, file: BinaryIO, *, settings: Settings, meter: _Meter) -> None:
    try:
        with anyio.fail_after(settings.download.timeout_seconds):
            await _follow(url, file, settings=settings, meter=meter)
    except TimeoutError:
        raise SourceError(
            f"{_shown(url)} took more than {settings.download.timeout_seconds:g} seconds ({meter.done_bytes / 1e6:.1f} "
            "MB came). Try again, or download the video yourself and give the file."
        ) from None
    except httpx.HTTPError as error:
        reason = str(error).rstrip(".") or type(error).__name__
        raise SourceError(
            f"{_shown(url)} could not be downloaded: {reason}. Check that the address opens in a browser."
        ) from error


async def _follow(url: httpx.URL, file: BinaryIO, *, settings: Settings, meter: _Meter) -> None:
    for _ in range(settings.download.max_redirects + 1):
        async with _answer(url) as response:
            if not response.has_redirect_location:
                return await _store(response, url, file, settings=settings, meter=meter)
            url = _redirected(url, response.headers["Location"])
    raise SourceRefusedError(
        f"The address redirects more than {settings.download.max_redirects} times. "
        "Give the address of the video itself."
    )


@asynccontextmanager
async def _answer(url: httpx.URL) -> AsyncIterator[httpx.Response]:
    """Ask for the URL, and give the answer whose body is still to come."""
    addresses = await _public_addresses(url)
    # A client for each hop: nothing, neither cookies nor a kept connection, passes from one host to the next.
    timeout = httpx.Timeout(None, connect=_CONNECT_SECONDS)
    async with httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=timeout) as client:
        response = await _send(client, url, addresses)
        try:
            yield response
        finally:
            await response.aclose()


async def _send(client: httpx.AsyncClient, url: httpx.URL, addresses: list[str]) -> httpx.Response:
    """Send the request to the first of the addresses that takes the connection.

    This pins the address as safehttpx's transport does, but keeps what that one drops: the timeouts, and the port and
    the IDNA form in `Host`.
    """
    headers = _HEADERS | {"Host": url.netloc.decode("ascii")}
    extensions = {"sni_hostname": url.raw_host.decode("ascii")}
    failure: httpx.TransportError = httpx.ConnectError("no address")
    for address in addresses:
        request = client.build_request("GET", url.copy_with(host=address), headers=headers, extensions=extensions)
        try:
            return await client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            failure = error
    raise failure


async def _store(
    response: httpx.Response, url: httpx.URL, file: BinaryIO, *, settings: Settings, meter: _Meter
) -> None:
    """Write the body of a good answer to the file, and refuse every other answer."""
    if response.status_code != HTTPStatus.OK:
        status = f"{response.status_code} {response.reason_phrase}".strip()
        raise SourceError(
            f"{_shown(url)} answered {status}. Check that the address opens in a browser without signing in."
        )
    if response.headers.get("Content-Type", "").lower().startswith("text/html"):
        raise SourceError(f"{_shown(url)} is a web page, not a video. Give the address of the video file itself.")
    encoding = response.headers.get("Content-Encoding", "identity")
    if encoding != "identity":  # unpacking would let a small download grow without bound
        raise SourceError(f"{_shown(url)} answered with {encoding[:20]}-compressed bytes, which was not asked for.")
    announced = response.headers.get("Content-Length", "")
    meter.total_bytes = int(announced) if announced.isdecimal() else 0
    _check_size(meter.total_bytes, settings.limits.max_source_bytes)
    looked_at = -_DISK_LOOK_BYTES
    async for chunk in response.aiter_raw():
        meter.done_bytes += len(chunk)
        _check_size(meter.done_bytes, settings.limits.max_source_bytes)
        if meter.done_bytes - looked_at > _DISK_LOOK_BYTES:
            looked_at = meter.done_bytes
            if shutil.disk_usage(tempfile.gettempdir()).free < settings.server.min_free_disk_bytes:
                raise SourceError(
                    "The disk is nearly full, so that nothing is downloaded now. Make room, or try later."
                )
        file.write(chunk)


def _check_size(size_bytes: int, max_bytes: int) -> None:
    if size_bytes > max_bytes:
        raise SourceTooLargeError(
            f"The download has more than {max_bytes / 1e6:.1f} MB, the most that is taken. Give a smaller video."
        )


def _redirected(url: httpx.URL, location: str) -> httpx.URL:
    try:
        return _allowed_url(url.join(location))  # a valid one: httpx has looked at it
    except SourceRefusedError as error:
        raise SourceRefusedError(f"{_shown(url)} redirects to where nothing is fetched from: {error}") from None


def _allowed_url(address: str | httpx.URL) -> httpx.URL:
    """Hold an address against the rules that need no network."""
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as error:
        raise SourceRefusedError(f"This is not a valid web address ({error}). Copy it again from a browser.") from None
    if url.scheme not in ("http", "https"):
        raise SourceRefusedError(f"Addresses that start with {url.scheme[:20]}: are not opened, only http: and https:.")
    if url.userinfo:
        raise SourceRefusedError("The address holds a user name or password. Give a public address without them.")
    if not url.host:
        raise SourceRefusedError("The address names no host. It looks like https://example.com/video.mp4")
    if url.port not in (None, *_PORTS):
        allowed = ", ".join(str(port) for port in sorted(_PORTS))
        raise SourceRefusedError(f"Port {url.port} of {_host(url)} is not opened; the allowed ports are {allowed}.")
    return url


async def _public_addresses(url: httpx.URL) -> list[str]:
    """Resolve the host and return its addresses, in the resolver's order, if every one of them is public.

    The refusal does not say which addresses: a stranger must not learn the names and numbers of a private network.
    """
    resolve = partial(socket.getaddrinfo, url.raw_host.decode("ascii"), None, type=socket.SOCK_STREAM)
    try:
        # Left behind when time is up or the job is stopped: a resolver may take longer than a person waits.
        answers = await anyio.to_thread.run_sync(resolve, abandon_on_cancel=True)
    except (OSError, UnicodeError):
        raise SourceError(f"The name {_host(url)} is not known. Check the spelling of the address.") from None
    addresses = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
    if not addresses or not all(map(_is_public, addresses)):
        raise SourceRefusedError(
            f"{_host(url)} is not a public address of the internet, and nothing is fetched from elsewhere. "
            "Give a public address, or the file itself."
        )
    return addresses


def _is_public(address: str) -> bool:
    """Whether an IP address can only be a host of the public internet.

    Stricter than safehttpx's check, which takes 100.64.0.0/10 (RFC 6598): the address must be globally reachable
    by IANA's registries, and so must an IPv4 address inside an IPv6 one.
    """
    try:
        number = ipaddress.ip_address(address)
    except ValueError:
        return False
    if any(number in network for network in _NOT_PUBLIC if network.version == number.version):
        return False
    inner = (number.ipv4_mapped or number.sixtofour) if isinstance(number, ipaddress.IPv6Address) else None
    if inner is not None and not _is_public(str(inner)):
        return False
    return number.is_global and bool(safehttpx.is_public_ip(address))


def _host(url: httpx.URL) -> str:
    return url.host if len(url.host) <= _SHOWN_CHARACTERS else f"{url.host[: _SHOWN_CHARACTERS - 1]}…"


def _shown(url: httpx.URL) -> str:
    """The address for a message: short, and without the query, which may hold a key."""
    text = f"{url.scheme}://{url.host}{url.path}"
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…"
