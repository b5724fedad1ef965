"""What is asked of each video of a batch."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from vidtext.tasks.caption import CaptionOptions
    from vidtext.tasks.chapters import ChapterOptions
    from vidtext.tasks.chat import ChatOptions
    from vidtext.tasks.summary import SummaryOptions


@dataclass(frozen=True)
class Questions:
    """Questions of one conversation, asked one after the other, and how they are answered."""

    options: ChatOptions
    questions: tuple[str, ...]


@dataclass(frozen=True)
class Tasks:
    """What is done with a video: each task that has options, in this order."""

    caption: CaptionOptions | None = None
    chapters: ChapterOptions | None = None
    summary: SummaryOptions | None = None
    chat: Questions | None = None

    @property
    def models(self) -> tuple[tuple[str, bool], ...]:
        """The names of the models that are used, each with whether it is to chat."""
        captioning = [(task.model, False) for task in (self.caption, self.chapters, self.summary) if task]
        chatting = [(self.chat.options.model, True)] if self.chat else []
        return tuple(dict.fromkeys([*captioning, *chatting]))

    def as_json(self) -> dict[str, Any]:
        """Return each task with its options, as a line of a JSONL list has them."""
        asked = {name: options for name, options in dataclasses.asdict(self).items() if options is not None}
        if self.chat:
            asked["chat"] = {**asked["chat"]["options"], "questions": list(self.chat.questions)}
        return asked


@dataclass(frozen=True)
class Item:
    """One video of a batch.

    Attributes:
        source: a path or an address.
        tasks: what is done with it.
        name: what its files are called, without an ending; no other item of the batch has it.
    """

    source: str | Path
    tasks: Tasks
    name: str
