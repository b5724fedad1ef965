"""A page in a process of its own, and the browser that looks at it."""

from __future__ import annotations

import dataclasses
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from tests.warm import WarmProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
CHROMIUM = "/usr/bin/chromium"
CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]
_START_SECONDS = 90


@dataclasses.dataclass(frozen=True)
class Served:
    """A page that is being served: its address, the folder for its temporary files, and two logs."""

    address: str
    files: Path
    work_log: Path
    server_log: Path

    @contextmanager
    def held_previews(self) -> Iterator[None]:
        """Let the scripted page make no preview until the context ends."""
        hold = self.work_log.with_name("hold")
        hold.touch()
        try:
            yield
        finally:
            hold.unlink()

    def worked(self) -> list[str]:
        """Return what the scripted captioner did."""
        return self.work_log.read_text("utf-8").splitlines() if self.work_log.exists() else []


def wait_until(happened: Callable[[], object], *, what: str, seconds: float = 20) -> None:
    """Wait for a state that no browser event tells of."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.05)


def files_in(folder: Path, pattern: str) -> list[Path]:
    """Return what has such a name at any depth; what is deleted meanwhile is passed over, which `rglob` does not do."""
    return [
        Path(place, name)
        for place, folders, files in os.walk(folder)
        for name in (*folders, *files)
        if fnmatch(name, pattern)
    ]


@contextmanager
def serve(
    command: Callable[[int, Path], list[str]], folder: Path, *, cold: bool = False, **environment: str
) -> Iterator[Served]:
    """Run a page on a free port until the context ends.

    Args:
        command: returns what follows `python` from a port and the path of the work log.
        folder: for all that the page writes.
        cold: start a child of this process that imports everything itself.
        environment: what differs from this process's.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    served = Served(f"http://127.0.0.1:{port}/", folder / "files", folder / "work.log", folder / "server.log")
    words = command(port, served.work_log)
    everything = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_TEMP_DIR": str(served.files),
        **environment,
    }
    process: WarmProcess | subprocess.Popen[bytes]
    with served.server_log.open("w", encoding="utf-8") as log:
        if cold or not words[0].endswith("scripted_page.py"):
            process = subprocess.Popen(
                [sys.executable, *words], cwd=ROOT, env=everything, stdout=log, stderr=subprocess.STDOUT
            )
        else:
            process = WarmProcess("pages", words, everything, log)
    try:
        wait_until(
            lambda: _answers(served.address) or process.poll() is not None, what="the page", seconds=_START_SECONDS
        )
        assert process.poll() is None, served.server_log.read_text("utf-8")
        yield served
    finally:
        process.terminate()
        process.wait(timeout=20)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False
