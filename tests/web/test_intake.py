"""Requests that are sent in part, slowly, or too many at once: they cost nothing that grows, and only their client."""

from __future__ import annotations

import asyncio
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.responses import PlainTextResponse

from tests.ui.conftest import QUICK, scripted
from tests.ui.serving import Served, serve, wait_until
from tests.web.wire import Wire
from vidtext.clients import current_client
from vidtext.settings import Settings
from vidtext.web.intake import Intake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Message, Receive, Scope, Send

FORM = "multipart/form-data; boundary=x"
FILE = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.mp4"\r\n\r\n'
ONE, OTHER = "192.0.2.1", "192.0.2.2"
MOST_REQUESTS, MOST_UPLOADS = 6, 3

BODIES = {
    "json": ("/v1/caption", "application/json", b'{"video": "'),
    "form": ("/v1/chapters", FORM, FILE.replace(b"files", b"video")),
    "field": ("/v1/chat", FORM, b'--x\r\nContent-Disposition: form-data; name="messages"\r\n\r\n'),
    "upload": ("/gradio_api/upload", FORM, FILE),
    "event": ("/gradio_api/queue/join", "application/json", b'{"data": ["'),
    "call": ("/gradio_api/call/v2/caption", "application/json", b'{"video": "'),
    "mcp": ("/gradio_api/mcp/", "application/json", b'{"jsonrpc": "'),
    "login": ("/login", "application/x-www-form-urlencoded", b"username="),
}
"""The routes that read a body, and how one begins."""


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(
        scripted(QUICK),
        tmp_path_factory.mktemp("strict"),
        VIDTEXT_SERVER__BODY_SILENT_SECONDS="1",
        VIDTEXT_SERVER__BODY_BYTES_PER_SECOND="100000",
        VIDTEXT_SERVER__RECEIVED_BYTES_PER_CLIENT=str(1 << 20),
        VIDTEXT_SERVER__RECEIVED_BYTES=str(2 << 20),
    ) as served:
        yield served


