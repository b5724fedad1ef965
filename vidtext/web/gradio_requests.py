"""What Gradio leaves of requests and does not say about them: parts of uploads, and whose the work of an event is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradio import route_utils
from gradio.route_utils import GradioMultiPartParser
from starlette.formparsers import MultiPartException

from vidtext.clients import client_of, working_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.datastructures import FormData

_FILES = "files"
"""The only field of an upload that Gradio takes files from."""

_parse_of_gradio = GradioMultiPartParser.parse
_call_of_gradio = route_utils.call_process_api


def bound_requests() -> None:
    """Have Gradio delete parts of uploads, and tell whose an event is: in this process, once, before it serves."""
    GradioMultiPartParser.parse = _parse
    route_utils.call_process_api = _call


async def _parse(parser: Any) -> FormData:  # noqa: ANN401  Gradio has no types here
    """Read an upload. Of one that ends early, or goes to another field, Gradio would leave the files."""
    try:
        form: FormData = await _parse_of_gradio(parser)
        if any(name != _FILES for name, _ in form.multi_items()):
            raise MultiPartException(f"Send files only, each in the field {_FILES!r}.")  # noqa: TRY301
    except BaseException:
        _delete(parser._files_to_close_on_error)  # noqa: SLF001
        raise
    return form


def _delete(files: Iterable[Any]) -> None:
    for file in files:
        file.close()
        Path(file.name).unlink(missing_ok=True)


async def _call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401  as above
    """Run an event for the client whose request it came with: Gradio's queue runs it later, outside of that."""
    asked = named.get("gr_request")
    asked = asked[0] if isinstance(asked, list) and asked else asked
    request = getattr(asked, "request", None)
    with working_for(client_of(request.scope) if request is not None else ""):
        return await _call_of_gradio(*arguments, **named)
