"""What this process has done, in numbers, for whoever watches over a server."""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import TypeAlias

Counted: TypeAlias = tuple[str, tuple[tuple[str, str], ...]]
"""What is counted, and the labels that tell its kinds apart."""

_lock = threading.Lock()
_counted: defaultdict[Counted, float] = defaultdict(float)


def count(what: str, amount: float = 1, **labels: str) -> None:
    """Add to a count; safe to use from several threads."""
    with _lock:
        _counted[what, tuple(sorted(labels.items()))] += amount


def counted() -> dict[Counted, float]:
    """Return everything that was counted since the process began."""
    with _lock:
        return dict(_counted)
