"""Functions and modules that a caption and a chat turn go through: `python -m benchmarks.hops`.

One caption and one question to the embedded models, each in a process of its own, so that loading is included and
importing is not. Counted with `sys.setprofile` are the distinct named functions of vidtext, their modules, those of
`models/` and `compute/` alone, and the returns: how often a reader who follows the functions in the order in which they
are first called goes back to a module that was left before. `while generating` are the functions of vidtext on the
stack of the waiting thread when `model.generate` is called.
"""

import argparse
import importlib
import inspect
import json
import pkgutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

import vidtext
from benchmarks.report import table

TASKS = ("caption", "chat")
ROOT = str(Path(vidtext.__file__).parent)
PARTS = ("models", "compute")
FACTS = ("functions", "modules", "returns", "functions of models, compute", "modules of these", "returns in these")


def module_of(code_file: str) -> str:
    """Name the module of a file of vidtext."""
    return str(Path(code_file).relative_to(ROOT).with_suffix(""))


class Profile:
    """Records every function of vidtext at its first call, in all threads."""

    def __init__(self) -> None:
        self.functions: dict[tuple[str, str], None] = {}
        self.stack: list[str] = []
        self._waiting = threading.get_ident()

    def __enter__(self) -> Self:
        threading.setprofile(self._see)
        sys.setprofile(self._see)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.setprofile(None)
        threading.setprofile(None)

    def _see(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event != "call":
            return
        if code.co_filename.startswith(ROOT) and code.co_flags & inspect.CO_OPTIMIZED and code.co_name.isidentifier():
            self.functions.setdefault((module_of(code.co_filename), code.co_qualname))
        elif code.co_name == "generate" and code.co_filename.endswith("transformers/generation/utils.py"):
            waiting: FrameType | None = sys._current_frames()[self._waiting]  # noqa: SLF001
            while waiting is not None:
                if waiting.f_code.co_filename.startswith(ROOT):
                    self.stack.append(f"{module_of(waiting.f_code.co_filename)}.{waiting.f_code.co_qualname}")
                waiting = waiting.f_back


def measure(task: str) -> dict[str, object]:
    """Run one task in this process and return what it went through."""
    import numpy as np

    from tests.media.clips import write_clip

    for package in ("vidtext.compute", "vidtext.models", "vidtext.tasks"):
        for found in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            importlib.import_module(found.name)
    frames = [np.full((48, 64, 3), 9 * number, np.uint8) for number in range(20)]
    with tempfile.TemporaryDirectory() as folder:
        clip = write_clip(Path(folder, "clip.mp4"), frames, rate=5)
        with Profile() as seen:
            if task == "caption":
                vidtext.caption(clip, model="embedded")
            else:
                list(vidtext.chat(clip, model="embedded-chat").ask("What moves?"))
    everything = [module for module, _ in seen.functions]
    parts = [module for module in everything if module.split("/")[0] in PARTS]
    counts = (*counted(everything), *counted(parts))
    return {**dict(zip(FACTS, counts, strict=True)), "stack": seen.stack[::-1], "order": list(seen.functions)}


def counted(modules: Sequence[str]) -> tuple[int, int, int]:
    """Return functions, modules and returns, for the modules of functions in the order of their first calls."""
    stops = [module for module, _ in groupby(modules)]
    return len(modules), len(set(modules)), len(stops) - len(set(stops))


def main() -> None:
    """Measure both tasks, or the one that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", choices=TASKS, help="measure this in this process")
    parser.add_argument("--verbose", action="store_true", help="print the functions too")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one)))
        return
    rows = []
    for task in TASKS:
        command = [sys.executable, "-m", "benchmarks.hops", "--one", task]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found = json.loads(done.stdout.splitlines()[-1])
        rows.append([task, *(str(found[fact]) for fact in FACTS), str(len(found["stack"]))])
        if arguments.verbose:
            print(task, *(f"  {module}.{name}" for module, name in found["order"]), sep="\n")
            print("while generating", *(f"  {each}" for each in found["stack"]), sep="\n")
    print(table(["task", *FACTS, "while generating"], rows))


if __name__ == "__main__":
    main()
