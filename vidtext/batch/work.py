"""The work on one video of a batch: from an item to what is written about it, or the reason why there is nothing."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from vidtext.errors import CancelledError, VidtextError
from vidtext.media.source import LocalFile, open_source
from vidtext.tasks.results import last_result
from vidtext.text.chapter_formats import CHAPTER_FORMATS, chapters_document
from vidtext.text.formats import FORMATS, timed_text_document
from vidtext.text.names import tail_of
from vidtext.text.summary_formats import SUMMARY_FORMATS, summary_document
from vidtext.text.transcript_formats import TRANSCRIPT_FORMATS, transcript_document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from vidtext.batch.items import Item, Questions, Tasks
    from vidtext.job import Job
    from vidtext.settings import Settings
    from vidtext.tasks.caption import CaptionOptions, CaptionResult
    from vidtext.tasks.chapters import ChapterOptions, ChaptersResult
    from vidtext.tasks.streams import Answer, BeginDialogue, Stream
    from vidtext.tasks.summary import SummaryOptions, SummaryResult
    from vidtext.text.documents import Format
    from vidtext.text.names import Kind
    from vidtext.text.transcript import Transcript

_log = logging.getLogger(__name__)

DONE, FAILED = "done", "failed"

Result = TypeVar("Result")


@dataclass(frozen=True)
class TaskStreams:
    """What does the work.

    Attributes:
        caption_stream: writes captions.
        chapters_stream: finds chapters and names them.
        summary_stream: writes summaries.
        begin_dialogue: looks at a video so that one can ask about it.
        answer_stream: answers a question about it.
        forget_conversation: drops what a model remembers by a key.
    """

    caption_stream: Stream[CaptionOptions, CaptionResult]
    chapters_stream: Stream[ChapterOptions, ChaptersResult]
    summary_stream: Stream[SummaryOptions, SummaryResult]
    begin_dialogue: BeginDialogue
    answer_stream: Answer
    forget_conversation: Callable[[str], None]


def real_streams() -> TaskStreams:
    """Return the tasks that do real work."""
    from vidtext.tasks.caption import caption_stream
    from vidtext.tasks.chapters import chapters_stream
    from vidtext.tasks.chat import answer_stream, begin_dialogue, forget
    from vidtext.tasks.summary import summary_stream

    return TaskStreams(caption_stream, chapters_stream, summary_stream, begin_dialogue, answer_stream, forget)


@dataclass(frozen=True)
class Document:
    """A file about a video: how its name ends, behind the item's, and what is in it."""

    suffix: str
    text: str


@dataclass(frozen=True)
class Failure:
    """Why an item has no results.

    Attributes:
        kind: the name of the error's class, such as "UnreadableMediaError".
        message: a sentence for a person.
    """

    kind: str
    message: str


@dataclass(frozen=True)
class Outcome:
    """What became of an item. It pickles, so that another machine can send it.

    Attributes:
        item: what was asked.
        made: what each task made, by its name, as the task's JSON document has it; empty if the item failed.
        documents: the files about it.
        failure: why there is nothing; None if all went well.
    """

    item: Item
    made: dict[str, Any]
    documents: tuple[Document, ...]
    failure: Failure | None = None

    @property
    def record(self) -> dict[str, Any]:
        """Everything as one JSON object: the line of `results.jsonl`."""
        item = self.item
        about = {"name": item.name, "source": str(item.source), "asked": item.tasks.as_json()}
        if self.failure:
            why = {"kind": self.failure.kind, "message": self.failure.message}
            return {**about, "status": FAILED, "error": why}
        files = [f"{item.name}{document.suffix}" for document in self.documents]
        return {**about, "status": DONE, **self.made, "files": files}


def failed(item: Item, error: BaseException) -> Outcome:
    """Return what became of an item that an error ended."""
    message = str(error) if isinstance(error, VidtextError) else f"{type(error).__name__}: {error}"
    return Outcome(item, {}, (), Failure(type(error).__name__, message))


def work_on(item: Item, streams: TaskStreams, settings: Settings, job: Job) -> Outcome:
    """Do all tasks of an item; an error, also a defect, is the item's outcome and ends nothing else.

    Raises:
        CancelledError: the job was stopped.
    """
    try:
        return _done(item, streams, settings, job)
    except CancelledError:
        raise
    except VidtextError as error:
        return failed(item, error)
    except Exception as error:  # noqa: BLE001  (logged in full: one defect must not cost a night's work)
        _log.exception("%s met a defect of vidtext", item.source)
        return failed(item, error)


def _done(item: Item, streams: TaskStreams, settings: Settings, job: Job) -> Outcome:
    made: dict[str, Any] = {}
    documents: list[Document] = []
    with open_source(item.source, settings=settings, job=job) as file:  # once, for all tasks
        assert isinstance(file, LocalFile)  # noqa: S101  (a path or an address never becomes Frames)
        for name, document, files in _written(item.tasks, file, streams, settings, job):
            made[name] = document
            documents += files
    return Outcome(item, made, tuple(documents))


def _written(
    tasks: Tasks, file: LocalFile, streams: TaskStreams, settings: Settings, job: Job
) -> Iterator[tuple[str, dict[str, Any], list[Document]]]:
    """Yield, for each task, its name, its JSON document, and the files for people and players."""
    if tasks.caption:
        text = last_result(streams.caption_stream(file.path, tasks.caption, settings=settings, job=job)).text
        yield "caption", timed_text_document(text), _files(text, "captions", FORMATS)
    if tasks.chapters:
        found = last_result(streams.chapters_stream(file.path, tasks.chapters, settings=settings, job=job)).chapters
        yield "chapters", chapters_document(found), _files(found, "chapters", CHAPTER_FORMATS)
    if tasks.summary:
        summary = last_result(streams.summary_stream(file.path, tasks.summary, settings=settings, job=job)).summary
        yield "summary", summary_document(summary), _files(summary, "summary", SUMMARY_FORMATS)
    if tasks.chat:
        talk = _conversation(file, tasks.chat, streams, settings, job)
        yield "chat", transcript_document(talk), _files(talk, "chat", TRANSCRIPT_FORMATS)


def _files(result: Result, kind: Kind, formats: Mapping[str, Format[Result]]) -> list[Document]:
    return [Document(tail_of(kind, form.suffix), form.write(result)) for form in formats.values() if form.in_batches]


def _conversation(file: LocalFile, asked: Questions, streams: TaskStreams, settings: Settings, job: Job) -> Transcript:
    dialogue = streams.begin_dialogue([(file.path, file.name)], asked.options, settings=settings, job=job)
    memory_key, model = uuid4().hex, ""
    try:
        for question in asked.questions:
            result = last_result(
                streams.answer_stream(
                    dialogue, question, asked.options, settings=settings, job=job, memory_key=memory_key
                )
            )
            dialogue, model = result.dialogue, result.card.id
    finally:
        streams.forget_conversation(memory_key)
    return dialogue.transcript(model)
