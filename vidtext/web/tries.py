"""Wrong passwords and tokens, so that nobody can try many."""

from __future__ import annotations

import threading
import time
from collections import deque

_WINDOW_SECONDS = 60.0

_ALL = 10
"""How many times one client's limit all clients together may fail: whoever can claim any address is held by it."""


class FailedTries:
    """When each client failed within the last minute; safe to use from several threads."""

    def __init__(self, most: int) -> None:
        """Begin without any.

        Args:
            most: how often one client may fail within a minute.
        """
        self._most = most
        self._times: deque[tuple[float, str]] = deque()
        self._lock = threading.Lock()

    def note(self, client: str) -> None:
        """Count a failure of this client."""
        with self._lock:
            if len(self._times) < self._most * _ALL:
                self._times.append((time.monotonic(), client))

    def wait_seconds(self, client: str) -> float:
        """Return how long until the client may try again, 0 for now."""
        now = time.monotonic()
        with self._lock:
            while self._times and self._times[0][0] <= now - _WINDOW_SECONDS:
                self._times.popleft()
            own = [failed for failed, who in self._times if who == client]
            if len(own) >= self._most:
                return own[0] + _WINDOW_SECONDS - now
            if len(self._times) >= self._most * _ALL:
                return self._times[0][0] + _WINDOW_SECONDS - now
            return 0.0
