"""The shapes of the tasks that yield growing results, for those who have them done: the page, and batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from vidtext.job import Job
    from vidtext.settings import Settings
    from vidtext.tasks.chat import ChatOptions, ChatResult
    from vidtext.tasks.dialogue import Dialogue

Options_contra = TypeVar("Options_contra", contravariant=True)
Result_co = TypeVar("Result_co", covariant=True)


class Stream(Protocol[Options_contra, Result_co]):
    """A task that yields growing results, such as `vidtext.tasks.caption.caption_stream`."""

    def __call__(self, source: Path, options: Options_contra, *, settings: Settings, job: Job) -> Iterator[Result_co]:
        """Yield growing results."""
        ...


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
