"""What the page calls. It knows tasks and cards, never a model; a test hands in its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from vidtext.job import Job
    from vidtext.models.base import ModelCard
    from vidtext.models.loading import Resolution
    from vidtext.settings import Settings
    from vidtext.tasks.caption import CaptionOptions, CaptionResult


class CaptionStream(Protocol):
    """`vidtext.tasks.caption.caption_stream`, or what takes its place."""

    def __call__(
        self, source: Path, options: CaptionOptions, *, settings: Settings, job: Job
    ) -> Iterator[CaptionResult]:
        """Yield growing results."""
        ...


@dataclass(frozen=True)
class Services:
    """The work that the page has done for it.

    Attributes:
        caption_stream: writes captions.
        models: the cards of the models to offer, by the names that `resolve` takes.
        resolve: which model a name stands for now, and why.
        device: where models run here.
    """

    caption_stream: CaptionStream
    models: Mapping[str, ModelCard]
    resolve: Callable[[str, Settings], Resolution]
    device: Callable[[], str]


def real_services() -> Services:
    """Return the services that do real work."""
    from vidtext.models.catalog import MODELS
    from vidtext.models.loading import best_device, resolve
    from vidtext.tasks.caption import caption_stream

    return Services(caption_stream=caption_stream, models=MODELS, resolve=resolve, device=best_device)
