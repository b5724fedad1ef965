"""Requests that Gradio cannot make sense of: it raises whatever comes up, which would be answered as a defect."""

from __future__ import annotations

import errno
import logging
import re
import traceback
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from gradio.exceptions import Error
from httpx import InvalidURL
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger(__name__)

_RAISED = (LookupError, ValueError, TypeError, AttributeError, AssertionError, RecursionError, InvalidURL, Error)
"""What code raises that takes its input for granted. No visitor's work runs while a request is answered: the queue does
that, and tells of errors in its own way."""

_OF_NAMES = (errno.ENAMETOOLONG, errno.EINVAL, errno.ENOTDIR, errno.ELOOP, errno.EILSEQ)
"""What the system says of names that cannot be those of files."""


_DIRECT = re.compile(".*/gradio_api/(run|api)/.*", re.DOTALL)
"""Where Gradio calls an endpoint at once, and answers 500 whatever is wrong with the arguments."""


class BadRequests:
    """An ASGI middleware that answers 400 where an application stumbles over a request."""

    def __init__(self, app: ASGIApp) -> None:
        """Take the application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            if message.get("status") == HTTPStatus.INTERNAL_SERVER_ERROR and _DIRECT.fullmatch(scope["path"]):
                message = {**message, "status": HTTPStatus.UNPROCESSABLE_ENTITY.value}
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:
            raise
        except Exception as error:
            if begun or not _is_of_input(error):
                raise
            place = traceback.extract_tb(error.__traceback__)[-1]
            _log.warning(
                "Refused a request: %s in %s, line %d.", type(error).__name__, Path(place.filename).name, place.lineno
            )
            answer = PlainTextResponse(
                "The request cannot be understood. Its form is in /gradio_api/info and in /docs.",
                HTTPStatus.BAD_REQUEST,
            )
            await answer(scope, receive, send)


def _is_of_input(error: Exception) -> bool:
    return isinstance(error, _RAISED) or (isinstance(error, OSError) and error.errno in _OF_NAMES)
