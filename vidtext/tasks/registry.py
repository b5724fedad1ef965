"""The tasks. The command line, the HTTP API, the Gradio endpoints with their MCP tools and batches use `TASKS`.

To add a task:

1. Write its options with `vidtext.options.task_options`, in a module that imports quickly.
2. Write its formats, and what makes a JSON object of its result; see `vidtext.text.documents`.
3. Write its work: a function from a video and the options to growing results, the last of which is whole. It
   begins with `vidtext.options.check_limits`.
4. Add a `Task` to `TASKS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from vidtext.tasks.options import CaptionOptions, ChapterOptions, QuestionOptions, SummaryOptions
from vidtext.text.chapter_formats import CHAPTER_FORMATS, chapters_document
from vidtext.text.formats import FORMATS, timed_text_document
from vidtext.text.summary_formats import SUMMARY_FORMATS, summary_document
from vidtext.text.transcript_formats import TRANSCRIPT_FORMATS, transcript_document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from vidtext.job import Job
    from vidtext.media.source.inputs import Source
    from vidtext.settings import Settings
    from vidtext.tasks.caption import CaptionResult
    from vidtext.tasks.chapters import ChaptersResult
    from vidtext.tasks.chat import ChatResult
    from vidtext.tasks.summary import SummaryResult
    from vidtext.text.chapters import Chapters
    from vidtext.text.documents import Format
    from vidtext.text.summary import Summary
    from vidtext.text.timed import TimedText
    from vidtext.text.transcript import Transcript

Options = TypeVar("Options")
Options_contra = TypeVar("Options_contra", contravariant=True)
Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)
Content = TypeVar("Content")


class Stream(Protocol[Options_contra, Result_co]):
    """The work of a task, such as `vidtext.tasks.caption.caption_stream`."""

    def __call__(
        self, source: Source, options: Options_contra, /, *, settings: Settings, job: Job
    ) -> Iterator[Result_co]:
        """Yield growing results; the last one is whole."""
        ...


@dataclass(frozen=True)
class Task(Generic[Options, Result, Content]):
    """A task.

    Attributes:
        name: the command, the path of the HTTP API, the Gradio endpoint, the MCP tool, and the field of a batch.
        summary: what it does, as a sentence without its full stop.
        options: made with `vidtext.options.task_options`.
        run: the work.
        document: the JSON object of a result's content.
        formats: what the content can be written as.
        content: what of a result is written, by default all of it; a frozen dataclass with `notes`.
        progress: says of a result that is not whole how far the work is.
        plural: what its results are called, by default as the task; the names of its files have it.
        returns: the fields of the JSON object, for those who call the task.
        printed: the format of the command line where none is named.
        converses: whether it answers questions with a chat model. Conversations have interfaces of their own; only
            batches treat them like all tasks.
    """

    name: str
    summary: str
    options: type[Options]
    run: Stream[Options, Result]
    document: Callable[[Content], dict[str, Any]]
    formats: Mapping[str, Format[Content]]
    content: Callable[[Result], Content] = lambda result: result  # type: ignore[assignment,return-value]
    progress: Callable[[Result], str] = lambda _: "the work was ended"
    plural: str = ""
    returns: str = "The result, as its JSON document has it."
    printed: str = "json"
    converses: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "plural", self.plural or self.name)


AnyTask = Task[Any, Any, Any]


def _caption(source: Source, options: CaptionOptions, /, *, settings: Settings, job: Job) -> Iterator[CaptionResult]:
    from vidtext.tasks.caption import caption_stream

    return caption_stream(source, options, settings=settings, job=job)


def _chapters(source: Source, options: ChapterOptions, /, *, settings: Settings, job: Job) -> Iterator[ChaptersResult]:
    from vidtext.tasks.chapters import chapters_stream

    return chapters_stream(source, options, settings=settings, job=job)


def _summary(source: Source, options: SummaryOptions, /, *, settings: Settings, job: Job) -> Iterator[SummaryResult]:
    from vidtext.tasks.summary import summary_stream

    return summary_stream(source, options, settings=settings, job=job)


def _chat(source: Source, options: QuestionOptions, /, *, settings: Settings, job: Job) -> Iterator[ChatResult]:
    from vidtext.tasks.chat import answers_stream

    return answers_stream(source, options, settings=settings, job=job)


CAPTION: Task[CaptionOptions, CaptionResult, TimedText] = Task(
    name="caption",
    summary="Say what a video shows",
    options=CaptionOptions,
    run=_caption,
    document=timed_text_document,
    formats=FORMATS,
    content=lambda result: result.text,
    progress=lambda result: f"{result.windows_done} of {result.windows_total} windows are captioned",
    plural="captions",
    returns='{"model", "segments": [{"start_seconds", "stop_seconds", "text"}], "notes"}',
    printed="txt",
)
CHAPTERS: Task[ChapterOptions, ChaptersResult, Chapters] = Task(
    name="chapters",
    summary="Divide a video into chapters",
    options=ChapterOptions,
    run=_chapters,
    document=chapters_document,
    formats=CHAPTER_FORMATS,
    content=lambda result: result.chapters,
    progress=lambda result: f"{result.chapters_done} of {result.chapters_total} chapters are described",
    plural="chapters",
    returns='{"model", "chapters": [{"start_seconds", "stop_seconds", "title", "description"}], "notes"}',
    printed="youtube",
)
SUMMARY: Task[SummaryOptions, SummaryResult, Summary] = Task(
    name="summary",
    summary="Summarize a video",
    options=SummaryOptions,
    run=_summary,
    document=summary_document,
    formats=SUMMARY_FORMATS,
    content=lambda result: result.summary,
    progress=lambda result: f"{result.windows_done} of {result.windows_total} parts were looked at",
    plural="summary",
    returns='{"model", "abstract", "summary", "highlights", "keywords", "notes"}',
    printed="txt",
)
CHAT: Task[QuestionOptions, ChatResult, Transcript] = Task(
    name="chat",
    summary="Answer questions about a video",
    options=QuestionOptions,
    run=_chat,
    document=transcript_document,
    formats=TRANSCRIPT_FORMATS,
    content=lambda result: result.dialogue.transcript(result.info.id),
    progress=lambda result: f"{len(result.dialogue.turns)} questions are answered",
    plural="chat",
    returns='{"model", "question", "answer", "finished", "notes"}',
    printed="md",
    converses=True,
)

TASKS: dict[str, AnyTask] = {task.name: task for task in (CAPTION, CHAPTERS, SUMMARY, CHAT)}
"""The tasks by their names, in the order in which they are listed and done."""
