"""Forms with a file: the file goes to the disk while it comes, the other fields are held in memory, within a limit."""

from __future__ import annotations

from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.formparsers import MultiPartException, MultiPartParser

from vidtext.api.problems import ProblemError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from fastapi import Request
    from starlette.datastructures import FormData, Headers

_MOST_FIELDS = 40
"""More than any request has."""


@asynccontextmanager
async def read_form(request: Request, most_bytes: int) -> AsyncIterator[FormData]:
    """Read a form with one file at the most.

    Args:
        request: the form is its body.
        most_bytes: how much all its fields may take together that are no files.

    Raises:
        ProblemError: it is no form, or its fields are too large or too many.
    """
    try:
        form = await _Parser(request.headers, request.stream(), most_bytes).parse()
    except MultiPartException as error:
        raise ProblemError(
            HTTPStatus.BAD_REQUEST, f"The request is not a form ({error.message}).", "NotAForm"
        ) from None
    try:
        yield form
    finally:
        await form.close()


class _Parser(MultiPartParser):
    """Starlette's parser, which limits each field, but not all together."""

    def __init__(self, headers: Headers, stream: AsyncGenerator[bytes, None], most_bytes: int) -> None:
        super().__init__(headers, stream, max_files=1, max_fields=_MOST_FIELDS, max_part_size=most_bytes)
        self._most_bytes = self._left_bytes = most_bytes

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        """Take a piece of a field or of the file."""
        if self._current_part.file is None:
            self._left_bytes -= end - start
            if self._left_bytes < 0:
                raise ProblemError(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    f"The form has more than {self._most_bytes:,} bytes besides the video. Send less text.",
                    "RequestTooLarge",
                )
        super().on_part_data(data, start, end)
