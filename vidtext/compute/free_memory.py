"""How much memory can be had: of the machine within its container's limit, or of a GPU."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from pathlib import Path

import psutil

_PROCESS_GROUPS = Path("/proc/self/cgroup")
_GROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Memory:
    """Bytes that a device has, and those of them that a job could have now."""

    total_bytes: int
    free_bytes: int


@dataclass(frozen=True)
class _Files:
    """What a kind of control groups calls its files, and the row of its statistics that can be given back at once."""

    limit: str
    usage: str
    cache_row: str


_VERSIONS = {
    1: _Files("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    2: _Files("memory.max", "memory.current", "inactive_file"),
}


def give_back() -> None:
    """Have the C library give back to the system what it keeps for later, where it can: glibc does."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def device_memory(device: str) -> Memory:
    """Return the memory of a device, named as torch does: `cpu`, `cuda`, `cuda:1` or `mps`."""
    kind = device.partition(":")[0]
    if kind == "cuda":
        return _cuda_memory(device)
    return _mps_memory() if kind == "mps" else machine_memory()


def machine_memory(groups: Path = _GROUPS, process_groups: Path = _PROCESS_GROUPS) -> Memory:
    """Return the machine's memory, or less where a control group (a container) allows less.

    Args:
        groups: where the kernel shows control groups.
        process_groups: the file that says which of them this process belongs to.
    """
    machine = psutil.virtual_memory()
    found = [Memory(machine.total, machine.available), *_group_memories(groups, process_groups)]
    return Memory(min(each.total_bytes for each in found), min(each.free_bytes for each in found))


def _group_memories(groups: Path, process_groups: Path) -> list[Memory]:
    """Return what each control group around this process allows."""
    try:
        lines = process_groups.read_text("utf-8").splitlines()
    except OSError:  # no Linux
        return []
    found = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        version, root = (1, groups / "memory") if controllers else (2, groups)
        inner = root / path.lstrip("/")
        # In a container the path may be the host's, which is not visible: then the root is the container's own group.
        around = [each for each in (inner, *inner.parents) if each == root or root in each.parents]
        found += [memory for folder in around if (memory := _group_memory(folder, _VERSIONS[version]))]
    return found


def _group_memory(folder: Path, files: _Files) -> Memory | None:
    """Return what one control group allows, None where it sets no limit."""
    try:
        limit = int((folder / files.limit).read_text())  # "max" is no number
        usage = int((folder / files.usage).read_text())
        rows = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return None
    return Memory(limit, max(0, limit - usage + int(rows.get(files.cache_row, 0))))


def _cuda_memory(device: str) -> Memory:
    """Ask the driver what is free, and the allocator what it holds without using it."""
    import torch

    free, total = torch.cuda.mem_get_info(device)
    held = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return Memory(total, free + held)


def _mps_memory() -> Memory:
    """Ask Metal how much it recommends to use in all, and how much it uses."""
    import torch

    total = int(torch.mps.recommended_max_memory())
    return Memory(total, max(0, total - int(torch.mps.driver_allocated_memory())))
