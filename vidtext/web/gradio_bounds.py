"""What Gradio itself would do for strangers without bounds, and does not here."""

from __future__ import annotations

import os
import secrets
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn

from gradio import blocks, processing_utils, route_utils, routes, state_holder
from gradio.components import File, UploadButton
from gradio.exceptions import Error
from gradio.mcp import GradioMCPServer
from gradio.utils import get_upload_folder
from gradio_client import Client
from gradio_client.utils import is_valid_file
from starlette.formparsers import MultiPartException

from vidtext.errors import SourceRefusedError
from vidtext.ui.endpoint import MCP_USER
from vidtext.ui.framework.errors import plain_text
from vidtext.ui.session.sessions import NOT_UPLOADED

if TYPE_CHECKING:
    from pathlib import Path

    from gradio import Blocks
    from gradio.data_classes import FileData
    from starlette.types import ASGIApp, Receive, Scope, Send

_FIELDS_BYTES = 1 << 16
"""What the fields of a form take at the most that are no files: Gradio holds them in memory."""


def bound_gradio() -> None:
    """Give Gradio its bounds: in this process, once, before it serves.

    `tests/web/test_gradio_unpatched.py` has a test for each replacement, which fails once Gradio needs it no longer.
    """
    route_utils.GradioUploadFile = _UploadOfItsOwn
    route_utils.GradioMultiPartParser.on_part_data = _bounded_part
    processing_utils.async_ssrf_protected_download = _refused_download
    processing_utils.ssrf_protected_download = processing_utils.save_url_to_cache = _refuse_download
    processing_utils._check_allowed = _check_uploaded  # noqa: SLF001
    processing_utils.hash_seed = secrets.token_bytes(32)  # names of copies, which cannot be guessed from their content
    processing_utils.ffmpeg_installed = lambda: False  # the page makes its previews itself, within limits
    GradioMCPServer._get_or_create_client = _client_that_opens_no_files  # noqa: SLF001
    routes.CustomCORSMiddleware = _NoHeadersForOthers
    for module in (state_holder, route_utils, blocks):
        module.SessionState = _StateOfItsOwn
    for component in (File, UploadButton):
        component._process_single_file = _path_of  # noqa: SLF001


class _UploadOfItsOwn(route_utils.GradioUploadFile):  # type: ignore[misc]  # Gradio has no types here
    """An upload that nobody else has: Gradio names it by its content, and by what is added to that here.

    Otherwise whoever has the same film could tell the name of another's.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401
        super().__init__(*arguments, **named)
        self.sha.update(secrets.token_bytes(32))


_part_of_gradio = route_utils.GradioMultiPartParser.on_part_data


def _bounded_part(parser: Any, data: bytes, start: int, end: int) -> None:  # noqa: ANN401  as above
    """Take a piece of a part of a form."""
    if parser._current_part.file is None:  # noqa: SLF001
        parser.vidtext_field_bytes = getattr(parser, "vidtext_field_bytes", 0) + end - start
        if parser.vidtext_field_bytes > _FIELDS_BYTES:
            raise MultiPartException("Send files only.")
    _part_of_gradio(parser, data, start, end)


async def _refused_download(url: str, cache_dir: str) -> NoReturn:
    _refuse_download(url, cache_dir)


def _refuse_download(url: str, cache_dir: str) -> NoReturn:  # noqa: ARG001  Gradio's own
    """Refuse what Gradio would fetch for whoever names an address in place of a file, however much comes."""
    raise Error("A file cannot be given by its address here. Send the address as text, or upload the file.")


def _path_of(component: File | UploadButton, file: FileData) -> str:
    """Return the path of an uploaded file; Gradio would leave an empty file behind for each."""
    if component.file_types and not is_valid_file(file.path, component.file_types):
        raise Error(f"This is none of the files that are taken here: {', '.join(component.file_types)}.")
    return str(file.path)


_check_of_gradio = processing_utils._check_allowed  # noqa: SLF001


def _check_uploaded(path: str | Path, check_in_upload_folder: bool) -> None:  # noqa: FBT001  as Gradio calls it
    """Refuse a path that a request names outside the folder of uploads, in the same words whatever lies there.

    The disk is not asked: neither the answer nor its time tells what exists.
    """
    if check_in_upload_folder:
        folder = os.path.abspath(get_upload_folder())  # noqa: PTH100  (`Path.resolve` asks the disk)
        if not os.path.abspath(path).startswith(folder + os.sep):  # noqa: PTH100
            with plain_text():
                raise SourceRefusedError(NOT_UPLOADED)
    _check_of_gradio(path, check_in_upload_folder)


def _client_that_opens_no_files(server: GradioMCPServer) -> Client:
    """Return the client through which MCP calls the page's own endpoints, as a user who is logged in.

    Gradio's would open and upload every path of this machine that an argument of a tool names, would find its way by
    the `Host` header of the first request, and could not log in.
    """
    if server._client_instance is None:  # noqa: SLF001
        app, secret = server.blocks.app, secrets.token_urlsafe(32)
        app.tokens[secret] = MCP_USER
        client = Client(
            server.local_url,
            headers={"x-gradio-user": "mcp", "Cookie": f"access-token-unsecure-{app.cookie_id}={secret}"},
            download_files=False,
            verbose=False,
            analytics_enabled=False,
            ssl_verify=False,
            _skip_components=False,
        )
        for endpoint in client.endpoints.values():
            endpoint._upload_file = lambda file, data_index: file  # noqa: SLF001, ARG005
        server._client_instance = client  # noqa: SLF001
    return server._client_instance  # noqa: SLF001


class _NoHeadersForOthers:
    """In place of what lets the pages of every site call the server: `vidtext.web.origins` names those that may."""

    def __init__(self, app: ASGIApp, **_: object) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


class _StateOfItsOwn(state_holder.SessionState):  # type: ignore[misc]  # Gradio has no types here
    """The state of a session without the copy of the page's whole configuration that Gradio makes for its deep links.

    There are none here, and the copy takes 50 ms of the event loop for each session that somebody names.
    """

    def __init__(self, page: Blocks) -> None:
        super().__init__(SimpleNamespace(default_config=page.default_config, blocks=()))
