"""Wrong passwords and tokens, so that nobody can try many."""

from __future__ import annotations

import threading
import time
from collections import deque

_WINDOW_SECONDS = 60.0


class FailedTries:
    """When each client tried in vain within the last minute; safe to use from several threads.

    A try counts from its beginning, so that many at the same time are no way around the limit. One client's tries
    concern no other client.
    """

    def __init__(self, most: int) -> None:
        """Begin without any.

        Args:
            most: how often one client may fail within a minute.
        """
        self._most = most
        self._times: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def wait_seconds(self, client: str) -> float:
        """Return how long until the client may try again, 0 for now."""
        now = time.monotonic()
        with self._lock:
            self._forget(now)
            times = self._times.get(client)
            full = times is not None and len(times) >= self._most
            return times[0] + _WINDOW_SECONDS - now if times and full else 0.0

    def begin(self, client: str) -> None:
        """Count a try of this client."""
        with self._lock:
            self._times.setdefault(client, deque()).append(time.monotonic())

    def succeeded(self, client: str) -> None:
        """Take back the newest try of this client."""
        with self._lock:
            times = self._times.get(client)
            if times:
                times.pop()

    def _forget(self, now: float) -> None:
        for client, times in list(self._times.items()):
            while times and times[0] <= now - _WINDOW_SECONDS:
                times.popleft()
            if not times:
                del self._times[client]
