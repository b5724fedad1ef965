"""What Gradio itself would do for strangers without bounds, and does not here."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, NoReturn

from gradio import processing_utils, route_utils
from gradio.components import File, UploadButton
from gradio.exceptions import Error
from gradio_client.utils import is_valid_file
from starlette.formparsers import MultiPartException

if TYPE_CHECKING:
    from gradio.data_classes import FileData

_FIELDS_BYTES = 1 << 16
"""What the fields of a form take at the most that are no files: Gradio holds them in memory."""


def bound_gradio() -> None:
    """Give Gradio its bounds: in this process, once, before it serves."""
    route_utils.GradioUploadFile = _UploadOfItsOwn
    route_utils.GradioMultiPartParser.on_part_data = _bounded_part
    processing_utils.async_ssrf_protected_download = _refused_download
    processing_utils.ssrf_protected_download = processing_utils.save_url_to_cache = _refuse_download
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
