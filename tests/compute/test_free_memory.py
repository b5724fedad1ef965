"""What is free: read from control groups as the kernel writes them, and from stand-ins of torch's devices."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import torch

from vidtext.compute.free_memory import Memory, device_memory, machine_memory

MIB = 1 << 20
UNLIMITED_V1 = "9223372036854771712"


def group_v2(folder: Path, limit: str, used: int = 0, cached: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 1\ninactive_file {cached}\n")


def group_v1(folder: Path, limit: str, used: int = 0, cached: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memory.limit_in_bytes").write_text(f"{limit}\n")
    (folder / "memory.usage_in_bytes").write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"cache 1\ntotal_inactive_file {cached}\n")


def seen_by_a_process(tmp_path: Path, line: str) -> Memory:
    (tmp_path / "cgroup").write_text(line + "\n")
    return machine_memory(tmp_path / "fs", tmp_path / "cgroup")


def machine() -> Memory:
    now = psutil.virtual_memory()
    return Memory(now.total, now.available)


def about(memory: Memory) -> tuple[object, object]:
    return memory.total_bytes, pytest.approx(memory.free_bytes, rel=0.2)


def test_without_groups_it_is_the_machines(tmp_path: Path) -> None:
    found = machine_memory(tmp_path / "fs", tmp_path / "missing")
    assert (found.total_bytes, found.free_bytes) == about(machine())


def test_a_containers_limit_counts_without_its_file_cache(tmp_path: Path) -> None:
    group_v2(tmp_path / "fs/box", str(256 * MIB), used=200 * MIB, cached=50 * MIB)
    assert seen_by_a_process(tmp_path, "0::/box") == Memory(256 * MIB, 106 * MIB)


def test_the_tightest_of_the_groups_around_counts(tmp_path: Path) -> None:
    group_v2(tmp_path / "fs/pod", str(128 * MIB), used=100 * MIB)
    group_v2(tmp_path / "fs/pod/box", str(256 * MIB), used=10 * MIB)
    assert seen_by_a_process(tmp_path, "0::/pod/box") == Memory(128 * MIB, 28 * MIB)


def test_a_path_of_the_host_leaves_the_root_group(tmp_path: Path) -> None:
    group_v2(tmp_path / "fs", str(64 * MIB), used=60 * MIB)
    assert seen_by_a_process(tmp_path, "0::/docker/0123") == Memory(64 * MIB, 4 * MIB)


def test_groups_of_the_first_version(tmp_path: Path) -> None:
    group_v1(tmp_path / "fs/memory", UNLIMITED_V1)
    group_v1(tmp_path / "fs/memory/box", str(100 * MIB), used=90 * MIB, cached=5 * MIB)
    (tmp_path / "cgroup").write_text("9:cpu:/box\n4:memory:/box\n0::/\n")
    assert machine_memory(tmp_path / "fs", tmp_path / "cgroup") == Memory(100 * MIB, 15 * MIB)


@pytest.mark.parametrize("limit", ["max", UNLIMITED_V1])
def test_no_limit_is_the_machines(tmp_path: Path, limit: str) -> None:
    group_v2(tmp_path / "fs/box", limit, used=7)
    found = seen_by_a_process(tmp_path, "0::/box")
    assert (found.total_bytes, found.free_bytes) == about(machine())


def test_a_group_over_its_limit_has_nothing_free(tmp_path: Path) -> None:
    group_v2(tmp_path / "fs/box", str(MIB), used=2 * MIB)
    assert seen_by_a_process(tmp_path, "0::/box").free_bytes == 0


def test_a_gpu_has_what_the_driver_says_and_what_the_allocator_holds_unused(monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: asked.append(device) or (6_000, 24_000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: 15_000)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: 14_000)
    assert device_memory("cuda:1") == Memory(24_000, 7_000)
    assert asked == ["cuda:1"]


def test_a_mac_has_what_metal_recommends(monkeypatch) -> None:
    monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda: 10_000)
    monkeypatch.setattr(torch.mps, "driver_allocated_memory", lambda: 4_000)
    assert device_memory("mps") == Memory(10_000, 6_000)


def test_a_cpu_is_the_machine() -> None:
    assert device_memory("cpu").total_bytes <= psutil.virtual_memory().total
    assert 0 < device_memory("cpu").free_bytes <= device_memory("cpu").total_bytes


def test_memory_that_was_freed_is_given_back() -> None:
    """Many small pieces, every hundredth of which stays, are kept by the C library until it is asked."""
    script = (
        "import psutil\n"
        "from vidtext.compute.free_memory import give_back\n"
        "pieces = [bytearray(2000) for _ in range(100_000)]\n"
        "kept = pieces[-1]\n"
        "del pieces\n"
        "before = psutil.Process().memory_info().rss\n"
        "give_back()\n"
        "print(before - psutil.Process().memory_info().rss)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 50_000_000
