"""From a model's name to a model that is loaded: once, and shared by all who ask."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vidtext.errors import ModelError, ModelUnavailableError, UnknownModelError
from vidtext.job import Job
from vidtext.models.acquire import Workload, acquire_model
from vidtext.models.base import ResolvedModel
from vidtext.models.catalog import (
    AUTO,
    EMBEDDED,
    EMBEDDED_CHAT,
    EMBEDDED_CHAT_FOLDER,
    EMBEDDED_FOLDER,
    FULL_CAPTIONER,
    FULL_CHAT,
    MODELS,
    SMALL_CHAT,
)
from vidtext.models.checkpoint import Checkpoint, best_device, free_gpu_bytes
from vidtext.models.families import FAMILIES, info_from_folder
from vidtext.models.family import RemoteFamily
from vidtext.models.hub import cached_folder, require_hub
from vidtext.models.quantized import NOTES, require_quantization, split_name
from vidtext.settings import Settings

if TYPE_CHECKING:
    from vidtext.models.base import Captioner

__all__ = [
    "Checkpoint",
    "best_device",
    "load_model",
    "load_resolved",
    "resolve",
    "resolve_captioner",
    "resolve_chat",
    "warm_up",
]

_log = logging.getLogger(__name__)

_FULL_CHAT_GPU_BYTES = 20_000_000_000
"""What a GPU must have for the full chat model: 14.1 GB of weights, and keys and values of 0.52 MB a token (2 × 32
layers × 4,096 numbers in bf16): 2.4 GB for 32 frames, once being written and once kept; the rest is for activations."""


def resolve(name: str, settings: Settings) -> ResolvedModel:
    """Tell which model a name means, without loading or downloading it.

    `served:URL#MODEL` is one on another machine. `auto` is the full captioner where the local cache or the hub has it,
    else `embedded`; the note says why. `:8bit` or `:4bit` behind a name holds its weights in fewer bits.

    Raises:
        UnknownModelError: the name is neither in the catalog nor a folder with a model in it.
        ModelUnavailableError: the model is not in the local cache and the hub cannot be reached.
    """
    remote = [family for family in FAMILIES.values() if isinstance(family, RemoteFamily)]
    if info := next(filter(None, (family.info_from_name(name, settings) for family in remote)), None):
        return ResolvedModel(info, None)
    name, dtype = split_name(asked := name)
    if dtype:
        require_quantization(asked)
        found = resolve(name, settings)
        return replace(found, dtype=dtype, note=" ".join(filter(None, (found.note, NOTES[dtype]))))
    if name == AUTO:
        try:
            return resolve(FULL_CAPTIONER, settings)
        except ModelUnavailableError as error:
            return replace(resolve("embedded", settings), note=f"The embedded model is used: {error}")
    if name in EMBEDDED:
        folder = EMBEDDED_FOLDER if name == "embedded" else _embedded_chat_folder()
        return ResolvedModel(info_from_folder(folder, known=MODELS[name]), folder)
    if name in MODELS:
        cached = cached_folder(name)
        if cached is None:
            require_hub(name, settings)
        return ResolvedModel(MODELS[name], cached)
    folder = Path(name)
    if not _has_config(folder):
        known = ", ".join([AUTO, *MODELS])
        raise UnknownModelError(
            f"There is no model {name!r:.200}. Choose one of {known}, or a folder with a checkpoint that may be read."
        )
    return ResolvedModel(info_from_folder(folder), folder)


def _has_config(folder: Path) -> bool:
    try:
        return (folder / "config.json").is_file()
    except OSError:  # the folder may not be entered, or the name is longer than names of files may be
        return False


def resolve_captioner(name: str, settings: Settings) -> ResolvedModel:
    """Tell which model a name means for captions, chapters and summaries, as `resolve` does.

    Raises:
        ModelError: the model only answers questions.
    """
    if name == EMBEDDED_CHAT:
        raise ModelError(f"{name} answers questions alone and describes no videos. Choose embedded, or another model.")
    return resolve(name, settings)


def resolve_chat(name: str, settings: Settings) -> ResolvedModel:
    """Tell which model a name means for a conversation, without loading or downloading it.

    `auto` is the full chat model where a GPU has room for it, else the small one, each where the local cache or the hub
    has it, else the embedded chat model; the note says why. `embedded` is the embedded chat model.

    Raises:
        ModelError: the model writes captions and does not chat.
        UnknownModelError: the name is neither in the catalog nor a folder with a model in it.
        ModelUnavailableError: the model is not in the local cache and the hub cannot be reached.
    """
    if name == AUTO:
        return _best_chat(settings)
    if name == "embedded":
        name = EMBEDDED_CHAT
    known = MODELS.get(split_name(name)[0])  # looked at first: nobody is told to download what would be refused then
    resolution = None if known and not known.chats else resolve(name, settings)
    if resolution is None or not resolution.info.chats:
        chatting = ", ".join([AUTO, *(info.id for info in MODELS.values() if info.chats)])
        raise ModelError(f"{name} writes captions and cannot chat. Choose one of {chatting}.")
    return resolution


def _best_chat(settings: Settings) -> ResolvedModel:
    free = free_gpu_bytes()
    name, why = FULL_CHAT, ""
    if free is None:
        name, why = SMALL_CHAT, f"{FULL_CHAT} needs a CUDA GPU, and there is none here."
    elif free < _FULL_CHAT_GPU_BYTES:
        needed = f"{_FULL_CHAT_GPU_BYTES / 1e9:.0f} GB of a GPU's memory"
        name, why = SMALL_CHAT, f"{FULL_CHAT} needs {needed}, and {free / 1e9:.1f} GB can be had here."
    try:
        resolution = resolve(name, settings)
    except ModelUnavailableError as error:
        note = f"The embedded chat model is used: {' '.join(filter(None, (why, str(error))))}"
        return replace(resolve(EMBEDDED_CHAT, settings), note=note)
    return replace(resolution, note=f"{name} is used: {why}") if why else resolution


def _embedded_chat_folder() -> Path:
    if not (EMBEDDED_CHAT_FOLDER / "config.json").is_file():
        raise ModelUnavailableError(
            "The embedded chat model is not part of this installation. Install vidtext again, or choose "
            f"{FULL_CHAT}, or a folder with a checkpoint of a chat model."
        )
    return EMBEDDED_CHAT_FOLDER


def load_model(name: str, *, settings: Settings | None = None) -> Captioner:
    """Load a model, or hand out the one that is already loaded.

    Args:
        name: "auto", a name of `vidtext.models.catalog.MODELS`, or a folder with a checkpoint.
        settings: the limits.

    Returns:
        What captions; a model of a family that chats is a `ChatModel` too. It stays in memory as long as you keep it.

    Raises:
        UnknownModelError: no model has this name.
        ModelUnavailableError: it cannot be downloaded or its files cannot be loaded.
    """
    settings = settings or Settings()
    return load_resolved(resolve(name, settings), settings=settings)


def load_resolved(resolution: ResolvedModel, *, settings: Settings | None = None) -> Captioner:
    """Load what `resolve` found.

    Raises:
        NoMemoryError: the model does not fit into memory, even for the smallest job.
        ModelUnavailableError: it cannot be downloaded or its files cannot be loaded.
    """
    info = resolution.info
    smallest = Workload(1, info.min_frames)
    with acquire_model(resolution, smallest, settings=settings or Settings(), job=Job()) as (model, _):
        return model


def warm_up(settings: Settings) -> None:
    """Load the default models ahead of the first visitor, if their files are on this machine; nothing is downloaded.

    One that cannot be loaded is a line in the log: whoever asks for it is told.
    """
    for find, name in ((resolve, settings.default_model), (resolve_chat, settings.default_chat_model)):
        try:
            resolution = find(name, settings)
            if resolution.folder is not None:
                load_resolved(resolution, settings=settings)
        except ModelError as error:
            _log.warning("%s was not loaded ahead: %s", name, error)
