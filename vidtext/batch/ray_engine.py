"""Ray Data as the engine of a batch: actors that hold the models, on this machine or on a cluster.

Ray is installed with `pip install -r requirements-ray.txt`. Each item is a block of its own, so that an actor that dies
loses only its item, which Ray gives to another one. What is not yet read holds actors back, so that memory is bounded.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from typing import TYPE_CHECKING, Any

from vidtext.batch.work import Outcome, failed, real_streams, work_on
from vidtext.errors import OptionError, VidtextError
from vidtext.job import Job

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from vidtext.batch.items import Item
    from vidtext.batch.run import Engine
    from vidtext.settings import Settings

_LOOK_UP_SECONDS = 0.25
"""How soon Ctrl-C is noticed while no item ends."""


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
        job.report("starting Ray", 0, 1)
        try:
            ray.init(address=address, log_to_driver=False, configure_logging=False, include_dashboard=False)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise OptionError(f"There is no Ray cluster at {address}: {[*str(error).splitlines(), ''][0]}") from None
        try:
            yield from _outcomes(items, settings, workers, job)
        finally:
            ray.shutdown()

    return work


def _outcomes(
    items: Sequence[Item], settings: Settings, workers: int | None, job: Job
) -> Generator[Outcome, None, None]:
    left = set(range(len(items)))
    for row in _followed(_rows(items, settings, workers), job):
        left.discard(row["number"])
        yield row["outcome"]
    for number in sorted(left):
        yield failed(
            items[number],
            WorkerDiedError(
                f"{settings.batch_attempts} workers died under it, perhaps for want of memory. Look at Ray's logs."
            ),
        )


class Worker:
    """An actor: it holds the models that its items need, since loaded models are kept in its process."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._streams = settings, real_streams()

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Do one item."""
        return {"number": row["number"], "outcome": work_on(row["item"], self._streams, self._settings, Job())}


def _rows(items: Sequence[Item], settings: Settings, workers: int | None) -> Iterator[dict[str, Any]]:
    import ray

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.max_errored_blocks = -1  # an item that kills its workers is missed afterwards, and the rest goes on
    gpus = int(ray.cluster_resources().get("GPU", 0))
    rows = [{"number": number, "item": item} for number, item in enumerate(items)]
    size = min(workers or gpus or len(ray.nodes()), len(items))
    done = ray.data.from_items(rows, override_num_blocks=len(rows)).map(
        Worker,
        fn_constructor_args=(settings,),
        compute=ray.data.ActorPoolStrategy(size=size, max_tasks_in_flight_per_actor=1),
        num_gpus=1 if gpus else 0,
        max_restarts=-1,
        max_task_retries=settings.batch_attempts - 1,
    )
    yield from done.iter_rows()


def _followed(rows: Iterator[dict[str, Any]], job: Job) -> Iterator[dict[str, Any]]:
    """Yield rows as they come, looking at the job meanwhile, which Ray does not do.

    Raises:
        CancelledError: the job was stopped.
    """
    came: queue.SimpleQueue[dict[str, Any] | BaseException | None] = queue.SimpleQueue()

    def pull() -> None:
        try:
            for row in rows:
                came.put(row)
        except BaseException as error:  # noqa: BLE001  (it is raised again by whoever follows)
            came.put(error)
        else:
            came.put(None)

    threading.Thread(target=pull, name="vidtext-ray", daemon=True).start()
    while True:
        job.check()
        with contextlib.suppress(queue.Empty):
            row = came.get(timeout=_LOOK_UP_SECONDS)
            if row is None:
                return
            if isinstance(row, BaseException):
                raise row
            yield row
