"""The model hub and its local cache: what is here, what could be had, and fetching it."""

from __future__ import annotations

import io
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidtext.errors import ModelUnavailableError
from vidtext.models.checkpoint_files import read_json

if TYPE_CHECKING:
    from vidtext.job import Job
    from vidtext.settings import Settings

_FILES = ("*.json", "*.txt", "*.model", "*.jinja", "model*.safetensors")
"""What is downloaded of a repository: configuration, tokenizer and safetensors. Pickled weights and code are not."""

_REMEMBER_HUB_SECONDS = 60.0
"""How long the hub's being reachable, or not, is believed before it is asked again."""


def cached_folder(name: str) -> Path | None:
    """Return where the local cache has all files of a model that loading needs; None if any is missing."""
    files = [_cached(name, file) for file in ("config.json", "preprocessor_config.json", "tokenizer.json")]
    config = files[0]
    return config.parent if config and all(files) and _has_weights(name) else None


def _has_weights(name: str) -> bool:
    """Tell whether the weights are here: in one file, or in all the shards that their index names."""
    index = _cached(name, "model.safetensors.index.json")
    if index is None:
        return _cached(name, "model.safetensors") is not None
    return all(_cached(name, shard) for shard in set(read_json(index)["weight_map"].values()))


def _cached(name: str, file: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(name, file)
    return Path(found) if isinstance(found, str) else None


def require_hub(name: str, settings: Settings) -> None:
    """Make sure that the hub would give a model.

    Raises:
        ModelUnavailableError: it would not, or cannot be reached within `settings.models.hub_timeout_seconds`.
    """
    reason = _hub_refuses(name, settings.models.hub_timeout_seconds, int(time.monotonic() / _REMEMBER_HUB_SECONDS))
    if reason:
        raise ModelUnavailableError(f"{name} is not on this machine, and {reason}.")


@lru_cache(maxsize=16)
def _hub_refuses(name: str, timeout_seconds: float, moment: int) -> str:  # noqa: ARG001  the moment is the cache's key
    """Say in one clause why the hub does not give a model, within seconds; "" if it does."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled
    from huggingface_hub.utils import httpx  # type: ignore[attr-defined]  # the name that it keeps for its HTTP client

    try:
        HfApi().model_info(name, timeout=timeout_seconds)
    except OfflineModeIsEnabled:
        return "the hub is switched off here (HF_HUB_OFFLINE)"
    except HfHubHTTPError as error:
        return f"the hub does not give it (HTTP {error.response.status_code})"
    except (httpx.HTTPError, OSError):
        return "the model hub cannot be reached from here"
    return ""


def _bar_of(model: str, job: Job) -> type:
    """Return what the hub takes for a progress bar, which draws nothing and tells the job."""
    from huggingface_hub.utils.tqdm import tqdm

    class Bar(tqdm):  # the hub's own is told by its name what it counts
        def __init__(self, *args: Any, name: str = "", **kwargs: Any) -> None:  # noqa: ANN401  as tqdm has them
            self._counts_bytes, self._bytes = name == "huggingface_hub.snapshot_download", 0
            super().__init__(*args, **{**kwargs, "file": io.StringIO()})  # type: ignore[no-untyped-call]

        def update(self, n: float | None = 1) -> None:
            super().update(n)
            if self._counts_bytes:  # by ourselves: a bar that is switched off counts nothing
                self._bytes += int(n or 0)
                job.report(f"downloading {model}", self._bytes, int(self.total or 0))

    return Bar


def download(name: str, job: Job) -> Path:
    """Fetch a model's files into the local cache and return their folder.

    The job is told how many bytes are here. Stopped, or failed, it keeps what arrived, and goes on from there later.

    Raises:
        ModelUnavailableError: the download failed.
        CancelledError: the job was stopped.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    from huggingface_hub.utils import httpx  # type: ignore[attr-defined]  # the name that it keeps for its HTTP client

    try:
        return Path(snapshot_download(name, allow_patterns=list(_FILES), tqdm_class=_bar_of(name, job)))
    except (HfHubHTTPError, LocalEntryNotFoundError, httpx.HTTPError, OSError) as error:
        raise ModelUnavailableError(
            f"{name} could not be downloaded ({type(error).__name__}). What arrived is kept; try again, or use "
            "the embedded model."
        ) from error
