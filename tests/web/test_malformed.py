"""Requests that no program in its right mind sends, to every route that the server has: the answer is never a 5xx.

The routes are those of the application itself, so that a new one is walked too.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.ui.conftest import QUICK, scripted
from tests.ui.serving import Served, serve
from tests.web.routes import routes

FORM = "multipart/form-data; boundary=x"


FILLINGS = ("0", "-1", "caption", "%00", "..%2f..%2fetc%2fpasswd", "%ff%fe", "x" * 5000, "'\"<>{}")
"""What stands for a parameter of a path."""

QUERIES = (
    "", "fn_index=-1", "session_hash=", "session_hash=%ff&upload_id=%00", "upload_id=" + "x" * 4000, "a=" * 500,
    "event_id[]=1&size=x&offset=-1&limit=1e400", "%", "__theme=" + "x" * 3000, "deep_link=..%2f..%2f",
)  # fmt: skip

HEADERS: tuple[dict[str, str], ...] = (
    {"Range": "bytes=" + ",".join(f"{n}-{n}" for n in range(2000))},
    {"Range": "bytes=5-1"}, {"Range": "bytes=-0"}, {"Range": "lines=x"}, {"Range": "bytes=99999999999999999999-"},
    {"If-Range": "x", "Range": "bytes=0-0"}, {"If-Modified-Since": "yesterday"}, {"Accept-Encoding": "\x01,br;q=x"},
    {"Cookie": "=;;;access-token=" + "x" * 3000}, {"Accept": "*/*;q=nan"}, {"Content-Type": "application/json"},
    {"X-Forwarded-For": "not an address, ,"}, {"X-Forwarded-Host": "\xff<>", "X-Forwarded-Proto": "javascript"},
    {"Authorization": "Bearer \xff"}, {"Authorization": "Basic %%%"}, {"Referer": "http://[::1"}, {"Origin": "null"},
    {"X-Gradio-User": "x"}, {"Mcp-Session-Id": "\xff"}, {"X-Vidtext-Place": "-1"}, {"Host": "a b"},
)  # fmt: skip

VALUES: tuple[Any, ...] = (None, 0, -1, 10**30, 1.5, "", "x", "\ud800", [], {}, [[]], [None], {"a": {}}, True)
FIELDS = (
    "data", "fn_index", "session_hash", "event_id", "event_data", "trigger_id", "api_name", "video", "messages",
    "frames", "jsonrpc", "method", "params", "id", "request",
)  # fmt: skip

EVENTS: tuple[dict[str, Any], ...] = (
    {"data": [], "fn_index": -1, "session_hash": "a"},
    {"data": [], "fn_index": 10**6, "session_hash": "a"},
    {"data": [], "fn_index": None, "session_hash": "a"},
    {"data": [], "session_hash": "a"},
    {"data": [], "fn_index": 0, "session_hash": "a", "event_data": {"_data": None}, "trigger_id": -1},
    {"data": [None] * 1000, "fn_index": 0, "session_hash": "a"},
    {"data": [{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}], "fn_index": 0, "session_hash": "a"},
    {"session_hash": "a", "fn_index": -1, "event_id": "x"},
    {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "nothing", "arguments": []}},
    {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "caption", "arguments": {"video": [1]}}},
    {"jsonrpc": "1.0", "id": [], "method": 1},
)


def _json_bodies() -> Iterator[bytes]:
    yield from (json.dumps(value).encode() for value in (*VALUES, *EVENTS))
    yield from (json.dumps({field: value}).encode() for field in FIELDS for value in VALUES[::5])
    yield from (b"", b"{", b'{"a":', b"\xff\xfe", b"[" * 5000, b"NaN", b'{"fn_index": 1e999}', b"\x00", b"{}" * 9)


BODIES: tuple[tuple[str, bytes], ...] = (
    *(("application/json", body) for body in _json_bodies()),
    ("", b"{}"), ("text/plain", b"{}"), ("application/json; charset=nothing", b"{}"), (";;;", b"x"),
    ("multipart/form-data", b"x"), (FORM, b""), (FORM, b"--x--"), (FORM, b"--x\r\n\r\n\r\n--x--"),
    (FORM, b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--"),
    (FORM, b'--x\r\nContent-Disposition: form-data; name="files"\r\n\r\na\r\n--x--'),
    (FORM, b'--x\r\nContent-Disposition: form-data; name="files"; filename=""\r\n\r\na\r\n--x--'),
    (FORM, b'--x\r\nContent-Disposition: form-data; name="files"; filename=".."\r\n\r\na\r\n--x--'),
    (FORM, b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.mp4"\r\n\r\na'),
    (FORM, b"--x\r\n" + b"X-Long: " + b"y" * 100_000 + b"\r\n\r\na\r\n--x--"),
    (FORM + "; charset=nothing", b'--x\r\nContent-Disposition: form-data; name="\xff"\r\n\r\na\r\n--x--'),
    ("multipart/form-data; boundary=" + "x" * 3000, b"x"), ("application/x-www-form-urlencoded", b"%ff=%00&&=" * 50),
)  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    limits = {
        "VIDTEXT_SERVER__METRICS": "1",
        "VIDTEXT_API__REQUESTS_PER_MINUTE": "1000000",
        "VIDTEXT_PAGE__MAX_REQUEST_BYTES": "150000",
    }
    with serve(scripted(QUICK), tmp_path_factory.mktemp("malformed"), **limits) as served:
        yield served


def _status(client: httpx.Client, method: str, path: str, **asked: Any) -> int:
    """Return the status; 0 where the answer has not begun within seconds: a stream waits for an event."""
    try:
        with client.stream(method, path, **asked) as answer:
            return answer.status_code
    except httpx.ReadTimeout:
        return 0


def _requests(path: str, *, takes_a_body: bool) -> Iterator[tuple[str, str, dict[str, Any]]]:
    filled = [re.sub(r"\{[^}]*\}", lambda _, filling=filling: filling, path) for filling in FILLINGS]
    whole = filled[2]
    for one in sorted(set(filled)):
        for method in ("GET", "POST", "DELETE", "PUT", "HEAD", "OPTIONS", "BREW"):
            yield method, one, {}
    for query in QUERIES:
        yield "GET", f"{whole}?{query}", {}
        yield "POST", f"{whole}?{query}", {}
    for headers in HEADERS:
        yield "GET", whole, {"headers": {name: value.encode("latin-1") for name, value in headers.items()}}
    for kind, body in BODIES if takes_a_body else ():
        yield "POST", whole, {"content": body, "headers": {"Content-Type": kind}}
    yield (
        "POST",
        whole,
        {"content": (b"x" * 10_000 for _ in range(20)), "headers": {"Content-Type": "application/json"}},
    )


@pytest.mark.parametrize(
    "share",
    [
        pytest.param(0.2, id="a-fifth"),
        pytest.param(1.0, id="some-8000-requests", marks=[pytest.mark.slow, pytest.mark.timeout(1200)]),
    ],
)
def test_whatever_is_sent_is_answered_with_no_5xx(server: Served, share: float) -> None:
    failed: list[tuple[str, str, str, str]] = []
    paths = sorted({path for _, path in routes()})
    assert len(paths) > 50
    with httpx.Client(base_url=server.address, timeout=httpx.Timeout(60, read=3)) as client:
        for path in paths:
            takes_a_body = _status(client, "POST", path) not in {404, 405}
            requests = list(_requests(path, takes_a_body=takes_a_body))
            for method, address, asked in random.Random(path).sample(requests, math.ceil(share * len(requests))):
                try:
                    status = _status(client, method, address, **asked)
                except httpx.HTTPError as error:
                    failed.append((repr(error), method, address[:100], str(asked)[:200]))
                else:
                    if status >= 500:
                        failed.append((str(status), method, address[:100], str(asked)[:200]))
    assert failed == []
    assert httpx.get(f"{server.address}healthz", timeout=60).text == "alive"
