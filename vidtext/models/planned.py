"""A model for a piece of work: planned before it is loaded, and with a part of the device's memory while it works."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vidtext.compute.free_memory import device_memory
from vidtext.compute.gpu import zero_gpu
from vidtext.compute.leases import LEASES, READING
from vidtext.compute.memory import MemoryPlan, Need, Wanted, plan_memory, weight_bytes
from vidtext.errors import ModelUnavailableError, NoMemoryError
from vidtext.models.checkpoint import Checkpoint, best_device, best_precision
from vidtext.models.families import FAMILIES, local_family
from vidtext.models.family import RemoteFamily
from vidtext.models.hub import download
from vidtext.models.kept_models import MODELS_KEPT
from vidtext.models.prefix_cache import PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from vidtext.compute.leases import Lease
    from vidtext.job import Job
    from vidtext.models.base import Captioner, ModelCard, Resolution
    from vidtext.settings import Settings


@dataclass(frozen=True)
class Work:
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
def load_planned(
    resolution: Resolution, work: Work, *, settings: Settings, job: Job
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
    card = resolution.card
    family = FAMILIES[card.family]
    if isinstance(family, RemoteFamily):
        with turn(settings, job=job, device=card.id, at_once=settings.served.max_running):
            yield family.connect(card, settings), _nothing_needed(work)
        return
    folder = resolution.folder or download(card.id, job)
    idle_seconds = None if zero_gpu() else settings.models.idle_seconds
    MODELS_KEPT.allow(most_bytes=settings.models.cache_bytes, idle_seconds=idle_seconds)
    plans = _Plans(folder, resolution, work, settings)
    if zero_gpu():
        plan = plans.made()
        checkpoint = plans.checkpoint(plan)
        if not MODELS_KEPT.holds(checkpoint) and threading.current_thread() is not threading.main_thread():
            raise ModelUnavailableError(
                f"{card.id} was not loaded when this ZeroGPU Space started, and cannot be loaded later. Choose auto."
            )
        with MODELS_KEPT.lent(checkpoint):
            yield _model(card, checkpoint, plan.wanted.edge_pixels, settings), plan
        return
    hoped = plans.made(LEASES.given_bytes(plans.device))
    with _lease(plans, hoped, settings, job) as lease:
        plan = plans.made() if lease.alone else hoped
        checkpoint = plans.checkpoint(plan)
        job.report("loading the model", 0, 1)
        with MODELS_KEPT.lent(checkpoint):
            lease.nbytes = plan.bytes_to_take(loaded=True)
            yield _model(card, checkpoint, plan.wanted.edge_pixels, settings), plan


@contextmanager
def turn(settings: Settings, *, job: Job, device: str = READING, at_once: int | None = None) -> Iterator[None]:
    """Wait for a turn to read files, or for another one that takes none of a device's memory.

    Args:
        settings: the limits.
        job: is told its place, and may be stopped.
        device: what the turn is for.
        at_once: how many jobs may have one; None for `settings.jobs.max_running`.

    Raises:
        BusyError: too many wait already.
        CancelledError: the job was stopped.
    """
    limits = {"at_once": at_once or settings.jobs.max_running, "longest_line": settings.jobs.max_queued}
    with LEASES.lent(device, lambda: 0, lambda: sys.maxsize, job=job, **limits):
        yield


def _nothing_needed(work: Work) -> MemoryPlan:
    """Return the plan of work that is done elsewhere."""
    wanted = Wanted(1, work.frames, work.text_tokens, work.new_tokens, "float32")
    return MemoryPlan(wanted, Need(0, 0, 0, 0), 0)


def _lease(plans: _Plans, hoped: MemoryPlan, settings: Settings, job: Job) -> AbstractContextManager[Lease]:
    return LEASES.lent(
        plans.device,
        lambda: hoped.bytes_to_take(loaded=MODELS_KEPT.holds(plans.checkpoint(hoped))),
        plans.free,
        at_once=settings.jobs.max_running,
        longest_line=settings.jobs.max_queued,
        job=job,
    )


def _model(card: ModelCard, checkpoint: Checkpoint, edge_pixels: int, settings: Settings) -> Captioner:
    return local_family(card).captioner(card.with_edge(edge_pixels) if edge_pixels else card, checkpoint, settings)


def _freest_device() -> str:
    """Name the device for the next job: of several GPUs the one with the most memory that nobody has."""
    import torch

    device = best_device()
    if device != "cuda" or zero_gpu() or torch.cuda.device_count() == 1:
        return device
    gpus = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    return max(gpus, key=lambda gpu: device_memory(gpu).free_bytes - LEASES.given_bytes(gpu))


def foresee(resolution: Resolution, work: Work, settings: Settings) -> MemoryPlan | None:
    """Tell how work would be planned now, without loading anything; None where the model's files are not here.

    What others are working with is counted as free, for the work would wait for it; and so is what is kept and nobody
    uses.

    Raises:
        NoMemoryError: it would not fit in any way.
        ModelUnavailableError: the model's files cannot be read.
    """
    if resolution.folder is None:
        return None
    plans = _Plans(resolution.folder, resolution, work, settings)
    return plans.foreseen(LEASES.given_bytes(plans.device))


class _Plans:
    """Plans of one piece of work, for the memory that is free when they are made."""

    def __init__(self, folder: Path, resolution: Resolution, work: Work, settings: Settings) -> None:
        card = resolution.card
        self.device = _freest_device()
        self._card, self._work, self._share = card, work, settings.models.memory_share
        self._shape = local_family(card).shape(folder, card)
        precision = resolution.precision or best_precision(self.device, card.weight_bytes)
        self._usual = Checkpoint(str(folder), self.device, precision)

    def checkpoint(self, plan: MemoryPlan) -> Checkpoint:
        """Return how the model is loaded."""
        outside = plan.wanted.bytes_outside
        inside = weight_bytes(self._shape, plan.wanted) - outside if outside else 0
        return replace(self._usual, precision=plan.wanted.precision, bytes_inside=inside)

    def free(self) -> int:
        """Return how much of the device may be given away now."""
        return int(device_memory(self.device).free_bytes * self._share)

    def made(self, given_bytes: int = 0) -> MemoryPlan:
        """Plan; if that was not enough, once more without what is kept and nobody uses: models and conversations.

        The model itself stays, also if it was stepped down when it was loaded and has to be again.

        Args:
            given_bytes: what others have now and will give back.

        Raises:
            NoMemoryError: it does not fit in any way.
        """
        with suppress(NoMemoryError):
            found = self._made(given_bytes)
            if not found.notes or not self._unused_bytes():
                return found
        with suppress(NoMemoryError):
            found = self._made(given_bytes + self._unused_bytes())
            stepped_down = self.checkpoint(found)
            if MODELS_KEPT.holds(stepped_down):
                self._drop_unused(but=stepped_down)
                return found
        self._drop_unused(but=self._usual)
        return self._made(given_bytes)

    def foreseen(self, given_bytes: int) -> MemoryPlan:
        """Return what `made` would, and drop nothing for it.

        Raises:
            NoMemoryError: it does not fit in any way.
        """
        with suppress(NoMemoryError):
            found = self._made(given_bytes)
            if not found.notes:
                return found
        return self._made(given_bytes + self._unused_bytes())

    def _unused_bytes(self) -> int:
        return MODELS_KEPT.idle_bytes(but=self._usual) + PREFIXES.nbytes

    def _drop_unused(self, *, but: Checkpoint) -> None:
        PREFIXES.drop()
        MODELS_KEPT.drop_idle(but=but)

    def _made(self, given_bytes: int) -> MemoryPlan:
        work, card, memory = self._work, self._card, device_memory(self.device)
        free = min(memory.total_bytes, memory.free_bytes + given_bytes)
        return plan_memory(
            self._shape,
            Wanted(
                clips=1 if card.chats else work.clips,
                frames=work.frames,
                text_tokens=work.text_tokens,
                new_tokens=work.new_tokens,
                precision=self._usual.precision,
            ),
            replace(memory, free_bytes=free),
            name=card.id,
            share=self._share,
            fewest_frames=min(card.fewest_frames * work.parts, work.frames),
            loaded=MODELS_KEPT.holds(self._usual),
        )
