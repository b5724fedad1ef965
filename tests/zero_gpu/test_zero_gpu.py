"""What a ZeroGPU Space does to our work: `spaces` itself, with its forked workers, and a service that lends CPUs."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import vidtext
from tests.ui.serving import ROOT, wait_until
from tests.zero_gpu.device_api import NO_DEVICE, DeviceApi, Refusal, device_api

if TYPE_CHECKING:
    from collections.abc import Iterator

FILM = ROOT / "vidtext/examples/four_scenes.mp4"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")  # where `spaces` keeps what it packs


@contextmanager
def script(name: str, api: DeviceApi, home: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **api.environment(home)}
    command = [sys.executable, NO_DEVICE, str(ROOT / "tests/zero_gpu" / name), *arguments]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        yield process
        process.stdin.close()  # type: ignore[union-attr]
        process.wait(timeout=60)


class Space:
    """A Space that runs `contract_script`."""

    def __init__(self, api: DeviceApi, process: subprocess.Popen[str]) -> None:
        self.api, self._process = api, process

    def does(self, name: str, argument: object = "") -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([name, str(argument)]) + "\n")
        self._process.stdin.flush()
        for line in self._process.stdout:  # `spaces` writes there too
            if line.startswith("{"):
                answer: dict[str, Any] = json.loads(line)
                return answer
        pytest.fail("the script ended")


@pytest.fixture(scope="module")
def running(home: Path) -> Iterator[Space]:
    with device_api() as api, script("contract_script.py", api, home) as process:
        yield Space(api, process)


@pytest.fixture
def space(running: Space) -> Iterator[Space]:
    running.api.calls.clear()
    yield running
    running.api.refusal, running.api.second = None, 1.0


def test_every_task_gives_what_it_gives_elsewhere(home: Path) -> None:
    with device_api() as api, script("tasks_script.py", api, home, str(FILM)) as process:
        assert process.stdout
        (made,) = [json.loads(line) for line in process.stdout if line.startswith("{")]
        pids = {call["pid"] for call in api.asked("/allow")}
        assert len(pids) == len(api.asked("/schedule")) > 4  # a process for each call
        assert str(process.pid) not in pids

    chat = vidtext.chat(FILM, model="embedded-chat")
    assert made == {
        "captions": [part.text for part in vidtext.caption(FILM, model="embedded", every_seconds=4).segments],
        "chapters": [[part.start_seconds, part.title] for part in vidtext.chapters(FILM, model="embedded").segments],
        "summary": vidtext.summarize(FILM, model="embedded").summary,
        "answers": ["".join(chat.ask(question)).strip() for question in ("What moves?", "Which way does it go?")],
    }


def test_a_call_leaves_nothing_behind(space: Space) -> None:
    assert space.does("count") == {"made": [1, 0]}  # the process that asked has counted nothing
    assert space.does("count") == {"made": [1, 0]}


def test_steps_come_while_the_work_goes_on(space: Space, tmp_path: Path) -> None:
    assert space.does("stream", tmp_path / "go") == {"made": ["begun", "ended"]}


def test_closing_ends_the_work_and_gives_the_gpu_back(space: Space, tmp_path: Path) -> None:
    assert space.does("stop", tmp_path / "closed") == {"made": [0, 1]}
    wait_until((tmp_path / "closed").exists, what="the work to end")
    assert len(space.api.wait_for("/release")) == 1


def test_an_error_of_ours_comes_out_as_it_was_raised(space: Space) -> None:
    message = "3 frames were asked for; 1 to 2 are allowed."
    assert space.does("fail", "option") == {"error": "OptionError", "message": message}


def test_a_defect_stays_one(space: Space) -> None:
    failed = space.does("fail", "defect")
    assert failed["error"] == "RuntimeError"
    assert "ZeroDivisionError" in failed["message"]


def test_memory_that_runs_out_there_is_told_plainly(space: Space) -> None:
    failed = space.does("fail", "memory")
    assert failed["error"] == "NoMemoryError"
    assert "fewer frames" in failed["message"]


def test_what_does_not_pickle_is_found_out(space: Space) -> None:
    assert "error" in space.does("give a lambda")
    assert "error" in space.does("take a lambda")


def test_a_call_that_takes_too_long_is_told_so_and_gets_longer_the_next_time(space: Space) -> None:
    space.api.second = 0.05
    failed = space.does("hang")
    assert failed["error"] == "GpuRefusedError"
    assert failed["message"].startswith("The GPU was taken back before the work was done")
    space.does("hang")
    first, second = (float(call["durationSeconds"]) for call in space.api.asked("/schedule"))
    assert second == 2 * first


def test_durations_are_learned(space: Space) -> None:
    for _ in range(2):
        assert space.does("tick") == {"made": [*range(20)]}
    first, second = (float(call["durationSeconds"]) for call in space.api.asked("/schedule"))
    assert first == 10 + 100 * 0.5
    # Twenty steps of 0.02 s each take that long at least; `spaces` asks for whole seconds.
    assert 10 + int(100 * 0.02 * 1.5) - 1 <= second < first


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (Refusal(429, "illegal-duration", wait="-P1D"), "longer than this Space may lend it"),
        (Refusal(429, "quota-exceeded", left=3, wait="PT1H"), "daily share of GPU time is used up"),
        (Refusal(429, "pending-overquota-exceeded"), "Too many of your tasks"),
        (Refusal(503), "cannot be had now"),
        (Refusal(401), "Reload the page"),
        (Refusal(500), "cannot be reached"),
    ],
)
def test_a_refusal_is_told_in_plain_words(space: Space, refusal: Refusal, words: str) -> None:
    space.api.refusal = refusal
    failed = space.does("count")
    assert failed["error"] == "GpuRefusedError"
    assert words in failed["message"]


def test_spaces_is_the_first_library_that_the_app_imports() -> None:
    imported = [
        node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.parse((ROOT / "app.py").read_text("utf-8")).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert next(name for name in imported if name not in sys.stdlib_module_names) == "spaces"
