"""From the body of a request to the work that it asks for: the same tasks as everywhere."""

from __future__ import annotations

import binascii
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from vidtext.api.problems import problem_of
from vidtext.errors import CancelledError, MediaTooLargeError, UnreadableMediaError, VidtextError
from vidtext.media.frames import Frames
from vidtext.media.source import LocalFile, open_source
from vidtext.media.still import read_stills
from vidtext.tasks.caption import CaptionOptions
from vidtext.tasks.chapters import ChapterOptions
from vidtext.tasks.dialogue import Turn
from vidtext.tasks.summary import SummaryOptions
from vidtext.text.chapter_formats import chapters_document
from vidtext.text.formats import timed_text_document
from vidtext.text.summary_formats import summary_document
from vidtext.text.transcript_formats import exchange_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from vidtext.api.bodies import CaptionBody, ChaptersBody, ChatBody, SummaryBody
    from vidtext.batch.work import TaskStreams
    from vidtext.job import Job
    from vidtext.media.still import Still
    from vidtext.settings import Settings
    from vidtext.tasks.caption import CaptionResult
    from vidtext.tasks.chat import ChatResult

    Document = dict[str, Any]
    Given = str | Path
    """A video as it came: text from a stranger, or a file that was uploaded."""


@dataclass(frozen=True)
class Worker:
    """Does what bodies ask for.

    Attributes:
        streams: the tasks.
        settings: the limits.
    """

    streams: TaskStreams
    settings: Settings

    def captions(self, body: CaptionBody, upload: Path | None, job: Job) -> Iterator[Document]:
        """Yield the captions of a video or of frames as they grow, or of several videos one after the other."""
        if body.videos is not None:
            yield from self._several(body, job)
            return
        options = body.options(CaptionOptions, self.settings)
        if body.frames is not None:
            frames = self._frames(body.frames, body.frame_seconds, job)
            yield from map(_caption_document, self.streams.caption_stream(frames, options, **self._with(job)))  # type: ignore[arg-type]  # a task takes frames too
            return
        yield from self._captions_of(upload or body.video or "", options, job)

    def _captions_of(self, video: Given, options: CaptionOptions, job: Job) -> Iterator[Document]:
        with ExitStack() as stack:
            path = self._file(video, job, stack)
            yield from map(_caption_document, self.streams.caption_stream(path, options, **self._with(job)))

    def _several(self, body: CaptionBody, job: Job) -> Iterator[Document]:
        made: list[Document] = []
        for item in body.videos or ():
            made.append({})
            try:
                for document in self._captions_of(item.video, item.options(CaptionOptions, self.settings), job):
                    made[-1] = document
            except CancelledError:
                raise
            except VidtextError as error:
                made[-1] = {"error": problem_of(error).document}
            yield {"results": list(made)}

    def chapters(self, body: ChaptersBody, upload: Path | None, job: Job) -> Iterator[Document]:
        """Yield the chapters of a video as they get their words."""
        with ExitStack() as stack:
            path = self._file(upload or body.video, job, stack)
            options = body.options(ChapterOptions, self.settings)
            for result in self.streams.chapters_stream(path, options, **self._with(job)):
                yield chapters_document(result.chapters)

    def summary(self, body: SummaryBody, upload: Path | None, job: Job) -> Iterator[Document]:
        """Yield the summary of a video as it grows."""
        with ExitStack() as stack:
            path = self._file(upload or body.video, job, stack)
            options = body.options(SummaryOptions, self.settings)
            for result in self.streams.summary_stream(path, options, **self._with(job)):
                yield summary_document(result.summary)

    def chat(self, body: ChatBody, upload: Path | None, job: Job) -> Iterator[Document]:
        """Yield the answer to the last question as it grows."""
        options, said = body.chat_options(self.settings), body.said()
        given: Sequence[Given] = [upload] if upload else body.sources()
        memory_key = uuid4().hex
        with ExitStack() as stack:
            sources = [(self._file(video, job, stack), f"video {n}") for n, video in enumerate(given, start=1)]
            dialogue = self.streams.begin_dialogue(sources, options, **self._with(job))
            for question, answer in said[:-1]:
                dialogue = dialogue.with_turn(Turn(question, answer, finished=True))
            stack.callback(self.streams.forget_conversation, memory_key)
            for result in self.streams.answer_stream(
                dialogue, said[-1][0], options, **self._with(job), memory_key=memory_key
            ):
                yield _answer_document(result)

    def _with(self, job: Job) -> dict[str, Any]:
        return {"settings": self.settings, "job": job}

    def _file(self, video: Given, job: Job, stack: ExitStack) -> Path:
        """Return a file that holds the video while the stack is open. Text never names a file of this machine."""
        file = stack.enter_context(open_source(video, settings=self.settings, job=job, local_paths=False))
        assert isinstance(file, LocalFile)  # noqa: S101  (neither text nor a path becomes Frames)
        return file.path

    def _frames(self, images: Sequence[str], seconds: Sequence[float] | None, job: Job) -> Frames:
        times = seconds or [float(second) for second in range(len(images))]
        contents = [_of_base64(text, place) for place, text in enumerate(images)]
        stills: list[Still] = []
        try:
            stills.extend(read_stills(contents, **self._with(job)))
        except (MediaTooLargeError, UnreadableMediaError) as error:
            raise type(error)(f"frames.{len(stills)}: {error}") from None
        frames = Frames.from_images([still.pixels for still in stills], times)
        return replace(frames, notes=tuple(dict.fromkeys(note for still in stills for note in still.notes)))


def _of_base64(text: str, place: int) -> bytes:
    try:
        return binascii.a2b_base64("".join(text.split()), strict_mode=True)
    except ValueError:
        raise UnreadableMediaError(f"frames.{place} is not base64. Encode the picture again.") from None


def _caption_document(result: CaptionResult) -> Document:
    return {**timed_text_document(result.text), "caption": result.text.text}


def _answer_document(result: ChatResult) -> Document:
    return {"model": result.card.id, **exchange_document(result.turn.exchange)}
