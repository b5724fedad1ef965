"""Tasks whose work is done by a test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from vidtext.tasks.registry import TASKS, AnyTask


def with_work(**work: Callable[..., Any]) -> dict[str, AnyTask]:
    """Return the tasks, those that are named with other work."""
    return {name: replace(task, run=work[name]) if name in work else task for name, task in TASKS.items()}
