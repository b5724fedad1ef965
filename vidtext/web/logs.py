"""The server's log: lines for a person, or JSON for a program. Neither holds words, names of files, or keys."""

from __future__ import annotations

import json
import logging
import sys
import time

_requests = logging.getLogger("vidtext.requests")

_UNSAID = frozenset({"/healthz", "/readyz", "/metrics"})
"""What is asked every few seconds, by programs."""


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def set_up_logs(*, as_json: bool) -> None:
    """Send what vidtext logs to stderr; requests are told in JSON alone."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if as_json else logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    ours = logging.getLogger("vidtext")
    ours.handlers[:] = [handler]
    ours.setLevel(logging.INFO)
    ours.propagate = False
    _requests.setLevel(logging.INFO if as_json else logging.WARNING)


def log_request(method: str, route: str, status: int, seconds: float) -> None:
    """Tell of a request; `route` names neither files nor sessions."""
    if route not in _UNSAID:
        facts = {"method": method, "route": route, "status": status, "seconds": round(seconds, 3)}
        _requests.info("%s %s", method, route, extra={"facts": facts})
