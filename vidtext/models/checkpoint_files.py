"""What the files of a checkpoint say, without loading its weights."""

from __future__ import annotations

import json
import math
import struct
from typing import TYPE_CHECKING, Any, Literal

from vidtext.errors import ModelUnavailableError
from vidtext.models.checkpoint import TRANSFORMERS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from transformers import PretrainedConfig

_HEADER_LENGTH = struct.Struct("<Q")
"""A safetensors file begins with the length of its JSON header: https://huggingface.co/docs/safetensors."""

_STRETCHED = ("linear", "dynamic")
"""The kinds of rope scaling whose factor is not yet in `max_position_embeddings`."""


def read_json(path: Path) -> dict[str, Any]:
    """Read a file that holds a JSON object.

    Raises:
        ModelUnavailableError: it cannot be read, or holds something else.
    """
    try:
        read: dict[str, Any] | Any = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelUnavailableError(f"{path.name} in {path.parent.name} cannot be read: {error}") from error
    if not isinstance(read, dict):
        raise ModelUnavailableError(f"{path.name} in {path.parent.name} holds a {type(read).__name__}, not an object.")
    return read


def read_config(folder: Path, reader: Literal["AutoConfig", "AutoVideoProcessor"] = "AutoConfig") -> Any:  # noqa: ANN401  what the reader makes has no types
    """Read the configuration, or the video processor, as transformers does, which fills in what the files leave out.

    Raises:
        ModelUnavailableError: it cannot be read.
    """
    with TRANSFORMERS:
        import transformers
        from huggingface_hub.errors import StrictDataclassError

        try:
            return getattr(transformers, reader).from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        except (OSError, ValueError, KeyError, TypeError, StrictDataclassError) as error:
            raise ModelUnavailableError(
                f"The configuration in {folder.name} cannot be read: {[*str(error).splitlines(), ''][0]}"
            ) from error


def context_tokens(text: PretrainedConfig) -> int:
    """Count the positions that a text model was trained for, stretched where its rope scaling says so."""
    rope: Mapping[str, Any] = getattr(text, "rope_parameters", None) or {}
    factor = rope["factor"] if rope.get("rope_type") in _STRETCHED else 1
    return int(text.max_position_embeddings * factor)


def parameter_count(folder: Path) -> int:
    """Count the numbers in a folder's safetensors, as their headers tell them.

    Raises:
        ModelUnavailableError: a file is no safetensors file.
    """
    return sum(_numbers_of(path) for path in sorted(folder.glob("*.safetensors")))


def _numbers_of(path: Path) -> int:
    try:
        with path.open("rb") as file:
            (length,) = _HEADER_LENGTH.unpack(file.read(_HEADER_LENGTH.size))
            header: dict[str, Any] = json.loads(file.read(min(length, path.stat().st_size)))
        return sum(math.prod(each["shape"]) for name, each in header.items() if name != "__metadata__")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise ModelUnavailableError(f"{path.name} in {path.parent.name} cannot be read: {error}") from error
