"""The server's log: one line for each event, for a person or as JSON. No line holds words, names of files, or keys."""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback

from uvicorn.config import LOGGING_CONFIG

from vidtext.errors import VidtextError

_requests = logging.getLogger("vidtext.requests")
_defects = logging.getLogger("vidtext.defects")

_UNSAID = frozenset({"/healthz", "/readyz", "/metrics"})
"""What is asked every few seconds, by programs."""

_FRAMES = 4
"""How many of the innermost calls name the place of an error."""


class _Lines(logging.Formatter):
    """A record as one line. What visitors sent stays out of it, unless details are wanted."""

    def __init__(self, *, as_json: bool, details: bool) -> None:
        super().__init__()
        self._as_json, self._details = as_json, details

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        ours = record.name.partition(".")[0] == "vidtext"
        # Messages of libraries quote what they were given; those of this package are written not to.
        message = record.getMessage() if ours or self._details else f"{record.pathname}:{record.lineno}"
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message,
            **getattr(record, "facts", {}),
        }
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            line["error"], line["at"] = type(error).__name__, _place(error)
            if self._details:
                line["traceback"] = "".join(traceback.format_exception(error))
        if self._as_json:
            return json.dumps(line)  # in ASCII: no character of it moves a cursor
        told = [message, *(f"{name}: {line[name]}" for name in ("error", "at", "traceback") if name in line)]
        return f"{record.levelname} {record.name}: {_one_line('; '.join(told))}"


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return " > ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames)


def _one_line(text: str) -> str:
    """Return the text with everything that ends a line, or moves a terminal's cursor, as an escape."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def set_up_logs(*, as_json: bool, details: bool = False) -> None:
    """Send everything that is logged to stderr, a line each; requests are told in JSON alone.

    Gradio prints tracebacks instead of logging them: what it would print is logged here.

    Args:
        as_json: whether lines are JSON.
        details: whether they hold messages of libraries and tracebacks.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines(as_json=as_json, details=details))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    LOGGING_CONFIG["loggers"].clear()  # what uvicorn would set up for itself when it starts
    logging.getLogger("vidtext").setLevel(logging.INFO)
    _requests.setLevel(logging.INFO if as_json else logging.WARNING)
    logging.captureWarnings(capture=True)
    traceback.print_exc = _log_error


def _log_error(*_: object, **__: object) -> None:
    """Log the exception that is being handled, as `traceback.print_exc` would print it; a person's mistake is none."""
    error = sys.exc_info()[1]
    if error is not None and not isinstance(error, VidtextError):
        _defects.error("An error was not handled.", exc_info=error)


def log_request(method: str, route: str, status: int, seconds: float) -> None:
    """Tell of a request; `route` names neither files nor sessions."""
    if route not in _UNSAID:
        facts = {"method": method, "route": route, "status": status, "seconds": round(seconds, 3)}
        _requests.info("%s %s", method, route, extra={"facts": facts})
