"""Programs in processes of their own that need not import heavy libraries first: forked from one that has.

Each test process keeps a server for each kind of program: the command line, and the page. What only a whole process can
show (what it imports, how it is killed) is not started this way.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import IO, Literal

ROOT = Path(__file__).parents[1]

Kind = Literal["commands", "pages"]

_IMPORTS: dict[Kind, tuple[str, ...]] = {
    "commands": (
        "torch",
        "transformers",
        "vidtext.models.families.git",
        "vidtext.models.video_chat",
        "vidtext.tasks.chapters",
        "vidtext.tasks.summary",
    ),
    "pages": ("tests.ui.scripted_page",),
}

_CLIENT = """#!{python} -SE
import array, json, os, socket, sys
words = sys.argv[1:]
if words[:2] != ["-m", "vidtext"]:
    os.execv({python!r}, [{python!r}, *words])
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    asked = json.dumps({{"words": words, "folder": os.getcwd(), "environment": dict(os.environ)}}).encode()
    socket.send_fds(server, [len(asked).to_bytes(8, "big")], [0, 1, 2])
    server.sendall(asked)
    status = server.recv(8, socket.MSG_WAITALL)[4:]  # after the number of the process
sys.exit(int.from_bytes(status, "big", signed=True) if status else 70)
"""


class WarmProcess:
    """A running program, with the methods of `subprocess.Popen`."""

    def __init__(self, kind: Kind, words: list[str], environment: dict[str, str], output: IO[str]) -> None:
        """Start `python WORDS` in the project's folder: `-m MODULE …` or `SCRIPT …`."""
        self._server = socket.socket(socket.AF_UNIX)
        self._server.connect(_address(kind))
        asked = json.dumps({"words": words, "folder": str(ROOT), "environment": environment}).encode()
        with Path(os.devnull).open() as nothing:
            descriptors = [nothing.fileno(), output.fileno(), output.fileno()]
            socket.send_fds(self._server, [len(asked).to_bytes(8, "big")], descriptors)
        self._server.sendall(asked)
        self.pid = int.from_bytes(_exactly(self._server, 4), "big")
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the status if the process has ended."""
        try:
            return self.wait(0.001)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, and return the status."""
        if self.returncode is None:
            self._server.settimeout(timeout)
            try:
                status = _exactly(self._server, 4)
            except TimeoutError:
                raise subprocess.TimeoutExpired("a warm process", timeout or 0) from None
            self.returncode = int.from_bytes(status, "big", signed=True)
            self._server.close()
        return self.returncode

    def terminate(self) -> None:
        """Send SIGTERM, unless the process has ended."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)


def run_warm(words: list[str], folder: Path, **environment: str) -> tuple[int, str]:
    """Run `python WORDS` where the page's libraries are imported already; return its status, and all that it says."""
    said = folder / "said.txt"
    with said.open("w", encoding="utf-8") as log:
        process = WarmProcess("pages", words, {**os.environ, **environment}, log)
    return process.wait(120), said.read_text("utf-8")


def warm_folder() -> str:
    """Return the folder whose `python3` runs `-m vidtext …` in a warm process."""
    return str(Path(_address("commands")).parent)


def warm_python() -> str:
    """Return the path of a program that runs `-m vidtext …` as Python would."""
    return f"{warm_folder()}/python3"


@cache
def _address(kind: Kind) -> str:
    """Start the server of a kind, once; return its socket."""
    folder = tempfile.mkdtemp(prefix="vidtext-warm-")
    address = f"{folder}/socket"
    client = Path(folder, "python3")
    client.write_text(_CLIENT.format(python=sys.executable, address=address), "utf-8")
    client.chmod(0o755)
    # The command line turns progress bars off before it imports what would show them.
    bars = {"HF_HUB_DISABLE_PROGRESS_BARS": "1"} if kind == "commands" else {}
    server = subprocess.Popen(
        [sys.executable, __file__, kind, address], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), **bars}
    )
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(server.kill)
    while not Path(address).exists():
        assert server.poll() is None, "the server ended"
        try:
            server.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    return address


def _serve(kind: Kind, address: str) -> None:
    import importlib

    for module in _IMPORTS[kind]:
        importlib.import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    parent = os.getppid()
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(f"{address}.new")
    listening.listen(16)
    listening.settimeout(5)
    Path(f"{address}.new").rename(address)
    while os.getppid() == parent:  # a test process that was killed leaves no server behind
        try:
            client, _ = listening.accept()
        except TimeoutError:
            continue
        client.settimeout(None)
        if os.fork() == 0:
            listening.close()
            os.setsid()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os._exit(_run(client))
        client.close()


def _run(client: socket.socket) -> int:
    """Run a program in a child of this process, and tell its number and its status."""
    size, descriptors, _, _ = socket.recv_fds(client, 8, 3)
    asked = json.loads(_exactly(client, int.from_bytes(size, "big")))
    child = os.fork()
    if child == 0:
        client.close()
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.chdir(asked["folder"])
        os.environ.clear()
        os.environ |= asked["environment"]
        sys.path.insert(0, str(ROOT))
        _as_main(asked["words"])
    for descriptor in descriptors:
        os.close(descriptor)
    client.sendall(child.to_bytes(4, "big"))
    ended = os.pidfd_open(child)
    readable, _, _ = select.select([client, ended], [], [])
    if ended not in readable:  # whoever asked is gone
        os.kill(child, signal.SIGTERM)
        if not select.select([ended], [], [], 20)[0]:
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return 1
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    client.sendall(status.to_bytes(4, "big", signed=True))
    return 0


def _as_main(words: list[str]) -> None:
    import runpy

    status = 1
    try:
        if words[0] == "-m":
            sys.argv = words[1:]
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = words
            runpy.run_path(words[0], run_name="__main__")
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)  # noqa: T201  (as Python does)
    except BaseException:  # noqa: BLE001  (told as Python tells it)
        import traceback

        traceback.print_exc()
    else:
        status = 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _exactly(client: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        piece = client.recv(size - len(received))
        assert piece
        received += piece
    return received


if __name__ == "__main__":
    _serve(sys.argv[1], sys.argv[2])  # type: ignore[arg-type]
