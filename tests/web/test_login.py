"""A server with a password: what is open, what is closed, and how often one may try."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.ui.conftest import QUICK, scripted
from tests.ui.serving import Served, serve
from tests.web.conftest import API_TOKEN, PASSWORD
from tests.web.routes import addresses
from vidtext.errors import OptionError
from vidtext.settings import Settings
from vidtext.web.login import needs_login
from vidtext.web.tries import FailedTries

if TYPE_CHECKING:
    from collections.abc import Iterator

OPEN = {"/", "/healthz", "/docs", "/login", "/logout", "/theme.css", "/robots.txt", "/favicon.ico", "/manifest.json"}
"""What tells nothing of visitors, and costs nothing."""


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with a password and a token."""
    with serve(
        scripted(QUICK),
        tmp_path_factory.mktemp("closed"),
        VIDTEXT_SERVER__AUTH=f"guard:{PASSWORD}",
        VIDTEXT_API__TOKEN=API_TOKEN,
        VIDTEXT_SERVER__METRICS="1",
        VIDTEXT_SERVER__PROBE_NETWORKS="192.0.2.0/24",
        VIDTEXT_SERVER__FAILED_LOGINS_PER_MINUTE="3",
        FORWARDED_ALLOW_IPS="127.0.0.1",
    ) as served:
        yield served


@pytest.fixture
def stranger(closed: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=closed.address, timeout=60) as client:
        yield client


def test_every_route_wants_the_password_but_the_page_that_asks_for_it(stranger: httpx.Client) -> None:
    paths = {path for _, path in addresses()} | {"/readyz", "/metrics", "/config", "/v1/models", "/gradio_api/mcp"}
    seen = 0
    for path in sorted(paths):
        answer = stranger.get(path, follow_redirects=False)
        if path.rstrip("/") in OPEN | {""} or path.startswith(("/static", "/assets", "/svelte")):
            continue
        if path == "/gradio_api/startup-events":  # what Gradio asks of itself; it says whether it has started
            assert answer.text == "false"
            continue
        seen += answer.status_code == 401
        assert answer.status_code in {401, 404}, (path, answer.status_code)
        assert stranger.post(path, json={}).status_code in {401, 404, 405}, path
    assert seen > 10


def test_those_who_watch_over_the_server_come_from_its_network_or_have_the_token(stranger: httpx.Client) -> None:
    for path in ("/readyz", "/metrics"):
        assert stranger.get(path).status_code == 401
        assert stranger.get(path, headers={"Authorization": f"Bearer {API_TOKEN}"}).status_code == 200
        assert stranger.get(path, headers={"X-Forwarded-For": "192.0.2.7"}).status_code == 200  # as a proxy tells it
        assert stranger.get(path, headers={"X-Forwarded-For": "192.0.2.7, 198.51.100.1"}).status_code == 401


def test_mcp_works_with_the_token_beside_a_password(stranger: httpx.Client) -> None:
    headers = {"Accept": "application/json, text/event-stream", "Authorization": f"Bearer {API_TOKEN}"}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    video = "data:video/mp4;base64,AAAA"
    answer = stranger.post(
        "/gradio_api/mcp/", json={**body, "params": {"name": "caption", "arguments": {"video": video}}}, headers=headers
    )
    assert "is not a video that can be read" in answer.text


@pytest.mark.parametrize("path", ["/v1/models", "/gradio_api/mcp/", "/readyz"])
def test_tokens_can_be_guessed_a_few_times_a_minute(stranger: httpx.Client, path: str) -> None:
    address = {"X-Forwarded-For": f"203.0.113.{len(path)}"}  # another client for each test
    guesses = [
        stranger.post(path, json={}, headers={"Authorization": f"Bearer {n}", **address}).status_code for n in range(5)
    ]
    assert guesses == [401, 401, 401, 429, 429]
    right = {"Authorization": f"Bearer {API_TOKEN}"}
    assert stranger.get("/v1/models", headers={**right, **address}).status_code == 429
    assert stranger.get("/v1/models", headers=right).status_code == 200
    assert stranger.get("/healthz", headers=address).status_code == 200


def test_wrong_requests_with_the_right_token_are_no_guesses(stranger: httpx.Client) -> None:
    headers = {"Authorization": f"Bearer {API_TOKEN}", "X-Forwarded-For": "203.0.113.200"}
    for _ in range(6):
        assert stranger.post("/v1/caption", content=b"{", headers=headers).status_code in {400, 415}


def test_tries_count_from_their_beginning_and_concern_nobody_else() -> None:
    tries = FailedTries(2)
    for _ in range(100):
        if tries.wait_seconds("guesser") == 0:
            tries.begin("guesser")  # and does not end
    assert 0 < tries.wait_seconds("guesser") <= 60
    assert tries.wait_seconds("another") == 0
    for _ in range(10):
        tries.begin("another")
        tries.succeeded("another")
    assert tries.wait_seconds("another") == 0


def test_passwords_at_the_same_time_are_counted(closed: Served) -> None:
    body = b"username=guard&password=wrong"
    head = (
        b"POST /login HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.77\r\nConnection: close\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n" % len(body)
    )
    port = int(closed.address.rstrip("/").rpartition(":")[2])
    with contextlib.ExitStack() as stack:
        wires = [stack.enter_context(socket.create_connection(("127.0.0.1", port), 60)) for _ in range(6)]
        for wire in wires:
            wire.sendall(head + body[:-1])
        refused = 0
        for wire in wires:
            with contextlib.suppress(OSError):  # those that are refused may be closed already
                wire.sendall(body[-1:])
            refused += b" 429 " in wire.recv(4096)
    assert refused == 3  # of six, with a limit of three


def test_a_wrong_network_is_told_at_the_start() -> None:
    with pytest.raises(OptionError, match="probe_networks"):
        Settings().override(server__probe_networks="10.0.0.0/33")


def test_without_a_password_nothing_wants_one() -> None:
    assert not needs_login("/config", {"type": "http"}, Settings())
