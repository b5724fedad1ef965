"""What requests may say: the options of tasks as `vidtext.tasks.options` has them, within the limits of the settings.

Fields are named as in Python, but for `max_length`, which is `max_new_tokens` too.
"""

from __future__ import annotations

from collections.abc import Sequence  # noqa: TC003  (pydantic reads the annotations)
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeVar

from annotated_types import Le, MaxLen
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, create_model, model_validator

from vidtext.errors import UnknownModelError
from vidtext.models.catalog import AUTO, MODELS
from vidtext.options import options_of
from vidtext.tasks.options import ChatOptions

if TYPE_CHECKING:
    from collections.abc import Container

    from vidtext.options import Option
    from vidtext.settings import Settings
    from vidtext.tasks.registry import AnyTask

Options = TypeVar("Options")

_MOST_SECONDS = 1e7
"""Longer than any video: the limits of the settings are lower."""

_MOST_ITEMS = 64
_MOST_FRAMES = 256

ALIASES = {"max_new_tokens": "max_length"}
"""Options that have another name here, too."""

Video = Annotated[
    str,
    Field(
        min_length=1,
        description="The video: an http(s) address that anybody may open, a data: URI, or the file in base64.",
        examples=["https://example.com/clip.mp4"],
    ),
]


def offered_models(settings: Settings) -> tuple[str, ...]:
    """Return the names of the models that strangers may use."""
    return (AUTO, *MODELS, *settings.served.names)


class WithOptions(BaseModel):
    """The options of a task."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, protected_namespaces=())

    def options(self, kind: type[Options], settings: Settings, **more: Any) -> Options:  # noqa: ANN401  of any kind
        """Return the options as Python has them.

        Args:
            kind: the options of the task.
            settings: which models are offered.
            more: options that are no fields.

        Raises:
            UnknownModelError: the model is not offered: a stranger may name neither a folder nor an address.
        """
        given = {each.name: getattr(self, each.name) for each in options_of(kind) if each.name not in more}
        known = offered_models(settings)
        if given.get("model", AUTO) not in known:
            raise UnknownModelError(f"There is no model {given['model']!r:.200}. Choose one of {', '.join(known)}.")
        return kind(**given, **more)


class Body(WithOptions):
    """What all requests have in common."""

    background: bool = Field(
        default=False, description="Answer at once with 202 and a job to ask about, instead of when the work is done."
    )


class VideoItem(WithOptions):
    """One of several videos, with its own options."""

    video: Video


class TaskBody(Body):
    """A video, several, or frames that were picked already."""

    video: Video | None = None
    videos: Sequence[VideoItem] | None = None
    frames: list[Annotated[str, Field(min_length=1)]] | None = Field(
        None,
        min_length=1,
        max_length=_MOST_FRAMES,
        description="Frames in their order, each a JPEG or PNG in base64.",
    )
    frame_seconds: list[Annotated[float, Field(ge=0, le=_MOST_SECONDS)]] | None = Field(
        None, max_length=_MOST_FRAMES, description="When each frame is shown; null: one second apart."
    )
    format: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(given is not None for given in (self.video, self.videos, self.frames)) != 1:
            raise ValueError("give one of video, videos and frames")
        if self.frame_seconds is not None and len(self.frame_seconds) != len(self.frames or ()):
            raise ValueError("frame_seconds must have one time for each of the frames")
        return self


class Message(BaseModel):
    """Something that was said."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["system", "user", "assistant"]
    content: str


class ChatBody(Body):
    """A conversation about videos, whose last message is the question."""

    video: Video | None = None
    videos: list[Video] | None = None
    messages: Sequence[Message]
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
        return self.options(ChatOptions, settings, system_prompt=first.content if first.role == "system" else "")

    def said(self) -> list[tuple[str, str]]:
        """Return the questions with their answers; that of the last one is still to be written."""
        words = [message.content for message in self.messages if message.role != "system"]
        return list(zip(words[::2], [*words[1::2], ""], strict=True))


def body_of(task: AnyTask, settings: Settings) -> type[TaskBody]:
    """Return what requests for a task may say."""
    name, options = task.name.title(), _fields(task.options, settings)
    item = create_model(f"{name}Item", __base__=VideoItem, __doc__=VideoItem.__doc__, **options)
    return create_model(
        f"{name}Body",
        __base__=TaskBody,
        __doc__=TaskBody.__doc__,
        videos=(
            list[item] | None,  # type: ignore[valid-type]  # made just now
            Field(
                None,
                min_length=1,
                max_length=_MOST_ITEMS,
                description="Several videos: a result or a problem for each.",
            ),
        ),
        format=(
            Literal[*task.formats] | None,
            Field(None, description="Answer with the result as a document of this format; null: JSON with all of it."),
        ),
        **options,
    )


def chat_body(settings: Settings) -> type[ChatBody]:
    """Return what requests for an answer may say."""
    most = settings.limits.max_saved_answer_characters
    message = create_model(
        "Message", __base__=Message, __doc__=Message.__doc__, content=(Annotated[str, Field(max_length=most)], ...)
    )
    return create_model(
        "ChatBody",
        __base__=ChatBody,
        __doc__=ChatBody.__doc__,
        videos=(
            list[Video] | None,
            Field(
                None,
                min_length=1,
                max_length=settings.limits.max_chat_videos,
                description="Several videos to talk about.",
            ),
        ),
        messages=(
            list[message],  # type: ignore[valid-type]  # made just now
            Field(
                min_length=1,
                max_length=2 * settings.limits.max_chat_turns,
                description="An optional system message, then user and assistant by turns; the last is the user's.",
            ),
        ),
        **_fields(ChatOptions, settings, without=("system_prompt",)),
    )


def _fields(kind: type, settings: Settings, without: Container[str] = ()) -> dict[str, Any]:
    return {each.name: _field(each, settings) for each in options_of(kind) if each.name not in without}


def _field(option: Option, settings: Settings) -> tuple[Any, Any]:
    bounds, limit = [*option.bounds], option.limit(settings)
    if limit is not None:
        bounds.append(MaxLen(int(limit)) if option.kind is str else Le(limit))
    if option.unit == "seconds":
        bounds.append(Le(_MOST_SECONDS))
    alias = ALIASES.get(option.name)
    names: dict[str, Any] = (
        {"validation_alias": AliasChoices(alias, option.name), "serialization_alias": alias} if alias else {}
    )
    unit: dict[str, Any] = {"json_schema_extra": {"unit": option.unit}} if option.unit else {}
    annotation = Annotated[option.annotation, *bounds] if bounds else option.annotation
    return annotation, Field(option.default, description=option.description, **names, **unit)
