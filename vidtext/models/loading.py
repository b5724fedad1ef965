"""From a model's name to a model that is loaded: once, and shared by all who ask."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from vidtext.compute.free_memory import device_memory
from vidtext.compute.memory import MemoryPlan, Wanted, plan_memory
from vidtext.errors import ModelError, ModelUnavailableError, NoMemoryError, UnknownModelError
from vidtext.models.catalog import (
    AUTO,
    EMBEDDED_CHAT,
    EMBEDDED_CHAT_FOLDER,
    EMBEDDED_FOLDER,
    FULL_CAPTIONER,
    FULL_CHAT,
    MODELS,
    SMALL_CHAT,
)
from vidtext.models.checkpoint import TRANSFORMERS, Checkpoint, best_device, best_precision, free_gpu_bytes
from vidtext.models.folder_card import card_of_folder
from vidtext.models.hub import cached_folder, download, require_hub
from vidtext.models.kept_models import MODELS_KEPT
from vidtext.models.shapes import shape_of
from vidtext.settings import Settings

if TYPE_CHECKING:
    from vidtext.models.base import Captioner, ModelCard

__all__ = [
    "Checkpoint",
    "Resolution",
    "Work",
    "best_device",
    "foresee",
    "load_model",
    "load_planned",
    "load_resolved",
    "resolve",
    "resolve_chat",
    "warm_up",
]

_FULL_CHAT_GPU_BYTES = 20_000_000_000
"""What a GPU must have for the full chat model: 14.1 GB of weights, and keys and values of 0.52 MB a token (2 × 32
layers × 4,096 numbers in bf16): 2.4 GB for 32 frames, once being written and once kept; the rest is for activations."""


@dataclass(frozen=True)
class Resolution:
    """Which model a name means here and now.

    Attributes:
        card: the model.
        folder: where its files are; None while they are still to be downloaded.
        note: what the person must know if it is not the model that they might expect, else "".
    """

    card: ModelCard
    folder: Path | None
    note: str = ""


def resolve(name: str, settings: Settings) -> Resolution:
    """Tell which model a name means, without loading or downloading it.

    `auto` is the full captioner where the local cache or the hub has it, else `embedded`; the note says why.

    Raises:
        UnknownModelError: the name is neither in the catalog nor a folder with a model in it.
        ModelUnavailableError: the model is not in the local cache and the hub cannot be reached.
    """
    if name == AUTO:
        try:
            return resolve(FULL_CAPTIONER, settings)
        except ModelUnavailableError as error:
            return replace(resolve("embedded", settings), note=f"The embedded model is used: {error}")
    if name == "embedded":
        return Resolution(card_of_folder(EMBEDDED_FOLDER, known=MODELS[name]), EMBEDDED_FOLDER)
    if name == EMBEDDED_CHAT:
        return Resolution(card_of_folder(_embedded_chat_folder(), known=MODELS[name]), EMBEDDED_CHAT_FOLDER)
    if name in MODELS:
        folder = cached_folder(name)
        if folder is None:
            require_hub(name, settings)
        return Resolution(MODELS[name], folder)
    folder = Path(name)
    if not (folder / "config.json").is_file():
        known = ", ".join([AUTO, *MODELS])
        raise UnknownModelError(f"There is no model {name!r}. Choose one of {known}, or a folder with a checkpoint.")
    return Resolution(card_of_folder(folder), folder)


def resolve_chat(name: str, settings: Settings) -> Resolution:
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
    known = MODELS.get(name)  # looked at first: nobody is told to download what would be refused then
    resolution = None if known and not known.chats else resolve(name, settings)
    if resolution is None or not resolution.card.chats:
        chatting = ", ".join([AUTO, *(card.id for card in MODELS.values() if card.chats)])
        raise ModelError(f"{name} writes captions and cannot chat. Choose one of {chatting}.")
    return resolution


def _best_chat(settings: Settings) -> Resolution:
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
        What captions; a model of a family that chats is a `ChatModel` too.

    Raises:
        UnknownModelError: no model has this name.
        ModelUnavailableError: it cannot be downloaded or its files cannot be loaded.
    """
    settings = settings or Settings()
    return load_resolved(resolve(name, settings), settings=settings)


