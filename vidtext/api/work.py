"""From the body of a request to the work that it asks for: the same tasks as everywhere."""

from __future__ import annotations

import binascii
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from vidtext.api.problems import problem_of
from vidtext.errors import CancelledError, MediaTooLargeError, UnreadableMediaError, VidtextError
from vidtext.media.read.frames import Frames
from vidtext.media.read.still import read_stills
from vidtext.media.source.inputs import LocalFile, open_source
from vidtext.tasks.dialogue import Turn
from vidtext.tasks.registry import CAPTION
from vidtext.text.documents import render
from vidtext.text.transcript_formats import exchange_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from vidtext.api.bodies import ChatBody, TaskBody
    from vidtext.job import Job
    from vidtext.media.read.still import Still
    from vidtext.settings import Settings
    from vidtext.tasks.chat import ChatResult
    from vidtext.tasks.registry import AnyTask
    from vidtext.tasks.streams import TaskStreams

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

    def results(self, task: AnyTask, body: TaskBody, upload: Path | None, job: Job) -> Iterator[Document]:
        """Yield the results of a task about a video or frames as they grow, or about several videos one by one."""
        if body.videos is not None:
            yield from self._several(task, body, job)
            return
        options = body.options(task.options, self.settings)
        with ExitStack() as stack:
            if body.frames is None:
                source: Path | Frames = self._file(upload or body.video or "", job, stack)
            else:
                source = self._frames(body.frames, body.frame_seconds, job)
            for result in task.run(source, options, **self._with(job)):
                yield _document(task, result, body.format)

    def _several(self, task: AnyTask, body: TaskBody, job: Job) -> Iterator[Document]:
        made: list[Document] = []
        for item in body.videos or ():
            made.append({})
            try:
                options = item.options(task.options, self.settings)
                with ExitStack() as stack:
                    path = self._file(item.video, job, stack)
                    for result in task.run(path, options, **self._with(job)):
                        made[-1] = _document(task, result, body.format)
            except CancelledError:
                raise
            except VidtextError as error:
                made[-1] = {"error": problem_of(error).document}
            yield {"results": list(made)}

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


def _document(task: AnyTask, result: Any, form: str | None) -> Document:  # noqa: ANN401  of any task
    content = task.content(result)
    if form is not None:
        text = render(content, form, task.formats)
        return {"format": form, "media_type": task.formats[form].media_type, "text": text}
    deprecated = {"caption": content.text} if task.name == CAPTION.name else {}
    return {**task.document(content), **deprecated}


def _answer_document(result: ChatResult) -> Document:
    return {"model": result.info.id, **exchange_document(result.turn.exchange)}
