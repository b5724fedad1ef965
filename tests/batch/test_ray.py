"""A batch on a local Ray with two workers, one of which is killed at work, gives what one process gives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.batch.clips import coloured_clips
from tests.test_cli_batch import ENVIRONMENT, batch, records, start_batch, wait_for_lines
from vidtext.batch.ray_engine import Pool, pool_of, ray_engine
from vidtext.errors import OptionError
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


def machine(name: str, **resources: float) -> dict[str, Any]:
    """Return a machine as `ray.nodes()` has it: resources that are 0 are not named."""
    return {"NodeID": name, "Alive": True, "Resources": {kind: n for kind, n in resources.items() if n}}


HEAD = machine("head", CPU=0.0, memory=1e9)
GONE = {**machine("gone", CPU=64.0, GPU=8.0), "Alive": False}


@pytest.mark.parametrize(
    ("machines", "workers", "items", "pool"),
    [
        ([machine("a", CPU=8.0)], None, 9, Pool(1, 8, 0, {"a": 8})),
        ([HEAD, machine("a", CPU=8.0), machine("b", CPU=8.0), GONE], None, 9, Pool(2, 8, 0, {"a": 8, "b": 8})),
        ([machine("a", CPU=4.0), machine("b", CPU=16.0)], None, 9, Pool(2, 4, 0, {"a": 4, "b": 16})),
        ([machine("a", CPU=8.0), machine("b", CPU=8.0)], 4, 9, Pool(4, 4, 0, {"a": 4, "b": 4})),
        ([machine("a", CPU=8.0), machine("b", CPU=8.0)], 3, 9, Pool(3, 4, 0, {"a": 4, "b": 4})),
        ([machine("a", CPU=8.0), machine("b", CPU=8.0)], None, 1, Pool(1, 8, 0, {"a": 8, "b": 8})),
        ([machine("a", CPU=2.0)], 4, 9, Pool(4, 1, 0, {"a": 1})),
        ([HEAD, machine("a", CPU=32.0, GPU=4.0)], None, 9, Pool(4, 8, 1, {"a": 8})),
        ([machine("head", CPU=2.0), machine("a", CPU=32.0, GPU=4.0)], None, 9, Pool(4, 8, 1, {"a": 8})),
        (
            [machine("a", CPU=32.0, GPU=4.0), machine("b", CPU=8.0, GPU=1.0)],
            None,
            9,
            Pool(5, 8, 1, {"a": 10, "b": 8}),
        ),
        ([machine("head", GPU=1.0), machine("a", CPU=8.0, GPU=1.0)], None, 9, Pool(2, 0, 1, {"head": 1, "a": 8})),
    ],
)
def test_every_machine_is_used_wholly(
    machines: list[dict[str, Any]], workers: int | None, items: int, pool: Pool
) -> None:
    assert pool_of(machines, workers, items) == pool


@pytest.mark.parametrize(
    ("machines", "workers"), [([HEAD], None), ([HEAD, GONE], 1), ([machine("a", CPU=8.0, GPU=2.0)], 3)]
)
def test_a_cluster_that_cannot_have_such_workers_is_told(machines: list[dict[str, Any]], workers: int | None) -> None:
    with pytest.raises(OptionError):
        pool_of(machines, workers, 9)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_cluster_whose_head_has_no_cpus_has_one_worker_on_each_other_machine(tmp_path: Path) -> None:
    """What Ray itself tells of each worker, on a cluster of three machines that are processes of this one."""
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from ray.cluster_utils import Cluster\n"
        "from vidtext.batch import ray_engine\n"
        "inner = ray_engine.Worker\n"
        "class Worker(inner):\n"
        "    def __init__(self, *arguments):\n"
        "        super().__init__(*arguments)\n"
        "        import ray, torch\n"
        "        node = ray.get_runtime_context().get_node_id()\n"
        "        Path(os.environ['SEEN'], f'{node}-{os.getpid()}').write_text(str(torch.get_num_threads()))\n"
        "ray_engine.Worker = Worker\n"
        "cluster = Cluster(initialize_head=True, head_node_args={'num_cpus': 0})\n"
        "for _ in range(2): cluster.add_node(num_cpus=3)\n"
        "cluster.wait_for_nodes()\n"
        "from vidtext.cli import main\n"
        "code = main(['batch', *sys.argv[1:], '--engine', 'ray', '--address', cluster.address])\n"
        "cluster.shutdown()\n"
        "sys.exit(code)\n"
    )
    coloured_clips(tmp_path / "clips", 4)
    (tmp_path / "seen").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "clips", "--output", tmp_path / "results"],
        capture_output=True,
        timeout=500,
        check=False,
        env={**ENVIRONMENT, "SEEN": str(tmp_path / "seen")},
    )
    assert done.returncode == 0, done.stderr
    seen = list((tmp_path / "seen").iterdir())
    assert len({path.name.partition("-")[0] for path in seen}) == len(seen) == 2
    assert [path.read_text() for path in seen] == ["3", "3"]


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
        "        real = self._tasks['caption']\n"
        "        def caption(source, options, **how):\n"
        "            if source.path.stem == 'deadly': os._exit(1)\n"
        "            return real.run(source, options, **how)\n"
        "        self._tasks = {**self._tasks, 'caption': dataclasses.replace(real, run=caption)}\n"
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
        env={**ENVIRONMENT, "VIDTEXT_BATCH__ATTEMPTS": "2"},
    )
    assert done.returncode == 6, done.stderr
    made = {record["name"]: record for record in records(tmp_path / "results")}
    assert [made[name]["status"] for name in ("clip00", "clip02", "deadly")] == ["done", "done", "failed"]
    assert made["deadly"]["error"]["kind"] == "WorkerDiedError"
    assert made["deadly"]["error"]["message"].startswith("2 workers died of it")
