"""Ray Data as the engine of a batch: actors that hold the models, on this machine or on a cluster.

Ray is installed with `pip install -r requirements-ray.txt`. Each item is a block of its own, so that an actor that dies
loses only its item, which Ray gives to another one. What is not yet read holds actors back, so that memory is bounded.
"""

from __future__ import annotations

import logging
import math
import os
import pickle
import socket
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vidtext.batch.work import Outcome, failed, work_on
from vidtext.errors import OptionError, VidtextError
from vidtext.job import Job
from vidtext.tasks.registry import TASKS
from vidtext.threads import ThreadedWork, each_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from vidtext.batch.items import Item
    from vidtext.batch.run import Engine
    from vidtext.settings import Settings

_CONNECT_SECONDS = 10.0
"""How long to wait for the first sign of a cluster."""


class WorkerDiedError(VidtextError):
    """Every worker that began an item died: the video, or the machine, is too much for it."""


def ray_engine(settings: Settings, *, address: str | None, workers: int | None) -> Engine:
    """Return the engine that does items on Ray.

    Args:
        settings: the limits; each actor gets them.
        address: of a cluster, as `ray.init` takes it; None starts Ray on this machine, until the batch ends.
        workers: how many actors there are; None takes one for each GPU of the cluster, or for each of its machines
            where there is no GPU.

    Raises:
        OptionError: Ray is not installed, there is no cluster at the address, or the number is not possible.
    """
    try:
        import ray
    except ImportError:
        raise OptionError("Ray is not installed. Run python3 -m pip install -r requirements-ray.txt.") from None
    if workers is not None and workers < 1:
        raise OptionError(f"--workers is {workers}; it must be 1 or more.")

    def work(items: Sequence[Item], job: Job) -> Generator[Outcome, None, None]:
        if not items:  # all was done before
            return
        job.report("starting Ray", 0, 1)
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
        _check_address(address)
        try:
            ray.init(address=address or "local", log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise OptionError(f"There is no Ray cluster at {address}: {[*str(error).splitlines(), ''][0]}") from None
        try:
            rows = ThreadedWork(each_of(lambda: _outcomes(items, settings, workers)), name="vidtext-ray")
            yield from rows.items(job)  # Ray does not look at the job
        finally:
            ray.shutdown()

    return work


def _check_address(address: str | None) -> None:
    """Find out at once whether anybody answers: Ray itself tries for minutes, and cannot be stopped meanwhile.

    Raises:
        OptionError: nobody does.
    """
    host, colon, port = (address or "").rpartition(":")
    if not (colon and port.isdecimal()) or "://" in host:
        return  # a name, such as "auto", or none
    try:
        socket.create_connection((host, int(port)), timeout=_CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise OptionError(f"There is no Ray cluster at {address}: {error}. Start one as docs/deploy.md says.") from None


class Attempts:
    """An actor that outlives the workers: it counts how often each item was begun."""

    def __init__(self) -> None:
        self._begun: Counter[int] = Counter()

    def begin(self, number: int) -> int:
        """Count one more attempt at an item, and return how many there are now."""
        self._begun[number] += 1
        return self._begun[number]


class Worker:
    """An actor: it holds the models that its items need, since loaded models are kept in its process."""

    def __init__(self, settings: Settings, attempts: Any, threads: dict[str, int]) -> None:  # noqa: ANN401  Ray's handle has no type
        import ray
        import torch

        torch.set_num_threads(threads[ray.get_runtime_context().get_node_id()])
        self._settings, self._tasks, self._attempts = settings, TASKS, attempts

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Do one item. Items and outcomes cross as bytes, which are no table that Ray would have to understand."""
        item: Item = pickle.loads(row["item"])  # noqa: S301  (written by the batch itself)
        return {"outcome": pickle.dumps(self._outcome(row["number"], item))}

    def _outcome(self, number: int, item: Item) -> Outcome:
        import ray

        died = ray.get(self._attempts.begin.remote(number)) - 1
        if died >= self._settings.batch.attempts:
            why = f"{died} workers died of it, perhaps for want of memory. Ray's logs may tell more."
            return failed(item, WorkerDiedError(why))
        return work_on(item, self._tasks, self._settings, Job())


def _outcomes(items: Sequence[Item], settings: Settings, workers: int | None) -> Iterator[Outcome]:
    import ray

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    rows = [{"number": number, "item": pickle.dumps(item)} for number, item in enumerate(items)]
    pool = pool_of(ray.nodes(), workers, len(items))
    done = ray.data.from_items(rows, override_num_blocks=len(rows)).map(
        Worker,
        fn_constructor_args=(settings, ray.remote(num_cpus=0)(Attempts).remote(), pool.threads),
        compute=ray.data.ActorPoolStrategy(size=pool.size, max_tasks_in_flight_per_actor=1),
        num_cpus=pool.cpus,
        num_gpus=pool.gpus,
        scheduling_strategy="SPREAD",
    )
    for row in done.iter_rows():
        yield pickle.loads(row["outcome"])  # noqa: S301  (written by our own actors)


@dataclass(frozen=True)
class Pool:
    """The workers of a batch.

    Attributes:
        size: how many there are.
        cpus: how many CPUs Ray reserves for each, the same for all, on whichever machine it puts them.
        gpus: how many GPUs.
        threads: by the id of a machine, how many threads a worker there computes with, so that all its CPUs are used.
    """

    size: int
    cpus: int
    gpus: int
    threads: dict[str, int]


def pool_of(machines: Sequence[dict[str, Any]], workers: int | None, items: int) -> Pool:
    """Divide a cluster among workers: one for each GPU, or for each machine with CPUs where there is no GPU.

    Args:
        machines: as `ray.nodes()` tells of them; one that was started with 0 CPUs has no "CPU" among its resources.
        workers: how many workers there are; None for as many as said.
        items: of how many items the batch has; more workers would have nothing to do.

    Raises:
        OptionError: there is no CPU and no GPU, or fewer GPUs than workers.
    """
    alive = {each["NodeID"]: each["Resources"] for each in machines if each["Alive"]}
    gpus = sum(int(each.get("GPU", 0)) for each in alive.values())
    hosts = {node: each for node, each in alive.items() if each.get("GPU" if gpus else "CPU", 0) >= 1}
    if not hosts:
        raise OptionError("The Ray cluster has neither CPUs nor GPUs. Start it with some, as docs/deploy.md says.")
    if gpus and workers and workers > gpus:
        raise OptionError(f"--workers is {workers}; each has a GPU, and the Ray cluster has {gpus}. Ask for fewer.")
    size = min(workers or gpus or len(hosts), items)
    most = math.ceil(size / len(hosts))
    shares = {
        node: int(each.get("CPU", 0)) // (min(most, int(each["GPU"])) if gpus else most) for node, each in hosts.items()
    }
    cpus = min(shares.values()) if gpus else max(1, min(shares.values()))
    return Pool(size, cpus, 1 if gpus else 0, {node: max(1, share) for node, share in shares.items()})
