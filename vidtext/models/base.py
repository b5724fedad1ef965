"""The seams between the tasks and the models: two small protocols and the values that cross them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from vidtext.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from vidtext.job import Job
    from vidtext.media.read.choices import Fit
    from vidtext.media.read.frames import Frames


@dataclass(frozen=True)
class ModelInfo:
    """What one needs to know of a model before using it, and what the page says of it.

    Attributes:
        id: the name that `load_model` takes.
        family: the name of its family in `vidtext.models.families`.
        licence: SPDX identifier, or the licence's own name.
        frames_per_clip: how many frames one clip has: for a captioner the only number that it was trained on.
        image_size: the width and height of the square that a frame is fitted into.
        fit: how frames are brought into that square when the user does not choose.
        context_tokens: the longest text, prompt included, that the model has positions for.
        weight_bytes: the size of the weights on disk (0: not known before loading).
        description: one sentence in plain words: what the model can and cannot see.
        tokens_per_frame: how much of the context one frame takes (0: frames take none, as with a captioner).
        min_frames: how many frames of a clip are always given to a chat model, however long the conversation gets.
        requires_exact_frames: whether a clip has `frames_per_clip` frames and never another number.
        max_clips: how many clips one conversation may have (0: as many as the context has room for).
        smaller_image_size: the edge of the smaller square that frames may be fitted into as well (0: there is none).
        chats: whether the model takes part in conversations, rather than only writing captions.
        host: the machine that it runs on; "" for this one.
    """

    id: str
    family: str
    licence: str
    frames_per_clip: int
    image_size: int
    fit: Fit
    context_tokens: int
    weight_bytes: int
    description: str
    tokens_per_frame: int = 0
    min_frames: int = 4
    requires_exact_frames: bool = False
    max_clips: int = 0
    smaller_image_size: int = 0
    chats: bool = False
    host: str = ""

    def with_image_size(self, image_size: int) -> ModelInfo:
        """Return the info for frames of another size: their tokens go with their area."""
        tokens = round(self.tokens_per_frame * (image_size / self.image_size) ** 2)
        return replace(self, image_size=image_size, tokens_per_frame=tokens)


class FormerCard:
    """Gives `info` under its former name, `card`, for one release."""

    info: ModelInfo

    @property
    def card(self) -> ModelInfo:
        """Return `info`."""
        warnings.warn("`card` is called `info` now.", DeprecationWarning, stacklevel=2)
        return self.info


@dataclass(frozen=True)
class ResolvedModel:
    """Which model a name means here and now.

    Attributes:
        info: the model.
        folder: where its files are; None while they are still to be downloaded.
        note: what the person must know if it is not the model that they might expect, else "".
        dtype: of the weights, as the memory plan calls it; "" for the one in which the model runs best here.
    """

    info: ModelInfo
    folder: Path | None
    note: str = ""
    dtype: str = ""


_MOST_TEMPERATURE = 2.0
"""Where the field's services end too: beyond it, words are hardly more than drawn by lot."""


@dataclass(frozen=True)
class GenerationOptions:
    """How a model writes. Decoding is greedy unless told otherwise: the same frames give the same words."""

    max_new_tokens: int = 30
    fit: Fit | None = None
    """How frames are brought into the model's square; None takes the model's."""
    temperature: float = 0.0
    """0 takes the likeliest token at each step; above, tokens are drawn, the more freely the higher. Chat only."""
    top_p: float = 1.0
    """Only the likeliest tokens that together have this probability are drawn from; without effect at temperature 0."""
    memory_key: str = ""
    """What a chat model remembers the conversation by, so that the next turn reads only what is new; "" for not."""

    def __post_init__(self) -> None:
        if self.max_new_tokens < 1:
            raise OptionError(
                f"max_new_tokens is {self.max_new_tokens}; a caption needs at least 1.", option="max_new_tokens"
            )
        if not 0 <= self.temperature <= _MOST_TEMPERATURE:
            raise OptionError(
                f"temperature is {self.temperature}; it must be from 0, the same answer each time, to "
                f"{_MOST_TEMPERATURE:g}.",
                option="temperature",
            )
        if not 0 < self.top_p <= 1:
            raise OptionError(f"top_p is {self.top_p}; it must be greater than 0, and 1 at most.", option="top_p")


@dataclass(frozen=True)
class Message:
    """One turn of a conversation: who says what, and the clips that go before the words."""

    role: Literal["system", "user", "assistant"]
    text: str
    clips: tuple[Frames, ...] = ()


class Captioner(Protocol):
    """A model that says in one sentence what a clip shows."""

    @property
    def info(self) -> ModelInfo:
        """What the model is and can do."""
        ...

    @property
    def device(self) -> str:
        """Where it runs, in torch's words, such as `cpu` or `cuda`."""
        ...

    def caption(self, clips: Sequence[Frames], options: GenerationOptions, job: Job) -> list[str]:
        """Return one text for each clip, made in one batch.

        Each clip has exactly `info.frames_per_clip` frames, of any size. The job is checked at every token, so that
        stopping it ends the generation itself.

        Raises:
            CancelledError: the job was stopped.
        """
        ...

    def image_features(self, frames: Frames, job: Job) -> NDArray[np.float32]:
        """Return `(N, D)` float32: what the model's vision tower makes of each of N frames, of length 1 each.

        Frames that look alike to the model have features whose dot product is near 1.

        Raises:
            CancelledError: the job was stopped.
        """
        ...


@runtime_checkable
class ChatModel(Captioner, Protocol):
    """A model that answers messages. It captions too: by being asked to."""

    def reply(self, messages: Sequence[Message], options: GenerationOptions, job: Job) -> Generator[str, None, str]:
        """Yield the pieces of the answer to the last message; closing the generator ends the generation.

        Returns:
            A note for the person if the answer is not whole, such as `cut_short`, else "".

        Raises:
            OptionError: the messages and the answer do not fit into `info.context_tokens`.
            CancelledError: the job was stopped.
        """
        ...

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return how much of the context the messages take, the frames of their clips included."""
        ...


def cut_short(tokens: int) -> str:
    """Return the note on an answer that was ended because it had so many tokens."""
    return f"The model had more to say: its answer was cut at {tokens} tokens."


@dataclass(frozen=True)
class Reply:
    """All of an answer, and the note on it, "" for none."""

    text: str
    note: str


def collect_reply(pieces: Generator[str, None, str]) -> Reply:
    """Listen to an answer until it ends."""
    note = ""

    def listened() -> Iterator[str]:
        nonlocal note
        note = yield from pieces

    return Reply("".join(listened()), note)
