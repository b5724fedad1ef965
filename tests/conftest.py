"""Every test runs without a model hub; a test that needs one starts its own. Which tier a test is in stands here."""

from __future__ import annotations

import os
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis

if TYPE_CHECKING:
    import pytest

os.environ["OMP_NUM_THREADS"] = "1"  # tests run in as many processes as there are cores
os.environ["HF_HUB_OFFLINE"] = "1"  # read once, when huggingface_hub is imported
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

# A busy machine is no defect; and what one run finds, every run finds. `--hypothesis-profile=search` looks elsewhere.
hypothesis.settings.register_profile("steady", deadline=None, derandomize=True)
hypothesis.settings.register_profile("search", deadline=None, max_examples=2000)
hypothesis.settings.load_profile("steady")

FOLDER = Path(__file__).parent

TIERS: dict[str, tuple[str, ...]] = {
    "browser": ("ui/test_*.py",),
    "server": ("web/test_*.py", "api/test_docs.py", "api/test_fuzz.py", "ui/test_endpoint.py"),
    "hostile": ("hostile/test_*.py", "web/test_malformed.py", "web/test_paths_of_the_server.py", "api/test_fuzz.py"),
    "zero_gpu": ("zero_gpu/test_*.py", "ui/test_zero_gpu.py"),
    "models": (
        "models/test_*.py", "training/test_*.py", "tasks/test_chapters.py", "tasks/test_summary.py",
        "test_cli.py", "test_cli_*.py", "test_bad_input.py",
    ),
    "media": ("media/test_*.py",),
}  # fmt: skip
"""The tiers that files belong to. A test in none of them that is not slow belongs to `unit`."""

NO_BROWSER = ("endpoint", "plan_line", "sizes", "talk_view", "views", "visitors", "work")
"""The parts of the page that are tested without a browser: `ui/test_NAME.py`."""

LONGEST_FILES = ("ui/", "web/", "hostile/", "zero_gpu/", "models/", "test_cli", "media/")
"""What begins first, so that no worker is left with a long file at the end."""


def tiers_of(path: Path) -> set[str]:
    """Return the tiers of a file of tests."""
    relative = path.relative_to(FOLDER).as_posix()
    tiers = {tier for tier, patterns in TIERS.items() if any(fnmatch(relative, each) for each in patterns)}
    return tiers - {"browser"} if path.stem.removeprefix("test_") in NO_BROWSER else tiers


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores: tests of the page wait for the browser half of their time."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test with its tiers, and put the longest files first."""
    for item in items:
        tiers = tiers_of(item.path)
        if not tiers and item.get_closest_marker("slow") is None:
            tiers = {"unit"}
        for tier in tiers:
            item.add_marker(tier)
    items.sort(key=lambda item: _turn(item.path.relative_to(FOLDER).as_posix()))


def _turn(path: str) -> int:
    return next((turn for turn, start in enumerate(LONGEST_FILES) if path.startswith(start)), len(LONGEST_FILES))