def load_resolved(resolution: Resolution, *, settings: Settings | None = None) -> Captioner:
    """Load what `resolve` found.

    Raises:
        NoMemoryError: the model does not fit into memory, even for the smallest job.
        ModelUnavailableError: it cannot be downloaded or its files cannot be loaded.
    """
    card = resolution.card
    smallest = Work(1, card.frames_per_clip if card.family == "git" else card.fewest_frames)
    return load_planned(resolution, smallest, settings=settings or Settings())[0]


@dataclass(frozen=True)
class Work:
    """What a model is loaded for.

    Attributes:
        clips: how many clips it is to caption at once; a chat model takes one after the other.
        frames: how many frames a clip has.
        text_tokens: about how many tokens are read besides.
        new_tokens: how many are written at most.
    """

    clips: int
    frames: int
    text_tokens: int = 64
    new_tokens: int = 64


def load_planned(resolution: Resolution, work: Work, *, settings: Settings) -> tuple[Captioner, MemoryPlan]:
    """Load what `resolve` found, once it is known that the work fits into memory, and how.

    Raises:
        NoMemoryError: it does not fit in any way; nothing was loaded then.
        ModelUnavailableError: it cannot be downloaded or its files cannot be loaded.
    """
    card = resolution.card
    folder = resolution.folder or download(card.id)
    MODELS_KEPT.allow(most_bytes=settings.kept_model_bytes, idle_seconds=settings.idle_model_seconds)
    plan, checkpoint = _planned(folder, card, work, settings)
    with MODELS_KEPT.lent(checkpoint):
        pass  # so that what cannot be loaded is told now
    with TRANSFORMERS:
        from vidtext.models.git import GitCaptioner
        from vidtext.models.video_chat import VideoChat
    if card.family == "git":
        return GitCaptioner(card, checkpoint), plan
    return VideoChat(card, checkpoint, kept_bytes=settings.prefix_cache_bytes), plan


def foresee(resolution: Resolution, work: Work, settings: Settings) -> MemoryPlan | None:
    """Tell how work would be planned now, without loading anything; None while the model is still to be downloaded.

    Raises:
        NoMemoryError: it would not fit in any way.
        ModelUnavailableError: the model's files cannot be read.
    """
    if resolution.folder is None:
        return None
    return _planned(resolution.folder, resolution.card, work, settings)[0]


def _planned(folder: Path, card: ModelCard, work: Work, settings: Settings) -> tuple[MemoryPlan, Checkpoint]:
    """Plan with the memory that is free, and again without the models that nobody uses, if that was not enough."""
    device = best_device()
    shape = shape_of(folder, card)
    usual = Checkpoint(str(folder), device, best_precision(device, card.weight_bytes))

    def plan() -> MemoryPlan:
        wanted = Wanted(
            clips=work.clips if card.family == "git" else 1,
            frames=work.frames,
            text_tokens=work.text_tokens,
            new_tokens=work.new_tokens,
            precision=usual.precision,
        )
        return plan_memory(
            shape,
            wanted,
            device_memory(device),
            name=card.id,
            share=settings.memory_share,
            fewest_frames=work.frames if card.family == "git" else min(card.fewest_frames, work.frames),
            loaded=MODELS_KEPT.holds(usual),
        )

    try:
        found = plan()
    except NoMemoryError:
        MODELS_KEPT.drop_idle(but=usual)
        found = plan()
    else:
        if found.notes and MODELS_KEPT.idle_bytes:
            MODELS_KEPT.drop_idle(but=usual)
            found = plan()
    return found, replace(usual, precision=found.wanted.precision)


def warm_up(settings: Settings) -> None:
    """Load the default models ahead of the first visitor, if their files are on this machine; nothing is downloaded.

    A model that cannot be loaded is no news yet: whoever asks for it is told.
    """
    for find, name in ((resolve, settings.default_model), (resolve_chat, settings.default_chat_model)):
        with contextlib.suppress(ModelError):
            resolution = find(name, settings)
            if resolution.folder is not None:
                load_resolved(resolution, settings=settings)
