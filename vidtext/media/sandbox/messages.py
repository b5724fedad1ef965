"""What a guarded worker, the process that forks it and the one that asked for it say to each other.

The worker has read a stranger's file, so nothing of what it sends is trusted: only values of known classes are taken.
"""

from __future__ import annotations

import io
import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from vidtext import errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from vidtext.job import Progress


@dataclass(frozen=True)
class Limits:
    """What the system refuses a worker."""

    memory_bytes: int
    cpu_seconds: int
    written_bytes: int
    open_files: int


@dataclass(frozen=True)
class Hatch:
    """To the fork server, with a descriptor: fork a worker with these limits that talks over the descriptor."""

    limits: Limits


@dataclass(frozen=True)
class Reap:
    """To the fork server: end a worker."""

    process_id: int


@dataclass(frozen=True)
class Begin:
    """Call a function of a module by its name; if it is a generator function, its items are asked for one by one."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    named: dict[str, Any]


@dataclass(frozen=True)
class Next:
    """Give the generator's next item."""


@dataclass(frozen=True)
class Alive:
    """The work goes on; how far it is, where it tells."""

    progress: Progress | None = None


@dataclass(frozen=True)
class Item:
    """A generator's next item."""

    value: Any


@dataclass(frozen=True)
class End:
    """The work is done; a function's result, None for a generator."""

    value: Any


@dataclass(frozen=True)
class Failed:
    """The work ended with a `VidtextError` of this name, and this message for a person."""

    kind: str
    message: str

    @property
    def error(self) -> errors.VidtextError:
        """The error to raise."""
        kind = getattr(errors, self.kind, None)
        known = isinstance(kind, type) and issubclass(kind, errors.VidtextError)
        return kind(self.message) if known else errors.VidtextError(self.message)  # type: ignore[misc]


@dataclass(frozen=True)
class Defect:
    """The work ended with any other exception, which is a defect of vidtext."""

    traceback: str


Answer: TypeAlias = Alive | Item | End | Failed | Defect

_CLASSES = {
    *(("vidtext.media.sandbox.messages", name) for name in ("Alive", "Item", "End", "Failed", "Defect")),
    ("vidtext.job", "Progress"),
    ("vidtext.media.write.clips", "Reel"),
    ("vidtext.media.read.decode", "Picture"),
    ("vidtext.media.read.probe", "VideoInfo"),
    ("vidtext.media.read.sample", "Found"),
    ("vidtext.media.read.sampling", "TimeRange"),
    ("vidtext.media.shots.detect", "Scan"),
    ("vidtext.media.shots.detect", "Shot"),
    ("vidtext.media.read.still", "Still"),
    ("fractions", "Fraction"),
    ("numpy", "dtype"),
    ("numpy._core.numeric", "_frombuffer"),  # how arrays pickle
}
"""All that may be made while an answer is read: each of these only holds values."""


class _Answers(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401  (pickle's own signature)
        if (module, name) not in _CLASSES:
            raise pickle.UnpicklingError(f"{module}.{name} is not among what a worker may send")
        return super().find_class(module, name)


def read_answer(sent: bytes) -> Answer:
    """Read what a worker sent.

    Raises:
        pickle.UnpicklingError: it is not one of the answers, or holds something else than values.
    """
    answer = _Answers(io.BytesIO(sent)).load()
    if not isinstance(answer, Alive | Item | End | Failed | Defect):
        raise pickle.UnpicklingError(f"{type(answer).__name__} is no answer")
    return answer
