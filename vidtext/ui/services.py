"""What the page calls. It knows tasks and cards, never a model; a test hands in its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from vidtext.tasks.registry import TASKS
from vidtext.tasks.streams import TaskStreams

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from vidtext.compute.memory import MemoryPlan
    from vidtext.job import Job
    from vidtext.models.acquire import Workload
    from vidtext.models.base import ModelInfo, ResolvedModel
    from vidtext.settings import Settings
    from vidtext.tasks.highlights import HighlightReel
    from vidtext.text.chapters import Chapters
    from vidtext.text.timed import TimedText


class VideoWithChapters(Protocol):
    """`vidtext.tasks.chapters.video_with_chapters`, or what takes its place."""

    def __call__(
        self, source: Path, chapters: Chapters, target: Path, *, settings: Settings, job: Job
    ) -> tuple[str, ...]:
        """Write the file; return notes."""
        ...


class ChapteredSuffix(Protocol):
    """`vidtext.media.write.chapter_marks.chaptered_suffix`, or what takes its place."""

    def __call__(self, source: Path, *, settings: Settings, job: Job) -> str:
        """Return how the name of a video with chapters in it has to end."""
        ...


class MakeReel(Protocol):
    """`vidtext.tasks.highlights.highlight_reel`, or what takes its place."""

    def __call__(
        self, source: Path, highlights: TimedText, target: Path, *, seconds: float | None, settings: Settings, job: Job
    ) -> HighlightReel:
        """Write the file; return its captions."""
        ...


@dataclass(frozen=True)
class Services(TaskStreams):
    """The work that the page has done for it: the tasks, and what only the page asks for.

    Attributes:
        chaptered_suffix: how the name of a video with chapters in it has to end.
        video_with_chapters: writes a video with chapters in it.
        highlight_reel: writes highlights as one clip.
        models: the cards of the models to offer, by the names that `resolve` takes.
        resolve: which model a name stands for now, and why.
        chat_models: the cards of those that answer questions, by the names that `resolve_chat` takes.
        resolve_chat: which of them a name stands for now, and why.
        foresee: what a work needs of the memory that is free; None while the model is still to be downloaded.
        device: where models run here.
    """

    chaptered_suffix: ChapteredSuffix
    video_with_chapters: VideoWithChapters
    highlight_reel: MakeReel
    models: Mapping[str, ModelInfo]
    resolve: Callable[[str, Settings], ResolvedModel]
    chat_models: Mapping[str, ModelInfo]
    resolve_chat: Callable[[str, Settings], ResolvedModel]
    foresee: Callable[[ResolvedModel, Workload, Settings], MemoryPlan | None]
    device: Callable[[], str]


def real_services(settings: Settings) -> Services:
    """Return the services that do real work, with the models that the settings offer."""
    from vidtext.media.write.chapter_marks import chaptered_suffix
    from vidtext.models.acquire import foresee
    from vidtext.models.catalog import EMBEDDED_CHAT, MODELS
    from vidtext.models.loading import best_device, resolve, resolve_chat
    from vidtext.models.quantized import with_quantized
    from vidtext.tasks.chapters import video_with_chapters
    from vidtext.tasks.chat import answer_stream, begin_dialogue, forget
    from vidtext.tasks.highlights import highlight_reel

    served = {name: resolve(name, settings).info for name in settings.served.names}
    return Services(
        tasks=TASKS,
        begin_dialogue=begin_dialogue,
        answer_stream=answer_stream,
        forget_conversation=forget,
        chaptered_suffix=chaptered_suffix,
        video_with_chapters=video_with_chapters,
        highlight_reel=highlight_reel,
        # The embedded chat model answers, it does not caption.
        models=with_quantized({name: info for name, info in MODELS.items() if name != EMBEDDED_CHAT}) | served,
        resolve=resolve,
        chat_models=with_quantized({name: info for name, info in MODELS.items() if info.chats}) | served,
        resolve_chat=resolve_chat,
        foresee=foresee,
        device=best_device,
    )
