"""How long a start takes: `python -m benchmarks.start`.

`import vidtext` beside importing PyTorch, and the time from `python app.py` until its page answers beside that of the
smallest Gradio app. Each is a process of its own; they take turns, and a figure is the median of its rounds.
"""

from __future__ import annotations

import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from benchmarks.report import machine, table

ROUNDS = 5
ROOT = Path(__file__).parents[1]
IMPORTS = {"import vidtext": "import vidtext", "import gradio": "import gradio", "import torch": "import torch"}
SMALLEST = "import gradio as gr\nwith gr.Blocks() as page:\n    gr.Textbox()\npage.launch()"
PAGES = {"python app.py": ["app.py"], "the smallest Gradio app": ["-c", SMALLEST]}


def seconds_to_import(code: str) -> float:
    """Return how long an import takes in a new process, the start of Python itself left out."""
    timed = f"import time; began = time.perf_counter()\n{code}\nprint(time.perf_counter() - began)"
    done = subprocess.run([sys.executable, "-c", timed], capture_output=True, text=True, check=True, cwd=ROOT)
    return float(done.stdout.split()[-1])


def seconds_to_page(command: list[str]) -> float:
    """Return how long it takes from starting the command until its page answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as files:
        environment = {**os.environ, "GRADIO_SERVER_PORT": str(port), "GRADIO_TEMP_DIR": files, "HF_HUB_OFFLINE": "1"}
        began = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, *command],
            env=environment,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            try:
                while not answers(port):
                    time.sleep(0.02)
                return time.perf_counter() - began
            finally:
                os.killpg(process.pid, signal.SIGKILL)


def answers(port: int) -> bool:
    """Tell whether the page is there."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as page:
            return bool(page.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False


def main() -> None:
    """Measure all."""
    taken: dict[str, list[float]] = {name: [] for name in (*IMPORTS, *PAGES)}
    for _ in range(ROUNDS):
        for name, code in IMPORTS.items():
            taken[name].append(seconds_to_import(code))
        for name, command in PAGES.items():
            taken[name].append(seconds_to_page(command))
    print(f"Measured on {machine()}.\n")
    rows = [[name, f"{statistics.median(each):.2f}", f"{min(each):.2f}"] for name, each in taken.items()]
    print(table(("", "median, s", "fastest, s"), rows))


if __name__ == "__main__":
    main()
