"""Errors as JSON that a program can act on: problem details, RFC 9457."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from vidtext.errors import (
    BusyError,
    CancelledError,
    DeviceError,
    MediaError,
    MediaTooLargeError,
    ModelUnavailableError,
    NoMemoryError,
    OptionError,
    SourceError,
    SourceTooLargeError,
    UnknownModelError,
    VidtextError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import FastAPI, Request

MEDIA_TYPE = "application/problem+json"
_RETRY_SECONDS = 10
"""When to ask again if nothing better is known: about what a short clip takes."""

_SHOWN_CHARACTERS = 80
_SHOWN_ERRORS = 10
_log = logging.getLogger(__name__)

STATUSES: dict[type[VidtextError], HTTPStatus] = {
    OptionError: HTTPStatus.UNPROCESSABLE_ENTITY,
    SourceTooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    SourceError: HTTPStatus.UNPROCESSABLE_ENTITY,
    MediaTooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    MediaError: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnknownModelError: HTTPStatus.UNPROCESSABLE_ENTITY,
    NoMemoryError: HTTPStatus.INSUFFICIENT_STORAGE,
    ModelUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    BusyError: HTTPStatus.TOO_MANY_REQUESTS,
    DeviceError: HTTPStatus.SERVICE_UNAVAILABLE,
    CancelledError: HTTPStatus.CONFLICT,
    VidtextError: HTTPStatus.UNPROCESSABLE_ENTITY,
}
"""The status of each error: the first class in this order that it is one of."""


@dataclass(eq=False)
class ProblemError(Exception):
    """A request that is refused, and why.

    Attributes:
        status: the HTTP status.
        detail: a sentence for a person.
        kind: the error's name, which ends `type`.
        errors: which fields are wrong: `{"field", "given", "allowed"}` each.
        headers: what the answer carries besides.
    """

    status: HTTPStatus
    detail: str
    kind: str
    errors: tuple[dict[str, Any], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def document(self) -> dict[str, Any]:
        """The problem as JSON."""
        document: dict[str, Any] = {
            "type": f"urn:vidtext:{self.kind}",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
        }
        return document | ({"errors": list(self.errors)} if self.errors else {})

    @property
    def response(self) -> JSONResponse:
        """The problem as an answer."""
        return JSONResponse(self.document, self.status.value, dict(self.headers), media_type=MEDIA_TYPE)


def problem_of(error: VidtextError) -> ProblemError:
    """Return what an error of the module means over HTTP."""
    status = next(status for kind, status in STATUSES.items() if isinstance(error, kind))
    again = status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
    headers = (("Retry-After", str(_RETRY_SECONDS)),) if again else ()
    return ProblemError(status, str(error), type(error).__name__, headers=headers)


def invalid(errors: Sequence[Any]) -> ProblemError:
    """Return what Pydantic's errors mean: the first fields, each with what was given and what is allowed."""
    fields = tuple(
        {
            "field": ".".join(str(part) for part in error["loc"]) or "body",
            "given": _shown(error.get("input")),
            "allowed": str(error["msg"]),
        }
        for error in errors[:_SHOWN_ERRORS]
    )
    wrong = "; ".join(f"{each['field']}: {each['allowed']} (given: {each['given']})" for each in fields)
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, f"{wrong}.", "ValidationError", fields)


def _shown(given: object) -> str:
    text = repr(given)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def defect(error: BaseException) -> ProblemError:
    """Log a defect of ours, and return all that a stranger is told of it."""
    _log.error("a request met a defect of vidtext", exc_info=error)
    detail = "Something went wrong on the server. It was written to the server's log."
    return ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, detail, "InternalError")


def tell_problems(api: FastAPI) -> None:
    """Let every error of the API be problem details."""

    async def problem(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, ProblemError)  # noqa: S101  (as registered)
        return error.response

    async def ours(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, VidtextError)  # noqa: S101
        return problem_of(error).response

    async def wrong_fields(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        return invalid(error.errors()).response

    async def http(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101
        status = HTTPStatus(error.status_code)
        headers = tuple((error.headers or {}).items())
        return ProblemError(status, f"{error.detail}.", status.name.title().replace("_", ""), headers=headers).response

    async def unexpected(_: Request, error: Exception) -> JSONResponse:
        return defect(error).response

    api.add_exception_handler(ProblemError, problem)
    api.add_exception_handler(VidtextError, ours)
    api.add_exception_handler(RequestValidationError, wrong_fields)
    api.add_exception_handler(HTTPException, http)
    api.add_exception_handler(Exception, unexpected)
