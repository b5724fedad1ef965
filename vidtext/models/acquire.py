"""A model for a piece of work: planned before it is loaded, and with a part of the device's memory while it works."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from threading import current_thread, main_thread
from typing import TYPE_CHECKING

from vidtext.compute.free_memory import device_memory
from vidtext.compute.gpu import zero_gpu
from vidtext.compute.leases import LEASES, wait_for_slot
from vidtext.compute.memory import MemoryEstimate, MemoryPlan, RunConfig, plan_memory, weight_bytes
from vidtext.errors import ModelUnavailableError, NoMemoryError
from vidtext.models.checkpoint import Checkpoint, best_device, best_dtype
from vidtext.models.families import FAMILIES, local_family
from vidtext.models.family import RemoteFamily
from vidtext.models.hub import download
from vidtext.models.model_cache import MODEL_CACHE
from vidtext.models.prefix_cache import PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vidtext.job import Job
    from vidtext.models.base import Captioner, ModelInfo, ResolvedModel
    from vidtext.settings import Settings


@dataclass(frozen=True)
class Workload:
    """What a model is loaded for.

    Attributes:
        clips: how many clips it is to caption at once; a chat model takes one after the other.
        frames: how many frames a clip has.
        text_tokens: about how many tokens are read besides.
        new_tokens: how many are written at most.
        parts: how many clips of a conversation these frames are of: each keeps the model's fewest.
    """

    clips: int
    frames: int
    text_tokens: int = 64
    new_tokens: int = 64
    parts: int = 1


@contextmanager
def acquire_model(
    resolution: ResolvedModel, work: Workload, *, settings: Settings, job: Job
) -> Iterator[tuple[Captioner, MemoryPlan]]:
    """Load what `resolve` found for work that is known to fit into memory, and lend it with room for the work.

    So many works have the device at once as its memory holds, and `settings.jobs.max_running` at most; the others
    wait in the order in which they came, and `job` is told their place. One that would only fit with less than was
    asked for waits until it is alone before it is stepped down. A ZeroGPU Space has a line of its own, and only the
    models that were loaded in its main thread as it started: its PyTorch does as if there were a GPU in that thread
    alone.

    Raises:
        NoMemoryError: it does not fit in any way; nothing was loaded then.
        BusyError: too many wait already.
        ModelUnavailableError: it cannot be downloaded or its files cannot be loaded.
        CancelledError: the job was stopped.
    """
    info = resolution.info
    family = FAMILIES[info.family]
    if isinstance(family, RemoteFamily):
        elsewhere = RunConfig(1, work.frames, work.text_tokens, work.new_tokens, "float32")
        with wait_for_slot(settings, job=job, device=info.id, at_once=settings.served.max_running):
            yield family.connect(info, settings), MemoryPlan(elsewhere, MemoryEstimate(0, 0, 0, 0), 0)
        return
    local = local_family(info)
    idle_seconds = None if zero_gpu() else settings.models.idle_seconds
    MODEL_CACHE.allow(most_bytes=settings.models.cache_bytes, idle_seconds=idle_seconds)
    planner = _Planner(resolution.folder or download(info.id, job), resolution, work, settings)
    hoped = planner.plan(LEASES.given_bytes(planner.device), make_room=True)
    if zero_gpu():
        if not MODEL_CACHE.holds(planner.checkpoint(hoped)) and current_thread() is not main_thread():
            raise ModelUnavailableError(
                f"{info.id} was not loaded when this ZeroGPU Space started, and cannot be loaded later. Choose auto."
            )
        with MODEL_CACHE.acquire(planner.checkpoint(hoped)) as loaded:
            yield local.captioner(planner.info(hoped), loaded, settings), hoped
        return
    with LEASES.acquire(
        planner.device,
        lambda: hoped.bytes_to_take(loaded=MODEL_CACHE.holds(planner.checkpoint(hoped))),
        lambda: int(device_memory(planner.device).free_bytes * settings.models.memory_share),
        at_once=settings.jobs.max_running,
        longest_line=settings.jobs.max_queued,
        job=job,
    ) as lease:
        plan = planner.plan(make_room=True) if lease.alone else hoped
        job.report("loading the model", 0, 1)
        with MODEL_CACHE.acquire(planner.checkpoint(plan)) as loaded:
            lease.nbytes = plan.bytes_to_take(loaded=True)
            yield local.captioner(planner.info(plan), loaded, settings), plan


def foresee(resolution: ResolvedModel, work: Workload, settings: Settings) -> MemoryPlan | None:
    """Tell how work would be planned now, without loading anything; None where the model's files are not here.

    What others are working with is counted as free, for the work would wait for it; and so is what is kept and nobody
    uses.

    Raises:
        NoMemoryError: it would not fit in any way.
        ModelUnavailableError: the model's files cannot be read.
    """
    if resolution.folder is None:
        return None
    planner = _Planner(resolution.folder, resolution, work, settings)
    return planner.plan(LEASES.given_bytes(planner.device), make_room=False)


class _Planner:
    """Plans one piece of work, for the memory that is free at that moment."""

    def __init__(self, folder: Path, resolution: ResolvedModel, work: Workload, settings: Settings) -> None:
        self._info, self._work, self._share = resolution.info, work, settings.models.memory_share
        self._dims = local_family(self._info).dims(folder, self._info)
        self.device = _freest_device()
        dtype = resolution.dtype or best_dtype(self.device, self._info.weight_bytes)
        self._usual = Checkpoint(str(folder), self.device, dtype)

    def checkpoint(self, plan: MemoryPlan) -> Checkpoint:
        """Return how the model is loaded."""
        outside = plan.config.offloaded_bytes
        inside = weight_bytes(self._dims, plan.config) - outside if outside else 0
        return replace(self._usual, dtype=plan.config.dtype, device_bytes=inside)

    def info(self, plan: MemoryPlan) -> ModelInfo:
        """Return the info for the frames that are planned."""
        return self._info.with_image_size(plan.config.image_size) if plan.config.image_size else self._info

    def plan(self, given_bytes: int = 0, *, make_room: bool) -> MemoryPlan:
        """Plan; where that steps something down, once more without the models and conversations that nobody uses.

        The model itself stays, also if it was stepped down when it was loaded and has to be again.

        Args:
            given_bytes: what others have now and will give back.
            make_room: whether what nobody uses is dropped where that helps, or only counted as free.

        Raises:
            NoMemoryError: it does not fit in any way.
        """
        unused_bytes = MODEL_CACHE.idle_bytes(but=self._usual) + PREFIXES.nbytes
        with suppress(NoMemoryError):
            found = self._plan(given_bytes)
            if not (found.notes and unused_bytes):
                return found
        if not make_room:
            return self._plan(given_bytes + unused_bytes)
        with suppress(NoMemoryError):
            found = self._plan(given_bytes + unused_bytes)
            stepped_down = self.checkpoint(found)
            if MODEL_CACHE.holds(stepped_down):
                self._drop_unused(but=stepped_down)
                return found
        self._drop_unused(but=self._usual)
        return self._plan(given_bytes)

    def _drop_unused(self, *, but: Checkpoint) -> None:
        PREFIXES.drop()
        MODEL_CACHE.drop_idle(but=but)

    def _plan(self, given_bytes: int) -> MemoryPlan:
        work, info, memory = self._work, self._info, device_memory(self.device)
        return plan_memory(
            self._dims,
            RunConfig(
                clips=1 if info.chats else work.clips,
                frames=work.frames,
                text_tokens=work.text_tokens,
                new_tokens=work.new_tokens,
                dtype=self._usual.dtype,
            ),
            replace(memory, free_bytes=min(memory.total_bytes, memory.free_bytes + given_bytes)),
            name=info.id,
            share=self._share,
            min_frames=min(info.min_frames * work.parts, work.frames),
            loaded=MODEL_CACHE.holds(self._usual),
        )


def _freest_device() -> str:
    """Name the device for the next job: of several GPUs the one with the most memory that nobody has."""
    import torch

    device = best_device()
    if device != "cuda" or zero_gpu() or torch.cuda.device_count() == 1:
        return device
    gpus = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    return max(gpus, key=lambda gpu: device_memory(gpu).free_bytes - LEASES.given_bytes(gpu))
