"""From a model's name to a model that is loaded: once, shared by all who ask, safetensors only, never remote code."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidtext.errors import ModelError, ModelUnavailableError, UnknownModelError
from vidtext.models.base import ModelCard
from vidtext.models.catalog import AUTO, EMBEDDED_FOLDER, FULL_CAPTIONER, MODELS, REVISIONS
from vidtext.settings import Settings

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, ProcessorMixin

    from vidtext.models.base import Captioner

_FILES = ("*.json", "*.txt", "*.model", "*.jinja", "model*.safetensors")
"""What is downloaded of a repository: configuration, tokenizer and safetensors. Pickled weights and code are not."""

_CARD_KEYS = ("num_image_with_embedding", "vision_config", "max_position_embeddings")
"""What a config must have: a GIT without the first captions single images."""

_REMEMBER_HUB_SECONDS = 60.0
"""How long the hub's being reachable, or not, is believed before it is asked again."""

_BF16_FROM_BYTES = 100_000_000
"""Smaller models gain nothing from bf16 on a CPU and stay in fp32, where all machines give the same words."""


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


@dataclass(frozen=True)
class Checkpoint:
    """A model's files, and how they are loaded. It pickles, so that a process of its own can load the same."""

    folder: str
    device: str
    precision: str


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
        return Resolution(_card_of_folder(MODELS[name], EMBEDDED_FOLDER), EMBEDDED_FOLDER)
    if name in MODELS:
        folder = _cached_folder(name)
        if folder is None:
            _require_hub(name, settings)
        return Resolution(MODELS[name], folder)
    folder = Path(name)
    if not (folder / "config.json").is_file():
        known = ", ".join([AUTO, *MODELS])
        raise UnknownModelError(f"There is no model {name!r}. Choose one of {known}, or a folder with a checkpoint.")
    return Resolution(_card_of_folder(None, folder), folder)


def load_model(name: str, *, settings: Settings | None = None) -> Captioner:
    """Load a model, or hand out the one that is already loaded.

    Args:
        name: "auto", a name of `vidtext.models.catalog.MODELS`, or a folder with a checkpoint.
        settings: the limits.

    Raises:
        UnknownModelError: no model has this name.
        ModelUnavailableError: it cannot be downloaded or its files cannot be loaded.
    """
    return load_resolved(resolve(name, settings or Settings()))


def load_resolved(resolution: Resolution) -> Captioner:
    """Load what `resolve` found.

    Raises:
        ModelUnavailableError: it cannot be downloaded or its files cannot be loaded.
    """
    from vidtext.models.git import GitCaptioner

    card = resolution.card
    folder = resolution.folder or _download(card.id)
    device = best_device()
    checkpoint = Checkpoint(str(folder), device, _precision(device, card.weight_bytes))
    with _loading:
        load_checkpoint(checkpoint)
    return GitCaptioner(card, checkpoint)


def warm_up(settings: Settings) -> None:
    """Load the default model ahead of the first visitor, if its files are on this machine; nothing is downloaded.

    A model that cannot be loaded is no news yet: whoever asks for it is told.
    """
    with contextlib.suppress(ModelError):
        resolution = resolve(settings.default_model, settings)
        if resolution.folder is not None:
            load_resolved(resolution)


_loading = threading.Lock()  # two who ask at once load once


@lru_cache(maxsize=4)
def load_checkpoint(checkpoint: Checkpoint) -> tuple[PreTrainedModel, ProcessorMixin]:
    """Return the model, in evaluation mode on its device, and its processor.

    Raises:
        ModelUnavailableError: the files are damaged, or not of a model that writes text about images.
    """
    import torch
    from huggingface_hub.errors import StrictDataclassError
    from safetensors import SafetensorError
    from transformers import AutoModelForImageTextToText, AutoProcessor

    try:
        processor = AutoProcessor.from_pretrained(checkpoint.folder, local_files_only=True, trust_remote_code=False)
        model, report = AutoModelForImageTextToText.from_pretrained(
            checkpoint.folder,
            dtype=getattr(torch, checkpoint.precision),
            device_map={"": checkpoint.device},
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError, StrictDataclassError) as error:
        raise ModelUnavailableError(
            f"The model in {Path(checkpoint.folder).name} cannot be loaded: {[*str(error).splitlines(), ''][0]}"
        ) from error
    if report["missing_keys"]:  # transformers would fill them with random numbers, and the model would babble
        raise ModelUnavailableError(
            f"The model in {Path(checkpoint.folder).name} lacks {len(report['missing_keys'])} of its weights. "
            "Download or save it again."
        )
    return model.eval(), processor


