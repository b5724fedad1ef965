"""Memory that ran out all the same, because another process took what was free when the work was planned."""

from __future__ import annotations

import gc
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vidtext.errors import NoMemoryError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CPU_SAYS = ("can't allocate memory", "not enough memory")
"""What PyTorch's CPU allocator says on Linux and on Windows, in a plain RuntimeError."""


@contextmanager
def translate_oom(name: str) -> Iterator[None]:
    """Turn PyTorch's running out of memory into a `NoMemoryError`, once what it holds unused was given back.

    Raises:
        NoMemoryError: memory ran out.
    """
    import torch

    try:
        yield
    except (torch.OutOfMemoryError, RuntimeError, MemoryError) as error:
        if isinstance(error, RuntimeError) and not _is_exhaustion(error):
            raise
        traceback.clear_frames(error.__traceback__)  # they hold on to the very tensors that must go
        return_memory()
        raise NoMemoryError(
            f"{name} ran out of memory, although there was enough when it began: another program may have taken it. "
            "Try again, with fewer frames or a smaller model."
        ) from None


def _is_exhaustion(error: RuntimeError) -> bool:
    import torch

    return isinstance(error, torch.OutOfMemoryError) or any(words in str(error) for words in _CPU_SAYS)


def return_memory() -> None:
    """Let the device's allocator give back what it holds for what is gone."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
