from __future__ import annotations

import weakref

import pytest
import torch

from vidtext.compute.out_of_memory import translate_oom
from vidtext.errors import NoMemoryError


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
    ],
)
def test_running_out_is_told_plainly_and_holds_on_to_nothing(error: Exception) -> None:
    held: list[weakref.ref[torch.Tensor]] = []

    def work() -> None:
        large = torch.zeros(3)
        held.append(weakref.ref(large))
        raise error

    with pytest.raises(NoMemoryError, match=r"tiny ran out of memory.*Try again") as told, translate_oom("tiny"):
        work()
    assert held[0]() is None
    assert told.value.__suppress_context__


def test_the_real_allocator_says_what_is_looked_for() -> None:
    with pytest.raises(NoMemoryError), translate_oom("tiny"):
        torch.empty(1 << 60, dtype=torch.uint8)


def test_other_errors_stay_as_they_are() -> None:
    with pytest.raises(RuntimeError, match="shapes"), translate_oom("tiny"):
        raise RuntimeError("shapes do not match")
    with translate_oom("tiny"):
        pass