def best_device() -> str:
    """Name the device that models run on here: "cuda", "mps" or "cpu"."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _precision(device: str, weight_bytes: int) -> str:
    import torch

    if device == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float16"
    if device == "cpu" and weight_bytes >= _BF16_FROM_BYTES and _bf16_is_faster():
        return "bfloat16"
    return "float32"


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


def _cached_folder(name: str) -> Path | None:
    """Return where the local cache has all files of a model that loading needs."""
    from huggingface_hub import try_to_load_from_cache

    needed = ("config.json", "preprocessor_config.json", "tokenizer.json", "model.safetensors")
    found = [try_to_load_from_cache(name, file, revision=REVISIONS.get(name)) for file in needed]
    return Path(str(found[0])).parent if all(isinstance(path, str) for path in found) else None


def _require_hub(name: str, settings: Settings) -> None:
    reason = _hub_refuses(name, settings.hub_timeout_seconds, int(time.monotonic() / _REMEMBER_HUB_SECONDS))
    if reason:
        raise ModelUnavailableError(f"{name} is not on this machine, and {reason}.")


@lru_cache(maxsize=16)
def _hub_refuses(name: str, timeout_seconds: float, moment: int) -> str:  # noqa: ARG001  the moment is the cache's key
    """Say in one clause why the hub does not give a model, within seconds; "" if it does."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled
    from huggingface_hub.utils import httpx  # type: ignore[attr-defined]  # the name that it keeps for its HTTP client

    try:
        HfApi().model_info(name, revision=REVISIONS.get(name), timeout=timeout_seconds)
    except OfflineModeIsEnabled:
        return "the hub is switched off here (HF_HUB_OFFLINE)"
    except HfHubHTTPError as error:
        return f"the hub does not give it (HTTP {error.response.status_code})"
    except (httpx.HTTPError, OSError):
        return "the model hub cannot be reached from here"
    return ""


def _download(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    from huggingface_hub.utils import httpx  # type: ignore[attr-defined]  # the name that it keeps for its HTTP client

    try:
        return Path(snapshot_download(name, revision=REVISIONS.get(name), allow_patterns=list(_FILES)))
    except (HfHubHTTPError, LocalEntryNotFoundError, httpx.HTTPError, OSError) as error:
        raise ModelUnavailableError(
            f"{name} could not be downloaded ({type(error).__name__}). What arrived is kept; try again, or use "
            "the embedded model."
        ) from error


def _card_of_folder(known: ModelCard | None, folder: Path) -> ModelCard:
    """Read a card off a checkpoint's own files; what a catalog entry says of licence and abilities is kept."""
    config = _read_json(folder / "config.json")
    if config.get("model_type") != "git":
        raise UnknownModelError(f"{folder.name} holds a {config.get('model_type')!r} model; only GIT captions so far.")
    missing = [key for key in _CARD_KEYS if not config.get(key)]
    if missing:
        raise UnknownModelError(f"The GIT in {folder.name} captions no videos: its config has no {missing[0]}.")
    processor = _image_processor_config(folder)
    return ModelCard(
        id=known.id if known else str(folder),
        family="git",
        licence=known.licence if known else "see the folder",
        frames_per_clip=int(config["num_image_with_embedding"]),
        frame_edge_pixels=config["vision_config"]["image_size"],
        fit="crop" if processor.get("do_center_crop") else "squash",
        context_tokens=config["max_position_embeddings"],
        weight_bytes=sum(path.stat().st_size for path in folder.glob("*.safetensors")),
        sees=known.sees if known else "See the model card in its folder.",
    )


def _image_processor_config(folder: Path) -> dict[str, Any]:
    """Read how images are prepared: transformers 5 saves it within the processor's file, earlier ones in its own."""
    whole = folder / "processor_config.json"
    inner: dict[str, Any] = _read_json(whole).get("image_processor", {}) if whole.is_file() else {}
    return inner or _read_json(folder / "preprocessor_config.json")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        read: dict[str, Any] | Any = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelUnavailableError(f"{path.name} in {path.parent.name} cannot be read: {error}") from error
    if not isinstance(read, dict):
        raise ModelUnavailableError(f"{path.name} in {path.parent.name} holds a {type(read).__name__}, not an object.")
    return read
