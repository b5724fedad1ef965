"""A conversation for Python: `vidtext.chat("clip.mp4").ask("What moves?")`."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

from vidtext.errors import OptionError
from vidtext.job import Job
from vidtext.models.loading import resolve_chat
from vidtext.settings import Settings
from vidtext.tasks.chat import answer_stream, begin_dialogue
from vidtext.tasks.dialogue import turns_of
from vidtext.tasks.options import ChatOptions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vidtext.media.read.choices import Fit
    from vidtext.media.source.inputs import Source
    from vidtext.tasks.dialogue import Dialogue
    from vidtext.text.transcript import Transcript


class Conversation:
    """A conversation about videos, for Python: ask, and ask again.

    Only text and the sampled small frames are kept. One answer is written at a time.
    """

    def __init__(self, dialogue: Dialogue, options: ChatOptions, settings: Settings, job: Job) -> None:
        self._dialogue = dialogue
        self._options, self._settings, self._job = options, settings, job
        self._memory_key = uuid4().hex
        self._answering = threading.Lock()

    @property
    def dialogue(self) -> Dialogue:
        """All that was shown, asked and answered so far."""
        return self._dialogue

    def ask(self, question: str) -> Iterator[str]:
        """Yield the pieces of the answer as they are written. What was written when the iterator is closed is kept.

        Raises as `answer_stream` does.

        Raises:
            OptionError: the answer before is still being written.
        """
        if not self._answering.acquire(blocking=False):
            raise OptionError("The answer before is still being written. Read it to its end, or close it, first.")
        try:
            before, told = self._dialogue, 0
            for result in answer_stream(
                before, question, self._options, settings=self._settings, job=self._job, memory_key=self._memory_key
            ):
                self._dialogue = result.dialogue
                piece = result.turn.answer[told:]
                told = max(told, len(result.turn.answer))
                if piece:
                    yield piece
        finally:
            self._answering.release()

    @property
    def transcript(self) -> Transcript:
        """The words of it, which `vidtext.text.transcript_formats` writes and `chat(…, transcript=…)` goes on from."""
        return self._dialogue.transcript(resolve_chat(self._options.model, self._settings).info.id)

    def undo(self) -> None:
        """Forget the last turn."""
        self._dialogue = self._dialogue.up_to(max(0, len(self._dialogue.turns) - 1))


def chat(
    source: Source | Sequence[Source],
    *,
    model: str | None = None,
    frames: int | None = None,
    max_new_tokens: int = ChatOptions.max_new_tokens,
    temperature: float = ChatOptions.temperature,
    top_p: float = ChatOptions.top_p,
    system_prompt: str = ChatOptions.system_prompt,
    fit: Fit | None = None,
    transcript: Transcript | None = None,
    settings: Settings | None = None,
    job: Job | None = None,
) -> Conversation:
    """Begin a conversation about a video, or about several: `vidtext.chat("clip.mp4").ask("What moves?")`.

    With a `transcript`, the conversation goes on where that one ended. The other arguments are those of `ChatOptions`;
    `model` is `settings.models.default_chat` unless told. Raises as `begin_dialogue` does.
    """
    settings, job = settings or Settings(), job or Job()
    options = ChatOptions(
        model=model or settings.models.default_chat,
        frames=frames,
        max_new_tokens=max_new_tokens,
        temperature=temperature,
        top_p=top_p,
        system_prompt=system_prompt,
        fit=fit,
    )
    sources: Sequence[Source] = source if isinstance(source, list | tuple) else [source]  # type: ignore[list-item]
    dialogue = begin_dialogue([(each, "") for each in sources], options, settings=settings, job=job)
    turns = turns_of(transcript) if transcript else ()
    return Conversation(replace(dialogue, turns=turns), options, settings, job)
