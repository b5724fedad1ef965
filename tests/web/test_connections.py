"""Connections without a request, from one client and from many: they end, and nobody else waits for that."""

from __future__ import annotations

import select
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.ui.conftest import QUICK, scripted
from tests.ui.serving import ROOT, Served, serve, wait_until
from tests.web.wire import PATIENCE_SECONDS, STRANGER, Wire, wires

if TYPE_CHECKING:
    from collections.abc import Iterator

HALF = "GET /healthz HTTP/1.1\r\nHost: here\r\nX-Long: "
WHOLE = "GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n"
MOST, MOST_A_CLIENT = 40, 10


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that waits for headers for longer than a test lasts, with few connections."""
    with serve(
        scripted(QUICK),
        tmp_path_factory.mktemp("patient"),
        VIDTEXT_SERVER__HEADER_SECONDS="600",
        VIDTEXT_SERVER__MAX_CONNECTIONS=str(MOST),
        VIDTEXT_SERVER__MAX_CONNECTIONS_PER_CLIENT=str(MOST_A_CLIENT),
    ) as served:
        yield served


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that waits for nothing for long."""
    with serve(
        scripted(QUICK),
        tmp_path_factory.mktemp("hasty"),
        VIDTEXT_SERVER__HEADER_SECONDS="1",
        VIDTEXT_SERVER__STALLED_RESPONSE_SECONDS="1",
    ) as served:
        yield served


@pytest.mark.parametrize("text", ["", "G", HALF, f"{WHOLE}{HALF}"], ids=["nothing", "a letter", "half", "the second"])
def test_a_connection_without_a_whole_header_is_closed(hasty: Served, text: str) -> None:
    with Wire(hasty) as wire:
        assert wire.send(text).ended(PATIENCE_SECONDS)


def test_a_header_that_comes_letter_by_letter_gets_no_more_time(hasty: Served) -> None:
    with Wire(hasty) as wire:
        wire.send(HALF)
        wait_until(lambda: wire.send("x").ended(0.1), what="the end of the connection")


def test_what_follows_an_early_answer_is_not_read_for_ever(hasty: Served) -> None:
    with Wire(hasty) as wire:
        assert wire.post("/gradio_api/queue/join", 1 << 40).status() == 413
        wait_until(lambda: wire.send("x").ended(0.1), what="the end of the connection")


def test_a_connection_whose_answer_is_not_read_is_closed(hasty: Served) -> None:
    film = bytes(32 << 20)  # more than the buffers of both systems hold
    path = httpx.post(f"{hasty.address}gradio_api/upload", files={"files": ("a.mp4", film)}, timeout=60).json()[0]
    with Wire(hasty, receive_bytes=1 << 12) as wire:
        wire.send(f"GET /gradio_api/file={path} HTTP/1.1\r\nHost: here\r\n\r\n")
        assert wire.ended(PATIENCE_SECONDS)


def test_a_request_of_one_client_ends_its_own_idle_connections(patient: Served) -> None:
    with (
        wires(patient, MOST_A_CLIENT, HALF, STRANGER) as own,
        wires(patient, MOST_A_CLIENT, HALF, "127.0.0.3") as others,
    ):
        with Wire(patient, STRANGER) as wire:
            assert wire.send(WHOLE).status() == 200
        assert own[0].ended(PATIENCE_SECONDS)
        assert all(wire.is_open for wire in [*own[1:], *others])


def test_idle_connections_make_room_for_requests(patient: Served) -> None:
    with wires(patient, 3 * MOST, HALF) as idle:
        with Wire(patient, STRANGER) as wire:
            assert wire.send(WHOLE).status() == 200
        wait_until(lambda: sum(wire.is_open for wire in idle) <= MOST, what="the end of surplus connections")


def test_connections_with_requests_leave_some_for_health_checks(patient: Served) -> None:
    heartbeat = "GET /gradio_api/heartbeat/{} HTTP/1.1\r\nHost: here\r\nX-Forwarded-For: 192.0.2.{}\r\n\r\n"
    with wires(patient, MOST) as busy:
        for number, wire in enumerate(busy):
            wire.send(heartbeat.format(number, number))
        answers = [wire.status() for wire in busy]
        assert set(answers) == {200, 503}
        with Wire(patient, STRANGER) as wire:
            assert wire.send(WHOLE).status() == 200


@pytest.mark.skipif(not hasattr(select, "poll"), reason="this system has no limit of open files")
def test_more_connections_than_files_may_be_open(tmp_path: Path) -> None:
    limited = (
        "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (400, 400)); "
        "sys.argv.pop(0); runpy.run_path(sys.argv[0], run_name='__main__')"
    )

    def command(port: int, log: Path) -> list[str]:
        return ["-c", limited, *scripted(QUICK)(port, log)]

    with serve(command, tmp_path, VIDTEXT_SERVER__HEADER_SECONDS="600", PYTHONPATH=str(ROOT)) as served:
        with wires(served, 900, HALF), Wire(served, STRANGER) as wire:
            assert wire.send(WHOLE).status() == 200
            assert httpx.get(served.address, timeout=60).status_code == 200
        assert "Too many open files" not in served.server_log.read_text("utf-8")
