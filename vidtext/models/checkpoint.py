"""A model's files, and the model that is made of them: once, safetensors only, never remote code."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
import weakref
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from vidtext.compute.free_memory import machine_memory
from vidtext.compute.gpu import held_while_forking, zero_gpu
from vidtext.errors import ModelUnavailableError
from vidtext.models.quantized import NOTES, quantization

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, ProcessorMixin

TRANSFORMERS = threading.RLock()
"""Held by whoever asks transformers for what reads a checkpoint. It imports its parts when they are first asked for,
and two threads that do so at once can each meet a half-imported module of the other."""
held_while_forking(TRANSFORMERS)

_SHARE_OF_OTHERS = 0.8
"""The part of what is free elsewhere that weights may fill which do not fit onto the device."""

_BF16_FROM_BYTES = 100_000_000
"""Smaller models gain nothing from bf16 and stay in fp32, where all machines give the same words."""


@dataclass(frozen=True)
class Checkpoint:
    """A model's files, and how they are loaded. It pickles, so that a process of its own can load the same.

    Attributes:
        folder: where the files are.
        device: where the model runs, as torch names it.
        dtype: of the weights, as torch calls it, or int8 or int4.
        device_bytes: how much of the weights is kept in the device's memory, 0 for all. The rest is in other GPUs' and
            the machine's memory, then on disk, and fetched when it is used. A model that is loaded already is the same.
    """

    folder: str
    device: str
    dtype: str
    device_bytes: int = field(default=0, compare=False)


def load_checkpoint(checkpoint: Checkpoint) -> tuple[PreTrainedModel, ProcessorMixin]:
    """Load the model, in evaluation mode on its device, and its processor. `model_cache` loads each once.

    Raises:
        ModelUnavailableError: the files are damaged, or not of a model that writes text about images.
    """
    with TRANSFORMERS:
        import torch
        from huggingface_hub.errors import StrictDataclassError
        from safetensors import SafetensorError
        from transformers import AutoModelForImageTextToText, AutoProcessor

        in_fewer_bits = checkpoint.dtype in NOTES
        half = best_dtype(checkpoint.device, _BF16_FROM_BYTES)
        compute = getattr(torch, half if in_fewer_bits else checkpoint.dtype)
        outside = tempfile.mkdtemp(prefix="vidtext-weights-") if checkpoint.device_bytes else None
        try:
            processor = AutoProcessor.from_pretrained(checkpoint.folder, local_files_only=True, trust_remote_code=False)
            model, report = AutoModelForImageTextToText.from_pretrained(
                checkpoint.folder,
                dtype=compute,
                **quantization(checkpoint.dtype, compute),
                **_placement(checkpoint),
                offload_folder=outside,
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError, StrictDataclassError) as error:
            if outside:
                shutil.rmtree(outside, ignore_errors=True)
            raise ModelUnavailableError(
                f"The model in {Path(checkpoint.folder).name} cannot be loaded: {[*str(error).splitlines(), ''][0]}"
            ) from error
        if outside:
            weakref.finalize(model, shutil.rmtree, outside, ignore_errors=True)
        if report["missing_keys"]:  # transformers would fill them with random numbers, and the model would babble
            raise ModelUnavailableError(
                f"The model in {Path(checkpoint.folder).name} lacks {len(report['missing_keys'])} of its weights. "
                "Download or save it again."
            )
        if zero_gpu():  # weights are loaded in threads, where a Space's emulation of CUDA does not reach
            model.to(checkpoint.device)
        return model.eval(), processor


def _placement(checkpoint: Checkpoint) -> dict[str, object]:
    """Tell transformers where the weights go; accelerate fetches those that are not on the device."""
    if not checkpoint.device_bytes:
        return {"device_map": {"": "cpu" if zero_gpu() else checkpoint.device}}
    room: dict[str | int, int] = {"cpu": checkpoint.device_bytes}
    if checkpoint.device.startswith("cuda"):
        import torch

        own = torch.device(checkpoint.device).index or 0
        others = [index for index in range(torch.cuda.device_count()) if index != own]
        room = {own: checkpoint.device_bytes}
        room |= {index: int(torch.cuda.mem_get_info(index)[0] * _SHARE_OF_OTHERS) for index in others}
        room["cpu"] = int(machine_memory().free_bytes * _SHARE_OF_OTHERS)
    return {"device_map": "auto", "max_memory": room}


def input_device(model: PreTrainedModel) -> torch.device:
    """Return where a model, or a part of one, is given what it reads.

    Weights that are fetched when they are used are nowhere; what fetches them brings the input to them.
    """
    import torch

    device: torch.device = model.device
    return torch.device("cpu") if device.type == "meta" else device


def best_device() -> str:
    """Name the device that models run on here: "cuda", "mps" or "cpu"."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def free_gpu_bytes() -> int | None:
    """Return what models can have of the CUDA device's memory, what this process holds already included.

    None where there is no such device.
    """
    import torch

    if not torch.cuda.is_available():
        return None
    free, _ = torch.cuda.mem_get_info()
    return int(free + torch.cuda.memory_reserved())


def best_dtype(device: str, weight_bytes: int) -> str:
    """Name the precision, as torch does, in which a model of this size runs best on a device without loss."""
    import torch

    if weight_bytes < _BF16_FROM_BYTES:
        return "float32"
    if device.startswith("cuda"):
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float16"
    return "bfloat16" if device == "cpu" and _bf16_is_faster() else "float32"


@lru_cache(maxsize=1)
def _bf16_is_faster() -> bool:
    """Measure it: CPUs with bf16 arithmetic are up to four times faster in it, those without emulate it, far slower."""
    import torch

    def seconds(dtype: torch.dtype) -> float:
        factor = torch.ones(512, 512, dtype=dtype)
        factor @ factor
        start = time.perf_counter()
        for _ in range(5):
            factor @ factor
        return time.perf_counter() - start

    return seconds(torch.bfloat16) < seconds(torch.float32)
