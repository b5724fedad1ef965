"""A batch on a local Ray with two workers, one of which is killed at work, gives what one process gives."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest

from tests.batch.clips import coloured_clips
from tests.test_cli_batch import batch, start_batch, wait_for_lines

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
