"""Weights in eight or four bits: a model's name with `:8bit` or `:4bit` behind it, where a CUDA GPU can use them."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from vidtext.errors import ModelUnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vidtext.models.base import ModelInfo

PRECISIONS = {":8bit": "int8", ":4bit": "int4"}
"""What stands behind a name, and how the memory plan calls it."""

NOTES = {
    "int8": "The weights are held in 8 bits: half the memory, words that may differ a little.",
    "int4": "The weights are held in 4 bits: a quarter of the memory, words that may differ.",
}


def split_name(name: str) -> tuple[str, str]:
    """Return a model's own name, and the precision that is asked for behind it, "" for none."""
    for suffix, dtype in PRECISIONS.items():
        if name.endswith(suffix):
            return name.removesuffix(suffix), dtype
    return name, ""


def can_quantize() -> bool:
    """Tell whether such weights can be used here: with a CUDA GPU and bitsandbytes."""
    if find_spec("bitsandbytes") is None:  # asked first: torch is heavy to import
        return False
    import torch

    return torch.cuda.is_available()


def require_quantization(name: str) -> None:
    """Make sure that such weights can be used here.

    Raises:
        ModelUnavailableError: they cannot.
    """
    if not can_quantize():
        raise ModelUnavailableError(
            f"{name} needs a CUDA GPU and bitsandbytes (`pip install -r requirements-cuda.txt`). Choose "
            f"{split_name(name)[0]}."
        )


def with_quantized(models: Mapping[str, ModelInfo]) -> dict[str, ModelInfo]:
    """Return models by their names, and where it can be used here, each chat model of the hub in fewer bits too."""
    if not can_quantize():
        return dict(models)
    chatting = {name: info for name, info in models.items() if "/" in name and info.chats}
    return {**models, **{f"{name}{suffix}": info for name, info in chatting.items() for suffix in PRECISIONS}}


def quantization(dtype: str, compute: Any) -> dict[str, Any]:  # noqa: ANN401  a torch.dtype: torch is heavy to import
    """Return what transformers is told so that weights are loaded in a precision, computing in another; {} for none."""
    if dtype not in NOTES:
        return {}
    from transformers import BitsAndBytesConfig

    if dtype == "int8":
        return {"quantization_config": BitsAndBytesConfig(load_in_8bit=True)}
    four_bits = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=compute)
    return {"quantization_config": four_bits}
