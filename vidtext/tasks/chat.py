"""Questions about one video or several, each answered on top of the turns before it."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import uuid4

from vidtext.compute.gpu import zero_gpu
from vidtext.compute.leases import wait_for_slot
from vidtext.errors import NoMemoryError, OptionError
from vidtext.media.read.sampling import TimeRange
from vidtext.models import prefix_cache
from vidtext.models.acquire import Workload, acquire_model
from vidtext.models.base import ChatModel, FormerCard, GenerationOptions, ModelInfo
from vidtext.models.loading import resolve_chat
from vidtext.options import check_limits
from vidtext.tasks.dialogue import ChatVideo, CloserLook, Dialogue, Turn, fitted_prompt
from vidtext.tasks.footage import open_footage
from vidtext.text.asked_times import AskedTime, asked_time
from vidtext.text.unicode import well_formed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vidtext.job import Job
    from vidtext.media.source.inputs import Source
    from vidtext.settings import Settings
    from vidtext.tasks.dialogue import Prompt
    from vidtext.tasks.options import ChatOptions, QuestionOptions

_CHARACTERS_A_TOKEN = 3
_TEMPLATE_TOKENS = 64
"""For planning memory alone, and rather too much: English has about four characters a token."""

_CONTEXTS_OF_FRAMES = 4
"""How many times as many frames as the context holds may be asked for; what does not fit is left out, with a note."""

_NO_ANSWER = "The model ended its answer before the first word."

_LABELS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class ChatResult(FormerCard):
    """How far an answer is.

    Attributes:
        dialogue: the conversation; its last turn holds the answer as far as it is written.
        info: the model that writes.
        device: where it runs.
        seconds_taken: wall-clock seconds since the question was asked.
    """

    dialogue: Dialogue
    info: ModelInfo
    device: str
    seconds_taken: float

    @property
    def turn(self) -> Turn:
        """The turn that is being written."""
        return self.dialogue.turns[-1]


def begin_dialogue(
    sources: Sequence[tuple[Source, str]], options: ChatOptions, *, settings: Settings, job: Job
) -> Dialogue:
    """Look at videos so that one can talk about them: sample their frames, which is all that is kept of them.

    Args:
        sources: the videos, each with its name, "" for the file's own.
        options: which model, and how many frames; videos share them evenly.
        settings: the limits.
        job: to watch or stop the work.

    Raises:
        OptionError: no video, more videos than the model takes, or a number of frames that is not possible.
        SourceError, MediaError, ModelError: a video or the model cannot be used.
        CancelledError: the job was stopped.
    """
    info = resolve_chat(options.model, settings).info
    most = min(settings.limits.max_chat_videos, info.max_clips or settings.limits.max_chat_videos, len(_LABELS))
    if not 1 <= len(sources) <= most:
        several = "one video" if most == 1 else f"up to {most} videos"
        raise OptionError(
            f"{len(sources)} videos were given; {info.id} can talk about {several} at a time.", option="videos"
        )
    wanted = info.frames_per_clip if options.frames is None else options.frames
    most_frames = settings.limits.max_frames
    if info.tokens_per_frame:  # what is far beyond the context would be held for nothing
        most_frames = min(most_frames, _CONTEXTS_OF_FRAMES * info.context_tokens // info.tokens_per_frame)
    if info.requires_exact_frames:
        most_frames = info.frames_per_clip
    if not info.min_frames <= wanted <= most_frames:
        several = f"{info.min_frames} to {most_frames}" if info.min_frames < most_frames else f"{most_frames} alone"
        raise OptionError(f"{wanted} frames were asked for; {info.id} takes {several}.", option="frames")
    each = max(info.min_frames, wanted // len(sources))
    edge = max(info.image_size, settings.output.thumbnail_edge_pixels)
    videos = []
    for letter, (source, name) in zip(_LABELS, sources, strict=False):
        with open_footage(source, settings, job) as footage, wait_for_slot(settings, job=job):
            whole = TimeRange(footage.first_seconds, footage.duration_seconds)
            (frames,) = footage.clips([whole], each, edge, job)
            notes = tuple(footage.notes)
            called = name or footage.name
        videos.append(ChatVideo(f"Video {letter}", called, source, whole.stop_seconds, frames, notes))
    return Dialogue(tuple(videos))


def answer_stream(
    dialogue: Dialogue,
    question: str,
    options: ChatOptions,
    *,
    settings: Settings,
    job: Job,
    memory_key: str = "",
) -> Iterator[ChatResult]:
    """Answer a question, yielding the conversation with the answer as it grows; the last result has all of it.

    Stopping the job, or closing the iterator, ends the generation within one token.

    Args:
        dialogue: what came before.
        question: what is asked. If it names a time, frames of that time are looked at.
        options: how to answer.
        settings: the limits.
        job: to watch or stop the work.
        memory_key: what the model remembers the conversation's beginning by, so that it need not be read again; "" for
            nothing. The answer is the same with and without.

    Raises:
        OptionError: the question is empty or too long, or the model does not chat.
        SourceError, MediaError: the question names a time, and the video can no longer be read.
        ModelError: the model is not known or cannot be loaded.
        CancelledError: the job was stopped.
    """
    began = time.monotonic()
    check_question(dialogue, question, options, settings)
    question = well_formed(question)
    resolution = resolve_chat(options.model, settings)
    clips = _frames_of_clips(dialogue, question, resolution.info, settings)
    said = sum(len(turn.question) + len(turn.answer) for turn in dialogue.turns) + len(question)
    words = said // _CHARACTERS_A_TOKEN + _TEMPLATE_TOKENS
    work = Workload(1, sum(clips), words, options.max_new_tokens, parts=len(clips))
    looks, notes = _closer_looks(dialogue, question, resolution.info, settings, job)  # before the job has a device
    with acquire_model(resolution, work, settings=settings, job=job) as (model, plan):
        if not isinstance(model, ChatModel):
            raise OptionError(f"{resolution.info.id} writes captions and does not chat. Choose a chat model.")
        first_note = [resolution.note] if resolution.note and not dialogue.turns else []
        turn = Turn(question.strip(), looks=looks, notes=(*first_note, *plan.notes, *notes))
        stepped_down = plan.config.frames < sum(clips)
        most_frames = (
            max(model.info.min_frames, plan.config.frames // len(clips)) if stepped_down else max(clips, default=0)
        )
        for grown in _grown(turn, dialogue, model, most_frames, options=options, memory_key=memory_key, job=job):
            yield ChatResult(dialogue.with_turn(grown), model.info, model.device, time.monotonic() - began)


def answers_stream(source: Source, options: QuestionOptions, *, settings: Settings, job: Job) -> Iterator[ChatResult]:
    """Ask questions about a video in one conversation, yielding it as it grows; the last result has all answers.

    Raises as `begin_dialogue` and `answer_stream` do.
    """
    dialogue = begin_dialogue([(source, "")], options, settings=settings, job=job)
    memory_key = uuid4().hex
    try:
        for question in options.questions:
            for result in answer_stream(dialogue, question, options, settings=settings, job=job, memory_key=memory_key):
                dialogue = result.dialogue
                yield result
    finally:
        forget(memory_key)


def _grown(
    turn: Turn,
    dialogue: Dialogue,
    model: ChatModel,
    most_frames: int,
    *,
    options: ChatOptions,
    memory_key: str,
    job: Job,
) -> Iterator[Turn]:
    """Yield the turn as its answer grows; should memory run out before its first word, with half the frames."""

    def fitted(frames: int) -> Prompt:
        return fitted_prompt(
            dialogue,
            turn,
            model,
            new_tokens=options.max_new_tokens,
            system_prompt=options.system_prompt,
            min_frames=model.info.min_frames,
            most_frames=frames,
        )

    prompt = fitted(most_frames)
    turn = replace(turn, notes=(*turn.notes, *prompt.notes))
    note = ""

    def pieces() -> Iterator[str]:
        nonlocal turn, note
        try:
            note = yield from model.reply(prompt.messages, _writing(options, memory_key), job)
        except NoMemoryError:
            longest = max((len(clip) for message in prompt.messages for clip in message.clips), default=0)
            fewer = longest // 2
            if turn.answer or fewer < model.info.min_frames:
                raise
            less = fitted(fewer)
            turn = replace(turn, notes=(*turn.notes, f"Memory ran out: asked again with {fewer} frames.", *less.notes))
        else:
            return
        forget(memory_key)
        note = yield from model.reply(less.messages, _writing(options, memory_key), job)

    for piece in pieces():
        turn = replace(turn, answer=turn.answer + piece)
        yield turn
    answer = turn.answer.strip()
    note = note or ("" if answer else _NO_ANSWER)
    yield replace(turn, answer=answer, notes=(*turn.notes, *([note] if note else [])), finished=True)


def check_question(dialogue: Dialogue, question: str, options: ChatOptions, settings: Settings) -> None:
    """Refuse what cannot be answered before anything is looked at.

    Raises:
        OptionError: the question is empty or too long, an option is out of its range, or the conversation is too long.
    """
    if len(dialogue.turns) >= settings.limits.max_chat_turns:
        raise OptionError(
            f"The conversation has {len(dialogue.turns):,} turns, and {settings.limits.max_chat_turns:,} are allowed. "
            "Begin a new one."
        )
    if not question.strip():
        raise OptionError("The question is empty. Type what you want to know about the video.", option="question")
    if len(question) > settings.limits.max_question_characters:
        raise OptionError(
            f"The question has {len(question):,} characters; up to "
            f"{settings.limits.max_question_characters:,} are allowed.",
            option="question",
        )
    check_limits(options, settings)


def _writing(options: ChatOptions, memory_key: str = "") -> GenerationOptions:
    return GenerationOptions(
        max_new_tokens=options.max_new_tokens,
        fit=options.fit,
        temperature=options.temperature,
        top_p=options.top_p,
        memory_key="" if zero_gpu() else memory_key,  # a call there must not remember what another one said
    )


def _closer_looks(
    dialogue: Dialogue, question: str, info: ModelInfo, settings: Settings, job: Job
) -> tuple[tuple[CloserLook, ...], list[str]]:
    """Sample the stretch that a question names, in the videos that it names, or in all of them."""
    looks, notes = [], []
    for video, asked in _asked_times(dialogue, question):
        if asked.note:
            notes.append(asked.note)
            continue
        span = TimeRange(asked.start_seconds, asked.stop_seconds)
        edge = max(info.image_size, settings.output.thumbnail_edge_pixels)
        count = _frames_of_a_look(info, settings)
        with open_footage(video.source, settings, job) as footage, wait_for_slot(settings, job=job):
            (frames,) = footage.clips([span], count, edge, job)
        look = CloserLook(video.label, span.start_seconds, span.stop_seconds, frames)
        whose = f" of {video.label}" if len(dialogue.videos) > 1 else ""
        notes.append(f"Looked at {look.words}{whose} more closely: {count} frames.")
        looks.append(look)
    return tuple(looks), notes


def _asked_times(dialogue: Dialogue, question: str) -> list[tuple[ChatVideo, AskedTime]]:
    """Return what a question asks about the time, for each of the videos that it names, or for all of them."""
    named = [video for video in dialogue.videos if _is_named(video.label[-1], question)]
    times = [(video, asked_time(question, video.duration_seconds)) for video in named or dialogue.videos]
    return [(video, asked) for video, asked in times if asked is not None]


def _frames_of_a_look(info: ModelInfo, settings: Settings) -> int:
    return max(info.min_frames, min(info.frames_per_clip, settings.tasks.closer_look_frames))


def _frames_of_clips(dialogue: Dialogue, question: str, info: ModelInfo, settings: Settings) -> list[int]:
    """Return how many frames each clip has that the model may be given: the videos, and all closer looks at them."""
    frames = [len(video.frames) for video in dialogue.videos]
    if info.max_clips == 1:  # a closer look takes the place of the video
        return frames
    frames += [len(look.frames) for each in dialogue.turns for look in each.looks]
    return frames + [
        _frames_of_a_look(info, settings) for _, asked in _asked_times(dialogue, question) if not asked.note
    ]


def _is_named(letter: str, question: str) -> bool:
    """Whether a question names Video A, B, …; a small "a" is only an article."""
    letters = letter if letter == "A" else f"[{letter}{letter.lower()}]"
    return re.search(rf"\b[Vv]ideo {letters}\b", question) is not None


def forget(memory_key: str) -> None:
    """Drop what a model remembers of a conversation that is over."""
    prefix_cache.forget(memory_key)
