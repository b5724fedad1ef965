"""What a guarded worker, the process that forks it and the one that asked for it say to each other.

The worker has read a stranger's file, so nothing of what it sends is trusted: only values of known classes are taken.
"""

from __future__ import annotations

import io
import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from vidtext import errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from vidtext.job import Progress


_VALUES = {
    ("vidtext.job", "Progress"),
    ("fractions", "Fraction"),
    ("numpy", "dtype"),
    ("numpy._core.numeric", "_frombuffer"),  # how arrays pickle
}
"""All that may be made while an answer is read: each of these only holds values."""

Value = TypeVar("Value", bound=type)


def crosses_process(kind: Value) -> Value:
    """Mark a class whose instances a worker may send: it only holds values, and has no code that pickle would run."""
    _VALUES.add((kind.__module__, kind.__qualname__))
    return kind


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


@crosses_process
@dataclass(frozen=True)
class Alive:
    """The work goes on; how far it is, where it tells."""

    progress: Progress | None = None


@crosses_process
@dataclass(frozen=True)
class Item:
    """A generator's next item."""

    value: Any


@crosses_process
@dataclass(frozen=True)
class End:
    """The work is done; a function's result, None for a generator."""

    value: Any


@crosses_process
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


@crosses_process
@dataclass(frozen=True)
class Defect:
    """The work ended with any other exception, which is a defect of vidtext."""

    traceback: str


Answer: TypeAlias = Alive | Item | End | Failed | Defect


class UnmarkedTypeError(TypeError):
    """A worker sent a type of vidtext that `crosses_process` does not mark: a defect, and not the file's fault."""


class _Answers(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401  (pickle's own signature)
        if (module, name) in _VALUES:
            return super().find_class(module, name)
        if module.partition(".")[0] == __name__.partition(".")[0]:
            raise UnmarkedTypeError(f"{module}.{name} comes from a worker, but `crosses_process` does not mark it.")
        raise pickle.UnpicklingError(f"{module}.{name} is not among what a worker may send")


def read_answer(sent: bytes) -> Answer:
    """Read what a worker sent.

    Raises:
        UnmarkedTypeError: it holds a type that is not marked.
        pickle.UnpicklingError: it is not one of the answers, or holds something else than values.
    """
    answer = _Answers(io.BytesIO(sent)).load()
    if not isinstance(answer, Alive | Item | End | Failed | Defect):
        raise pickle.UnpicklingError(f"{type(answer).__name__} is no answer")
    return answer
