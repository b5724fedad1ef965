"""The work of all tasks, for those who have it done: the page, the HTTP API and batches. Tests hand in their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from vidtext.tasks.registry import TASKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from vidtext.job import Job
    from vidtext.settings import Settings
    from vidtext.tasks.chat import ChatResult
    from vidtext.tasks.dialogue import Dialogue
    from vidtext.tasks.options import ChatOptions
    from vidtext.tasks.registry import AnyTask


class BeginDialogue(Protocol):
    """`vidtext.tasks.chat.begin_dialogue`, or what takes its place."""

    def __call__(
        self, sources: Sequence[tuple[Path, str]], options: ChatOptions, *, settings: Settings, job: Job
    ) -> Dialogue:
        """Look at the videos."""
        ...


class Answer(Protocol):
    """`vidtext.tasks.chat.answer_stream`, or what takes its place."""

    def __call__(
        self, dialogue: Dialogue, question: str, options: ChatOptions, *, settings: Settings, job: Job, memory_key: str
    ) -> Iterator[ChatResult]:
        """Yield the conversation with the answer as it grows."""
        ...


@dataclass(frozen=True)
class TaskStreams:
    """The tasks, and the parts of a conversation.

    Attributes:
        tasks: the tasks by their names.
        begin_dialogue: looks at a video so that one can ask about it.
        answer_stream: answers a question about it.
        forget_conversation: drops what a model remembers by a key.
    """

    tasks: Mapping[str, AnyTask]
    begin_dialogue: BeginDialogue
    answer_stream: Answer
    forget_conversation: Callable[[str], None]


def real_streams() -> TaskStreams:
    """Return the tasks that do real work."""
    from vidtext.tasks.chat import answer_stream, begin_dialogue, forget

    return TaskStreams(TASKS, begin_dialogue, answer_stream, forget)