@pytest.fixture(scope="module")
def scarce(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(
        scripted(QUICK),
        tmp_path_factory.mktemp("scarce"),
        VIDTEXT_SERVER__MAX_CONNECTIONS_PER_CLIENT=str(MOST_REQUESTS),
        VIDTEXT_SERVER__RECEIVED_BYTES_PER_CLIENT=str(1 << 20),
        VIDTEXT_SERVER__RECEIVED_BYTES=str(2 << 20),
        VIDTEXT_PAGE__UNCLAIMED_UPLOADS_PER_CLIENT=str(MOST_UPLOADS),
        VIDTEXT_PAGE__UNCLAIMED_BYTES_PER_CLIENT=str(4 << 20),
        VIDTEXT_API__REQUESTS_PER_MINUTE="10000",
        VIDTEXT_SERVER__BODY_SILENT_SECONDS="250",  # half of a body has to stay until the other requests are answered
    ) as served:
        yield served


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_stops_coming_is_refused(strict: Served, name: str) -> None:
    path, kind, begun = BODIES[name]
    with Wire(strict) as wire:
        assert wire.post(path, 500_000, kind, client=ONE).send(begun).status() == 408


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_comes_too_slowly_is_refused(strict: Served, name: str) -> None:
    path, kind, begun = BODIES[name]
    with Wire(strict) as wire:
        wire.post(path, 500_000, kind, client=ONE).send(begun)
        wire.socket.settimeout(0.2)
        answer = b""

        def answered() -> bool:
            nonlocal answer
            try:
                answer += wire.send(b"x").socket.recv(4096)
            except TimeoutError:
                return False
            return b"\r\n" in answer

        wait_until(answered, what="an answer")
        assert answer.split()[1] == b"408"


@pytest.mark.parametrize("field", [b"files", b"other"])
def test_what_was_uploaded_in_part_is_deleted(strict: Served, field: bytes) -> None:
    path, kind, begun = BODIES["upload"]
    begun = begun.replace(b"files", field)
    (shown,) = strict.files.glob("vidtext-server-*/shown")
    (private,) = strict.files.glob("vidtext-server-*/private")
    before = {*shown.rglob("*"), *private.rglob("*")}
    with Wire(strict) as wire:
        assert wire.post(path, 4 << 20, kind).send(begun + bytes(3 << 20)).status() == 408
    wait_until(lambda: {*shown.rglob("*"), *private.rglob("*")} <= before, what="the end of the part")


def test_files_of_another_field_are_not_kept(strict: Served) -> None:
    (shown,) = strict.files.glob("vidtext-server-*/shown")
    before = {*shown.rglob("*")}
    files = {"other": ("a.mp4", bytes(3 << 20), "video/mp4")}
    assert httpx.post(f"{strict.address}gradio_api/upload", files=files, timeout=60).status_code == 400
    assert {*shown.rglob("*")} <= before


@pytest.mark.parametrize("name", ["json", "event", "mcp"])
def test_half_sent_bodies_have_a_share_of_memory(scarce: Served, name: str) -> None:
    path, kind, begun = BODIES[name]
    half, body = 600_000, 700_000
    one = f"192.0.2.{100 + list(BODIES).index(name)}"  # what another client had is given back a moment after its answer

    def begin(wire: Wire, client: str) -> Wire:
        return wire.post(path, body, kind, client=client).send(begun + b"A" * half)

    with Wire(scarce) as first, Wire(scarce) as second, Wire(scarce) as third:
        begin(first, one)
        assert begin(second, one).status() == 429
        begin(third, OTHER).send(b"A" * (body - half - len(begun)))  # not JSON, but received
        assert third.status() not in {429, 503}
        assert first.is_open

    def received() -> bool:
        with Wire(scarce) as again:
            return begin(again, one).send(b"A" * (body - half - len(begun))).status() != 429

    wait_until(received, what="the share of those who left")


def test_one_client_has_so_many_requests_at_once(scarce: Served) -> None:
    path, kind, begun = BODIES["json"]
    opened = [Wire(scarce).post(path, 1000, kind, client=ONE).send(begun) for _ in range(MOST_REQUESTS)]
    try:
        with httpx.Client(base_url=scarce.address, timeout=60) as client:
            own, other = {"X-Forwarded-For": ONE}, {"X-Forwarded-For": OTHER}
            wait_until(lambda: client.get("/config", headers=own).status_code == 429, what="a refusal")
            assert client.get("/v1/models", headers=own).json()["status"] == 429
            assert client.get("/config", headers=other).status_code == 200
            assert client.get("/healthz", headers=own).status_code == 200
    finally:
        for wire in opened:
            wire.socket.close()
    wait_until(
        lambda: httpx.get(f"{scarce.address}config", headers={"X-Forwarded-For": ONE}).status_code == 200,
        what="room for requests",
    )


def _upload(served: Served, client: str, size: int) -> httpx.Response:
    files = {"files": ("a.mp4", bytes(size), "video/mp4")}
    return httpx.post(
        f"{served.address}gradio_api/upload", files=files, headers={"X-Forwarded-For": client}, timeout=60
    )


def test_uploads_that_nobody_uses_have_a_quota_of_number(scarce: Served) -> None:
    assert [_upload(scarce, "192.0.2.3", 10).status_code for _ in range(MOST_UPLOADS + 1)] == [200] * MOST_UPLOADS + [
        429
    ]
    assert _upload(scarce, "192.0.2.4", 10).status_code == 200


def test_uploads_that_nobody_uses_have_a_quota_of_bytes(scarce: Served) -> None:
    assert [_upload(scarce, "192.0.2.5", 3 << 20).status_code for _ in range(2)] == [200, 429]
    assert _upload(scarce, "192.0.2.6", 3 << 20).status_code == 200
    form = {"video": ("a.mp4", bytes(3 << 20), "video/mp4")}
    refused = httpx.post(
        f"{scarce.address}v1/caption", files=form, headers={"X-Forwarded-For": "192.0.2.5"}, timeout=60
    )
    assert refused.json()["status"] == 429


def test_bytes_that_come_count_too(scarce: Served) -> None:
    path, kind, begun = BODIES["upload"]
    with Wire(scarce) as wire:
        wire.post(path, 4_000_000, kind, client="192.0.2.7").send(begun + bytes(3 << 20))
        wait_until(lambda: _upload(scarce, "192.0.2.7", 2 << 20).status_code == 429, what="a refusal")
    wait_until(lambda: _upload(scarce, "192.0.2.7", 2 << 20).status_code == 200, what="the quota of the one who left")


def test_a_folder_for_files_that_was_removed_is_made_again(scarce: Served) -> None:
    (folder,) = scarce.files.glob("vidtext-server-*")
    for gone in (folder / "private", folder / "shown", folder):
        shutil.rmtree(gone)
        assert httpx.get(f"{scarce.address}readyz", timeout=60).status_code == 200
        assert _upload(scarce, "192.0.2.8", 10).status_code == 200
        form = {"video": ("a.mp4", b"no video", "video/mp4")}
        refused = httpx.post(f"{scarce.address}v1/caption", files=form, timeout=60)
        assert refused.json()["status"] == 422
    assert folder.stat().st_mode & 0o777 == 0o700


def test_uploads_that_a_call_works_with_count_no_longer(scarce: Served) -> None:
    own = {"X-Forwarded-For": "192.0.2.9"}
    for _ in range(MOST_UPLOADS + 1):
        answer = _upload(scarce, "192.0.2.9", 10)
        assert answer.status_code == 200
        video = {"path": answer.json()[0], "meta": {"_type": "gradio.FileData"}}
        with httpx.Client(base_url=scarce.address, headers=own, timeout=60) as client:
            event = client.post("/gradio_api/call/v2/caption", json={"video": video}).json()["event_id"]
            assert "event: " in client.get(f"/gradio_api/call/caption/{event}").text


def test_what_the_mcp_server_asks_of_its_own_server_is_for_its_client() -> None:
    """Gradio's MCP server calls endpoints over HTTP, with the headers of whoever called it."""
    seen: list[tuple[str, list[tuple[bytes, bytes]]]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append((current_client(), scope["headers"]))
        await PlainTextResponse("")(scope, receive, send)

    intake = Intake(app, Settings(), most_requests=9, renew=lambda: None)

    def ask(path: str, host: str, headers: list[tuple[bytes, bytes]]) -> str:
        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(_: Message) -> None:
            pass

        scope = {"type": "http", "method": "POST", "path": path, "client": (host, 1), "headers": headers}
        with ThreadPoolExecutor(1) as executor:  # a browser may have a loop in this thread
            executor.submit(lambda: asyncio.run(intake(scope, receive, send))).result(30)
        return seen[-1][0]

    forged = [(b"x-vidtext-client", b"0" * 32 + b" 192.0.2.7")]
    assert ask("/gradio_api/mcp/", "192.0.2.1", forged) == "192.0.2.1"
    assert ask("/gradio_api/queue/join", "127.0.0.1", seen[-1][1]) == "192.0.2.1"
    assert seen[-1][1] == []
    assert ask("/gradio_api/queue/join", "192.0.2.2", forged) == "192.0.2.2"
