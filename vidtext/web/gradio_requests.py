"""What Gradio leaves of requests and does not say about them: parts of uploads, and whose the work of an event is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradio import queueing, route_utils
from gradio.route_utils import GradioMultiPartParser
from starlette.formparsers import MultiPartException

from vidtext.clients import client_of, working_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.datastructures import FormData

    from vidtext.settings import Settings

_FILES = "files"
"""The only field of an upload that Gradio takes files from."""

_SESSION = re.compile("[A-Za-z0-9_-]{1,64}")
"""What sessions are called: 11 characters by Gradio's script, 36 by its Python client."""

_MOST_SESSIONS = 2000
"""Of how many sessions events are remembered: Gradio keeps the messages of as many."""

_parse_of_gradio = GradioMultiPartParser.parse
_call_of_gradio = route_utils.call_process_api
_push_of_gradio = queueing.Queue.push


def bound_requests(settings: Settings) -> None:
    """Have Gradio bound what it keeps of requests, and tell whose an event is: in this process, before it serves.

    `tests/web/test_gradio_unpatched.py` has a test for each replacement, which fails once Gradio needs it no longer.

    Args:
        settings: the limits.
    """
    most_files = settings.page.unclaimed_uploads_per_client  # fewer are counted by the form, which says so at its field

    async def parse(parser: Any) -> FormData:  # noqa: ANN401  Gradio has no types here
        parser.max_files = most_files
        return await _parse(parser)

    GradioMultiPartParser.parse = parse
    queueing.Queue.push = _push
    route_utils.call_process_api = _call


async def _parse(parser: Any) -> FormData:  # noqa: ANN401  as above
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


def _check_session(session: str | None) -> None:
    """Refuse the name of a session that Gradio's script would not make: it is kept for as long as the session is.

    Raises:
        ValueError: it is another one.
    """
    if session is not None and not _SESSION.fullmatch(session):
        raise ValueError("a session_hash is up to 64 letters, digits, - and _")


async def _push(queue: Any, body: Any, request: Any, username: str | None) -> tuple[bool, Any, str]:  # noqa: ANN401
    """Take an event into the queue; of sessions that never fetch what it says, the earliest are forgotten."""
    try:
        _check_session(body.session_hash)
    except ValueError as error:
        return False, str(error), "error"
    pending = queue.pending_event_ids_session
    for session in list(pending)[: max(0, len(pending) - _MOST_SESSIONS)]:
        if not any(event in queue.event_ids_to_events for event in pending[session]):
            del pending[session]
    return await _push_of_gradio(queue, body, request, username)  # type: ignore[no-any-return]


async def _call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401  as above
    """Run an event for the client whose request it came with: Gradio's queue runs it later, outside of that."""
    _check_session(named["body"].session_hash)
    asked = named.get("gr_request")
    asked = asked[0] if isinstance(asked, list) and asked else asked
    request = getattr(asked, "request", None)
    with working_for(client_of(request.scope) if request is not None else ""):
        return await _call_of_gradio(*arguments, **named)
