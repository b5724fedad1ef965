"""Loaded models, kept for whoever asks next: as many as there is room for, and not for ever."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vidtext.compute.gpu import held_while_forking
from vidtext.compute.out_of_memory import return_memory
from vidtext.models.checkpoint import load_checkpoint
from vidtext.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from transformers import PreTrainedModel, ProcessorMixin

    from vidtext.models.checkpoint import Checkpoint


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model in memory. Pickled, it is its checkpoint: the process that receives it has, or loads, its own.

    Attributes:
        checkpoint: what it was loaded from.
        model: in evaluation mode, on its device.
        processor: makes its inputs.
        use: a context for whoever runs it. Weights that are fetched for a layer and put back after it are gone for
            whoever is in that layer, too: of a model with such weights, it lets in one thread at a time.
    """

    checkpoint: Checkpoint
    model: PreTrainedModel
    processor: ProcessorMixin
    use: AbstractContextManager[object]

    def __reduce__(self) -> tuple[Callable[[Checkpoint], LoadedModel], tuple[Checkpoint]]:
        return loaded_model, (self.checkpoint,)


@dataclass
class _Place:
    """Where a model is, or is being loaded: by one thread, while others who want it wait."""

    loading: threading.Lock = field(default_factory=threading.Lock)
    loaded: LoadedModel | None = None
    nbytes: int = 0
    users: int = 0
    last_used: float = 0.0


class ModelCache:
    """Models by their checkpoints; safe to use from several threads.

    A model that is lent is never dropped. Of the others, those that were not used for longest go when all together are
    larger than `most_bytes`, and each goes when nobody has used it for `idle_seconds`.
    """

    def __init__(
        self,
        load: Callable[[Checkpoint], tuple[PreTrainedModel, ProcessorMixin]],
        *,
        most_bytes: int,
        idle_seconds: float | None,
    ) -> None:
        self._load = load
        self._most_bytes, self._idle_seconds = most_bytes, idle_seconds
        self._places: OrderedDict[Checkpoint, _Place] = OrderedDict()
        self._lock = threading.Lock()
        held_while_forking(self._lock)
        self._timer: threading.Timer | None = None

    def allow(self, *, most_bytes: int, idle_seconds: float | None) -> None:
        """Set how much is kept, and for how long a model that is not used; None keeps it."""
        with self._lock:
            self._most_bytes, self._idle_seconds = most_bytes, idle_seconds
        self._drop_surplus()

    @contextmanager
    def acquire(self, checkpoint: Checkpoint) -> Iterator[LoadedModel]:
        """Lend a model, which is loaded if it is not there. Two who ask at once load it once.

        One of which a part is outside the device's memory is lent to one after the other.

        Raises:
            ModelUnavailableError: it cannot be loaded; nothing of it is kept then.
        """
        with self._lock:
            place = self._places.setdefault(checkpoint, _Place())
            self._places.move_to_end(checkpoint)
            place.users += 1
        try:
            loaded = place.loaded or self._fill(place, checkpoint)
            self._drop_surplus()
            with loaded.use:
                yield loaded
        finally:
            with self._lock:
                place.users -= 1
                place.last_used = time.monotonic()
                if place.loaded is None and not place.users and self._places.get(checkpoint) is place:
                    del self._places[checkpoint]
            self._drop_surplus()
            self._watch()

    def _fill(self, place: _Place, checkpoint: Checkpoint) -> LoadedModel:
        with place.loading:
            if place.loaded is None:  # nobody else was faster
                model, processor = self._load(checkpoint)
                numbers = (*model.parameters(), *model.buffers())
                place.nbytes = sum(each.nbytes for each in numbers if not each.is_meta)  # those are elsewhere
                use = threading.RLock() if checkpoint.device_bytes else nullcontext()
                place.loaded = LoadedModel(checkpoint, model, processor, use)
            return place.loaded

    def holds(self, checkpoint: Checkpoint) -> bool:
        """Whether a model is loaded now."""
        with self._lock:
            place = self._places.get(checkpoint)
            return place is not None and place.loaded is not None

    @property
    def nbytes(self) -> int:
        """How much memory the weights of all kept models take."""
        with self._lock:
            return sum(place.nbytes for place in self._places.values())

    def idle_bytes(self, *, but: Checkpoint | None = None) -> int:
        """Return how much of it would be free if it were needed: that of the models that nobody uses, except one."""
        with self._lock:
            return sum(place.nbytes for key, place in self._places.items() if key != but and not place.users)

    def drop_idle(self, idle_seconds: float = 0.0, *, but: Checkpoint | None = None) -> None:
        """Drop the models that nobody has used for so long; one may be left alone."""
        latest = time.monotonic() - idle_seconds
        with self._lock:
            unused = [
                key
                for key, place in self._places.items()
                if key != but and not place.users and place.last_used <= latest
            ]
            for checkpoint in unused:
                del self._places[checkpoint]
        if unused:
            return_memory()

    def _drop_surplus(self) -> None:
        with self._lock:
            surplus = sum(place.nbytes for place in self._places.values()) - self._most_bytes
            dropped = []
            for checkpoint, place in self._places.items():
                if surplus <= 0:
                    break
                if not place.users:
                    surplus -= place.nbytes
                    dropped.append(checkpoint)
            for checkpoint in dropped:
                del self._places[checkpoint]
        if dropped:
            return_memory()

    def _watch(self) -> None:
        """See to it that somebody looks once the models that are unused now have been so for long enough."""
        with self._lock:
            if self._timer is None and self._places and self._idle_seconds is not None:
                self._timer = threading.Timer(self._idle_seconds, self._look)
                self._timer.daemon = True
                self._timer.start()

    def _look(self) -> None:
        with self._lock:
            self._timer = None
            idle_seconds = self._idle_seconds
        if idle_seconds is None:
            return
        self.drop_idle(idle_seconds)
        self._watch()


MODEL_CACHE = ModelCache(
    load_checkpoint, most_bytes=Settings.kept_model_bytes, idle_seconds=Settings.idle_model_seconds
)
"""The ones of this process."""


def loaded_model(checkpoint: Checkpoint) -> LoadedModel:
    """Return a model of this process, which is loaded if it is not there."""
    with MODEL_CACHE.acquire(checkpoint) as loaded:
        return loaded
