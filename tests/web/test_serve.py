"""How a server starts and ends."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest
from anyio import to_thread
from anyio._backends._asyncio import WorkerThread

from tests.media.clips import numbered_clip
from tests.ui.conftest import SLOW, scripted
from tests.ui.serving import ROOT, serve, wait_until
from tests.warm import run_warm
from vidtext.errors import OptionError
from vidtext.web import serve as web
from vidtext.web.serve import _parser, settings_of, size_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.ui.serving import Served


def options(*words: str) -> object:
    return _parser().parse_args(words)


def test_options_go_over_variables() -> None:
    environment = {
        "VIDTEXT_SERVER__ROOT_PATH": "/a",
        "VIDTEXT_SERVER__AUTH": "a:b",
        "VIDTEXT_LIMITS__MAX_SOURCE_BYTES": "1",
        "PATH": "/bin",
    }
    plain = settings_of(options(), environment)
    server = plain.server
    assert (server.root_path, server.auth, server.share) == ("/a", "a:b", False)
    assert plain.limits.max_source_bytes == 1
    given = settings_of(
        options("--root-path", "/b", "--auth", "c:d", "--auth", "e:f", "--max-file-size", "2MB", "--share"), environment
    )
    server = given.server
    assert (server.root_path, server.auth, server.share) == ("/b", "c:d,e:f", True)
    assert given.limits.max_source_bytes == 2_000_000


def test_strangers_files_are_decoded_in_workers_unless_that_is_refused() -> None:
    assert settings_of(options(), {}).sandbox.enabled
    assert not settings_of(options(), {"VIDTEXT_SANDBOX__ENABLED": "0"}).sandbox.enabled


@pytest.mark.parametrize(
    ("text", "size"), [("1000", 1000), ("500MB", 500_000_000), ("1.5 GiB", 3 << 29), ("2kb", 2000), ("2 KIB", 2048)]
)
def test_sizes(text: str, size: int) -> None:
    assert size_of(text) == size


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--max-file-size", "much"), "'much' is no size"),
        (("--max-file-size", "0"), "max_source_bytes=0"),
        (("--auth", "guard"), "not of the form name:password"),
        (("--port", "http"), "invalid int value"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    status, told = run_warm(["app.py", *words], tmp_path)
    assert status != 0
    assert said in told
    assert "Traceback" not in told


def test_no_place_for_temporary_files_is_told_in_a_line(tmp_path: Path) -> None:
    status, told = run_warm(["app.py"], tmp_path, GRADIO_TEMP_DIR="/proc/nowhere")
    assert status != 0
    assert "No temporary files can be made" in told
    assert "Traceback" not in told


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[tuple[Served, str]]:
    """A server with a job at work, and the job's event."""
    with serve(scripted(SLOW), tmp_path, cold=True) as served:
        clip = numbered_clip(tmp_path / "film.mp4", 60)
        with httpx.Client(base_url=served.address, timeout=60) as client:
            sent = client.post("/gradio_api/upload", files={"files": (clip.name, clip.read_bytes(), "video/mp4")})
            video = {"path": sent.json()[0], "meta": {"_type": "gradio.FileData"}}
            asked = client.post("/gradio_api/call/v2/caption", json={"video": video, "every_seconds": 1})
            wait_until(served.worked, what="the first word")
            yield served, asked.json()["event_id"]


def process_of(served: Served) -> psutil.Process:
    port = int(served.address.rstrip("/").rpartition(":")[2])
    return next(
        child
        for child in psutil.Process().children()
        if any(each.laddr.port == port and each.status == "LISTEN" for each in child.net_connections())
    )


def test_sigterm_ends_the_work_and_the_server_within_ten_seconds_and_leaves_nothing(busy: tuple[Served, str]) -> None:
    served, _ = busy
    process = process_of(served)
    workers = process.children(recursive=True)
    assert workers
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    wait_until(lambda: any(line.startswith("ended") for line in served.worked()), what="the end of the work")
    wait_until(lambda: process.status() == psutil.STATUS_ZOMBIE, what="the end of the server", seconds=10)
    assert time.monotonic() - began < 10
    assert list(served.files.glob("vidtext-server-*")) == []
    wait_until(lambda: not any(worker.is_running() for worker in workers), what="the end of its workers")
    assert "Traceback" not in served.server_log.read_text("utf-8")


def test_what_a_killed_server_left_goes_when_the_next_one_starts(busy: tuple[Served, str]) -> None:
    served, _ = busy
    process = process_of(served)
    workers = process.children(recursive=True)
    process.kill()
    wait_until(lambda: not any(worker.is_running() for worker in workers), what="the end of its workers")
    (left,) = served.files.glob("vidtext-server-*")
    assert list(left.rglob("film.mp4"))
    with serve(scripted(SLOW), served.files.parent):
        assert not left.exists()
        assert len(list(served.files.glob("vidtext-server-*"))) == 1


def test_a_wrong_setting_of_names_and_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    from vidtext.ui.look import launch_options

    with pytest.raises(OptionError, match="name:password"):
        launch_options(settings_of(options("--auth", "guard"), {}))
    assert launch_options(settings_of(options("--auth", "guard:a:b"), {}))["auth"] == [("guard", "a:b")]


def test_the_app_itself_is_only_the_way_in() -> None:
    lines = [line for line in Path(ROOT, "app.py").read_text("utf-8").splitlines() if line.strip()]
    assert len(lines) < 12


def test_threads_that_a_crowd_needed_end_when_it_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "_REST_SECONDS", 0.01)
    monkeypatch.setattr(WorkerThread, "MAX_IDLE_TIME", 0.1)
    before = set(threading.enumerate())

    def idle() -> int:
        return sum(isinstance(thread, WorkerThread) for thread in set(threading.enumerate()) - before)

    async def crowd() -> None:
        async with web._resting(None):
            await asyncio.gather(*(to_thread.run_sync(time.sleep, 0.2) for _ in range(8)))
            most.append(idle())
            while idle() > 1:  # noqa: ASYNC110  no event tells of it
                await asyncio.sleep(0.01)

    most: list[int] = []
    alone = threading.Thread(target=lambda: asyncio.run(asyncio.wait_for(crowd(), 20)))  # the browser has a loop here
    alone.start()
    wait_until(lambda: not alone.is_alive(), what="the threads to end", seconds=30)
    assert most[0] > 1
    assert idle() <= 1
