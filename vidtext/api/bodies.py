"""What requests may say. Fields are named as in Python, but for `max_length`, which is `max_new_tokens` too."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from vidtext.errors import UnknownModelError
from vidtext.models.catalog import AUTO, MODELS
from vidtext.tasks.chat import ChatOptions

if TYPE_CHECKING:
    from typing import TypeVar

    from vidtext.settings import Settings
    from vidtext.tasks.caption import CaptionOptions
    from vidtext.tasks.chapters import ChapterOptions
    from vidtext.tasks.summary import SummaryOptions

    Options = TypeVar("Options", CaptionOptions, ChapterOptions, SummaryOptions, ChatOptions)

_MOST_SECONDS = 1e7
"""Longer than any video: the limits of the settings are lower."""

_MOST_CHARACTERS = 20_000
_MOST_ITEMS = 64

Fit = Literal["crop", "pad", "squash"]
Shots = Literal["auto", "exact", "fast"]
Video = Annotated[
    str,
    Field(
        min_length=1,
        description="The video: an http(s) address that anybody may open, a data: URI, or the file in base64.",
        examples=["https://example.com/clip.mp4"],
    ),
]
Seconds = Annotated[float, Field(ge=0, le=_MOST_SECONDS, allow_inf_nan=False)]
Length = Annotated[float, Field(gt=0, le=_MOST_SECONDS, allow_inf_nan=False)]
Text = Annotated[str, Field(max_length=_MOST_CHARACTERS)]


def offered_models(settings: Settings) -> tuple[str, ...]:
    """Return the names of the models that strangers may use."""
    return (AUTO, *MODELS, *settings.served.names)


class Body(BaseModel):
    """What all requests have in common."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    model: str = Field(AUTO, max_length=200, description="A name of `GET /v1/models`; auto takes the best one here.")
    fit: Fit | None = Field(
        None, description="How frames are brought into the model's square; null: as it was trained."
    )
    background: bool = Field(
        default=False, description="Answer at once with 202 and a job to ask about, instead of when the work is done."
    )

    def options(self, kind: type[Options], settings: Settings) -> Options:
        """Return the task's options as Python has them.

        Raises:
            UnknownModelError: the model is not offered: a stranger may name neither a folder nor an address.
        """
        known = offered_models(settings)
        if self.model not in known:
            raise UnknownModelError(f"There is no model {self.model!r}. Choose one of {', '.join(known)}.")
        names = {field.name for field in dataclasses.fields(kind)} & set(type(self).model_fields)
        return kind(**{name: getattr(self, name) for name in names})


class _Captioning(Body):
    every_seconds: Length | None = Field(None, description="One caption for each so many seconds; null: one in all.")
    start_seconds: Seconds | None = Field(None, description="Where to start; null: the video's start.")
    stop_seconds: Seconds | None = Field(None, description="Where to stop; null: the video's end.")
    max_new_tokens: int = Field(
        30,
        ge=1,
        le=256,
        validation_alias=AliasChoices("max_length", "max_new_tokens"),
        serialization_alias="max_length",
        description="The most tokens of a caption.",
    )


class CaptionItem(_Captioning):
    """One of several videos, with its own options."""

    video: Video


class CaptionBody(_Captioning):
    """A video, several, or frames that were picked already."""

    video: Video | None = None
    videos: list[CaptionItem] | None = Field(
        None, min_length=1, max_length=_MOST_ITEMS, description="Several videos: a result or a problem for each."
    )
    frames: list[Annotated[str, Field(min_length=1)]] | None = Field(
        None, min_length=1, max_length=256, description="Frames in their order, each a JPEG or PNG in base64."
    )
    frame_seconds: list[Seconds] | None = Field(
        None, max_length=256, description="When each frame is shown; null: one second apart."
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(given is not None for given in (self.video, self.videos, self.frames)) != 1:
            raise ValueError("give one of video, videos and frames")
        if self.frame_seconds is not None and len(self.frame_seconds) != len(self.frames or ()):
            raise ValueError("frame_seconds must have one time for each of the frames")
        return self


class ChaptersBody(Body):
    """A video to divide."""

    video: Video
    count: int | None = Field(None, ge=1, le=200, description="How many chapters; null: as the content has it.")
    min_seconds: Length | None = Field(None, description="The shortest chapter; null: by the length of the video.")
    shots: Shots = Field("auto", description="How shots are looked for: in every frame, or among keyframes first.")
    style: Text = Field("neutral", description="A named style or an instruction; only chat models follow it.")


class SummaryBody(Body):
    """A video to summarize."""

    video: Video
    length: Literal["short", "medium", "long"] = "medium"
    look: Literal["shots", "time"] = Field("shots", description="Look at every shot, or every 5 % of the duration.")
    style: Text = Field("neutral", description="A named style or an instruction; only chat models follow it.")


class Message(BaseModel):
    """Something that was said."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["system", "user", "assistant"]
    content: Text


class ChatBody(Body):
    """A conversation about videos, whose last message is the question."""

    video: Video | None = None
    videos: list[Video] | None = Field(None, min_length=1, max_length=8, description="Several videos to talk about.")
    messages: list[Message] = Field(
        min_length=1,
        max_length=1000,
        description="An optional system message, then user and assistant by turns; the last is the user's.",
    )
    frames: int | None = Field(None, ge=1, le=768, description="How many frames of all videos together are looked at.")
    max_new_tokens: int = Field(
        256,
        ge=1,
        le=1024,
        validation_alias=AliasChoices("max_length", "max_new_tokens"),
        serialization_alias="max_length",
        description="The most tokens of the answer.",
    )
    temperature: float = Field(0.0, ge=0, le=2, description="0 always takes the likeliest word.")
    top_p: float = Field(
        1.0, gt=0, le=1, description="With a temperature: only the likeliest words of this probability."
    )
    stream: bool = Field(default=False, description="Answer with server-sent events while the answer is written.")

    @model_validator(mode="after")
    def _in_turns(self) -> Self:
        if (self.video is None) == (self.videos is None):
            raise ValueError("give one of video and videos")
        said = self.messages[1:] if self.messages[0].role == "system" else self.messages
        roles = ["user" if place % 2 == 0 else "assistant" for place in range(len(said))]
        if not said or [each.role for each in said] != roles or said[-1].role != "user":
            raise ValueError(
                "messages must be user and assistant by turns, after a system message if any; end with user"
            )
        if self.stream and self.background:
            raise ValueError("give one of stream and background")
        return self

    def sources(self) -> list[str]:
        """Return the videos."""
        return [self.video] if self.video is not None else list(self.videos or ())

    def chat_options(self, settings: Settings) -> ChatOptions:
        """Return the options, with the system message among them."""
        first = self.messages[0]
        system = first.content if first.role == "system" else ""
        return dataclasses.replace(self.options(ChatOptions, settings), system_prompt=system)

    def said(self) -> list[tuple[str, str]]:
        """Return the questions with their answers; that of the last one is still to be written."""
        words = [message.content for message in self.messages if message.role != "system"]
        return list(zip(words[::2], [*words[1::2], ""], strict=True))
