"""A batch on a local Ray with two workers, one of which is killed at work, gives what one process gives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.batch.clips import coloured_clips
from tests.test_cli_batch import ENVIRONMENT, batch, records, start_batch, wait_for_lines
from vidtext.batch.ray_engine import ray_engine
from vidtext.job import Job
from vidtext.settings import Settings

pytest.importorskip("ray")


def workers_of(process: psutil.Process) -> list[psutil.Process]:
    """Return the processes of Ray's actors that are at work on items, all of them started by this one."""
    found = []
    for child in process.children(recursive=True):
        try:
            if "Worker(" in " ".join(child.cmdline()):
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


@pytest.mark.slow
@pytest.mark.timeout(600)  # Ray and its workers, which import torch, take a minute to start on two free cores
def test_one_worker_of_two_is_killed_and_the_results_are_those_of_one_process(tmp_path: Path) -> None:
    coloured_clips(tmp_path / "clips", 8)
    here, there = tmp_path / "here", tmp_path / "there"
    assert batch(tmp_path / "clips", "--output", here).returncode == 0

    running = start_batch(tmp_path / "clips", "--output", there, "--engine", "ray", "--workers", "2")
    results = there / "results.jsonl"
    wait_for_lines(results, 2, running)
    workers = workers_of(psutil.Process(running.pid))
    assert len(workers) == 2, workers
    os.kill(workers[0].pid, signal.SIGKILL)
    assert results.read_bytes().count(b"\n") < 8
    _, said = running.communicate(timeout=200)

    assert running.returncode == 0, said
    assert results.read_bytes() == (here / "results.jsonl").read_bytes()
    files = [{path.name: path.read_bytes() for path in each.iterdir() if path.suffix} for each in (here, there)]
    assert files[0] == files[1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--address", "127.0.0.1:1"), b"There is no Ray cluster at 127.0.0.1:1: "),
        (("--workers", "0"), b"--workers is 0; it must be 1 or more."),
    ],
)
def test_what_cannot_be_is_told_at_once(tmp_path: Path, options: tuple[str, ...], said: bytes) -> None:
    coloured_clips(tmp_path / "clips", 1)
    done = batch(tmp_path / "clips", "--output", tmp_path / "results", "--engine", "ray", *options)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_batch_that_is_done_starts_nothing() -> None:
    assert list(ray_engine(Settings(), address=None, workers=2)([], Job())) == []


@pytest.mark.slow
def test_a_video_that_kills_its_workers_is_recorded_and_the_rest_goes_on(tmp_path: Path) -> None:
    """The worker that opens "deadly" ends itself, as one does that the system kills for want of memory."""
    script = (
        "import os, sys, dataclasses\n"
        "from vidtext.batch import ray_engine\n"
        "inner = ray_engine.Worker\n"
        "class Worker(inner):\n"
        "    def _outcome(self, number, item):\n"
        "        real = self._streams.caption_stream\n"
        "        def caption(source, options, **how):\n"
        "            if source.stem == 'deadly': os._exit(1)\n"
        "            return real(source, options, **how)\n"
        "        self._streams = dataclasses.replace(self._streams, caption_stream=caption)\n"
        "        return inner._outcome(self, number, item)\n"
        "ray_engine.Worker = Worker\n"
        "from vidtext.cli import main\n"
        "sys.exit(main(['batch', *sys.argv[1:]]))\n"
    )
    coloured_clips(tmp_path / "clips", 3)
    (tmp_path / "clips" / "clip01.mp4").rename(tmp_path / "clips" / "deadly.mp4")
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "clips", "--output", tmp_path / "results", "--engine", "ray"],
        capture_output=True,
        timeout=240,
        check=False,
        env={**ENVIRONMENT, "VIDTEXT_BATCH_ATTEMPTS": "2"},
    )
    assert done.returncode == 6, done.stderr
    made = {record["name"]: record for record in records(tmp_path / "results")}
    assert [made[name]["status"] for name in ("clip00", "clip02", "deadly")] == ["done", "done", "failed"]
    assert made["deadly"]["error"]["kind"] == "WorkerDiedError"
    assert made["deadly"]["error"]["message"].startswith("2 workers died of it")
