"""The seams between the tasks and the models: two small protocols and the values that cross them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from vidtext.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vidtext.job import Job
    from vidtext.media.frames import Frames
    from vidtext.media.resize import Fit


@dataclass(frozen=True)
class ModelCard:
    """What one needs to know of a model before using it, and what the page says of it.

    Attributes:
        id: the name that `load_model` takes.
        family: the file in `models/` that runs it, as transformers' `model_type` calls it.
        licence: SPDX identifier, or the licence's own name.
        frames_per_clip: how many frames one clip has; the only number that the model was trained on.
        frame_edge_pixels: the width and height of the square that a frame is fitted into.
        fit: how frames are brought into that square when the user does not choose.
        context_tokens: the longest text, prompt included, that the model has positions for.
        weight_bytes: the size of the weights on disk (0: not known before loading).
        sees: one sentence in plain words: what the model can and cannot see.
    """

    id: str
    family: Literal["git"]
    licence: str
    frames_per_clip: int
    frame_edge_pixels: int
    fit: Fit
    context_tokens: int
    weight_bytes: int
    sees: str


@dataclass(frozen=True)
class GenerationOptions:
    """How a model writes. Decoding is greedy: the same frames give the same words."""

    max_new_tokens: int = 30
    fit: Fit | None = None
    """How frames are brought into the model's square; None takes the card's."""

    def __post_init__(self) -> None:
        if self.max_new_tokens < 1:
            raise OptionError(f"max_new_tokens is {self.max_new_tokens}; a caption needs at least 1.")


class Captioner(Protocol):
    """A model that says in one sentence what a clip shows."""

    @property
    def card(self) -> ModelCard:
        """What the model is and can do."""
        ...

    @property
    def device(self) -> str:
        """Where it runs, in torch's words, such as `cpu` or `cuda`."""
        ...

    def caption(self, clips: Sequence[Frames], options: GenerationOptions, job: Job) -> list[str]:
        """Return one text for each clip, made in one batch.

        Each clip has exactly `card.frames_per_clip` frames, of any size. The job is checked at every token, so that
        stopping it ends the generation itself.

        Raises:
            CancelledError: the job was stopped.
        """
        ...
