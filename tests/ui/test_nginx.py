"""The page behind Debian's nginx, with the configuration that ships, under a path of its own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import expect

from tests.media.clips import numbered_clip
from tests.ui.conftest import GRACE, SLOW, scripted
from tests.ui.serving import ROOT, Served, serve, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not on this machine")


@contextmanager
def nginx(app_port: int, folder: Path) -> Iterator[str]:
    """Serve an app through nginx; yield the address of its page."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    location = (ROOT / "deploy" / "nginx.conf").read_text("utf-8").replace(":7860", f":{app_port}")
    folder.mkdir()
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n"
        f"fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n"
        f"server {{ listen 127.0.0.1:{port}; location = /favicon.ico {{ return 204; }} {location} }} }}\n",
        "utf-8",
    )
    process = subprocess.Popen([str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf")])
    try:
        address = f"http://127.0.0.1:{port}/vidtext/"
        wait_until(lambda: _status(address) == 200, what="nginx")
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def _status(address: str) -> int:
    try:
        return httpx.get(address).status_code
    except httpx.HTTPError:
        return 0


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("proxied")
    with serve(scripted(SLOW), folder, VIDTEXT_SERVER__ROOT_PATH="/vidtext", **GRACE) as served:
        port = int(served.address.rstrip("/").rpartition(":")[2])
        with nginx(port, folder / "nginx") as address:
            yield Served(address, served.files, served.work_log, served.server_log)


def test_a_video_is_uploaded_captioned_and_stopped(proxied: Served, visit: Callable[..., Page], tmp_path: Path) -> None:
    page = visit(proxied)
    page.locator("#vt-bring input[type=file]").set_input_files(numbered_clip(tmp_path / "film.mp4", 600))
    expect(page.locator("#vt-video-facts")).to_contain_text("film.mp4")
    page.wait_for_function("document.querySelector('#vt-player video').readyState >= 2")
    page.get_by_role("radio", name="Every few seconds").check()
    page.get_by_role("button", name="Caption", exact=True).click()
    expect(page.locator(".vt-cues li").first).to_be_visible()  # while the others are still to come
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#vt-caption-below")).to_contain_text("Stopped")
    wait_until(lambda: "ended film.mp4" in proxied.worked(), what="the end of the work")
    assert len([line for line in proxied.worked() if line.startswith("token")]) < 12 * 5


def test_a_closed_tab_ends_the_work(proxied: Served, visit: Callable[..., Page]) -> None:
    proxied.work_log.unlink(missing_ok=True)
    page = visit(proxied)
    page.get_by_role("radio", name="Every few seconds").check()
    page.get_by_role("button", name="Caption", exact=True).click()
    expect(page.locator(".vt-cues li").first).to_be_visible()
    page.close()
    wait_until(lambda: "ended world.mp4" in proxied.worked(), what="the end of the work")
    assert len([line for line in proxied.worked() if line.startswith("token")]) < 6 * 5


def test_the_api_streams_and_its_addresses_hold(proxied: Served, tmp_path: Path) -> None:
    clip = numbered_clip(tmp_path / "film.mp4", 60)
    with httpx.Client(base_url=proxied.address, timeout=60) as client:
        assert client.get("healthz").text == "alive"
        assert client.get("docs", follow_redirects=True).url.path == "/vidtext/v1/docs"
        form = {"messages": json.dumps([{"role": "user", "content": "What moves?"}]), "stream": "true"}
        times = []
        began = time.monotonic()
        with client.stream("POST", "v1/chat", data=form, files={"video": clip.read_bytes()}) as stream:
            assert stream.status_code == 200
            times = [time.monotonic() - began for line in stream.iter_lines() if line.startswith("data:")]
        assert len(times) > 2
        assert times[-1] - times[0] > 2  # not all at the end


def test_gradios_client_finds_its_way(proxied: Served, tmp_path: Path) -> None:
    script = (
        "import sys; from gradio_client import Client, handle_file\n"
        "client = Client(sys.argv[1], verbose=False)\n"
        "print(client.predict(handle_file(sys.argv[2]), api_name='/caption')['caption'])"
    )
    clip = numbered_clip(tmp_path / "film.mp4", 60)
    command = [sys.executable, "-c", script, proxied.address, str(clip)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=90)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
