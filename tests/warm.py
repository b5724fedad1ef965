"""`python3 -m vidtext` in a process of its own that need not import PyTorch first: forked from one that has.

Each test process keeps one server. A command that only a whole process can show (what it imports, how it is killed) is
not started this way.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]

_CLIENT = """#!{python} -SE
import array, json, os, socket, sys
words = sys.argv[1:]
if words[:2] != ["-m", "vidtext"]:
    os.execv({python!r}, [{python!r}, *words])
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    asked = json.dumps({{"words": words[2:], "folder": os.getcwd(), "environment": dict(os.environ)}}).encode()
    socket.send_fds(server, [len(asked).to_bytes(8, "big")], [0, 1, 2])
    server.sendall(asked)
    status = server.recv(4)
sys.exit(int.from_bytes(status, "big", signed=True) if status else 70)
"""


@cache
def warm_folder() -> str:
    """Start the server, once; return the folder whose `python3` runs commands in it."""
    folder = tempfile.mkdtemp(prefix="vidtext-warm-")
    address = f"{folder}/socket"
    client = Path(folder, "python3")
    client.write_text(_CLIENT.format(python=sys.executable, address=address), "utf-8")
    client.chmod(0o755)
    # The command line turns progress bars off before it imports what would show them.
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    server = subprocess.Popen([sys.executable, __file__, address], cwd=ROOT, env=environment)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(server.kill)
    while not Path(address).exists():
        assert server.poll() is None, "the server ended"
        try:
            server.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    return folder


def warm_python() -> str:
    """Return the path of a program that runs `-m vidtext …` as Python would."""
    return f"{warm_folder()}/python3"


def _serve(address: str) -> None:
    import torch  # noqa: F401
    import transformers  # noqa: F401

    import vidtext.models.families.git
    import vidtext.models.video_chat
    import vidtext.tasks.chapters
    import vidtext.tasks.summary  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(f"{address}.new")
    listening.listen(16)
    Path(f"{address}.new").rename(address)
    while True:
        client, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            os.setsid()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os._exit(_run(client))
        client.close()


def _run(client: socket.socket) -> int:
    """Run a command in a child of this process, and tell its status."""
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
        sys.argv = ["vidtext", *asked["words"]]
        _as_main()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    client.sendall(status.to_bytes(4, "big", signed=True))
    return 0


def _as_main() -> None:
    import runpy

    status = 1
    try:
        runpy.run_module("vidtext", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:  # noqa: BLE001  (told as Python tells it)
        import traceback

        traceback.print_exc()
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
    _serve(sys.argv[1])
