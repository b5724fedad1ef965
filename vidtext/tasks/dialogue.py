"""A conversation as values: what was shown, asked and answered; and what of it a model is given, so that it fits.

A model has room for so many tokens: the frames of the videos, all turns, and the answer to come. Where that is not
enough, first fewer frames are given, then the oldest turns are left out; each step is a note.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from vidtext.clock import list_format
from vidtext.errors import OptionError
from vidtext.media.read.frames import Frames
from vidtext.models.base import Message
from vidtext.text.transcript import Exchange, TalkedAbout, Transcript

_MOST_CHARACTERS_A_TOKEN = 8
"""Text that people write has about four."""

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vidtext.media.source.inputs import Source
    from vidtext.models.base import ChatModel


@dataclass(frozen=True, eq=False)
class ChatVideo:
    """What a conversation keeps of a video.

    Attributes:
        label: what the model and the person call it: "Video A".
        name: the file's name.
        source: where to look again when a question names a time.
        duration_seconds: how long it is.
        frames: evenly spread over it, small.
        notes: what is wrong with it.
    """

    label: str
    name: str
    source: Source
    duration_seconds: float
    frames: Frames
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class CloserLook:
    """Frames of the stretch of one video that a question named."""

    label: str
    start_seconds: float
    stop_seconds: float
    frames: Frames

    @property
    def words(self) -> str:
        """Say which stretch it is."""
        start, stop = round(self.start_seconds, 1), round(self.stop_seconds, 1)
        write = list_format((start, stop))
        return f"{write(start)}–{write(stop)}"


@dataclass(frozen=True, eq=False)
class Turn:
    """One question and its answer.

    Attributes:
        question: as it was asked.
        answer: as far as it is written.
        looks: what the model was shown besides, because the question named a time.
        notes: one sentence for each thing that went differently from what was asked for.
        finished: whether the answer is whole: not being written, and not stopped.
    """

    question: str
    answer: str = ""
    looks: tuple[CloserLook, ...] = ()
    notes: tuple[str, ...] = ()
    finished: bool = False

    @property
    def exchange(self) -> Exchange:
        """Its words."""
        return Exchange(self.question, self.answer, self.notes, self.finished)


@dataclass(frozen=True, eq=False)
class Dialogue:
    """A conversation: its videos and its turns, in order."""

    videos: tuple[ChatVideo, ...]
    turns: tuple[Turn, ...] = ()

    def with_turn(self, turn: Turn) -> Dialogue:
        """Return the conversation with one more turn."""
        return replace(self, turns=(*self.turns, turn))

    def up_to(self, turns: int) -> Dialogue:
        """Return the conversation as it was after so many turns."""
        return replace(self, turns=self.turns[:turns])

    def transcript(self, model: str) -> Transcript:
        """Return its words, with the name of the model that answered."""
        return Transcript(
            tuple(turn.exchange for turn in self.turns),
            tuple(TalkedAbout(video.label, video.name, video.duration_seconds) for video in self.videos),
            model,
        )


def turns_of(transcript: Transcript) -> tuple[Turn, ...]:
    """Return the turns of a conversation that was saved. Frames of a time that was asked for are not among them."""
    return tuple(
        Turn(exchange.question, exchange.answer, notes=exchange.notes, finished=exchange.finished)
        for exchange in transcript.exchanges
    )


@dataclass(frozen=True, eq=False)
class Prompt:
    """What a model is given, and what was left out so that it fits."""

    messages: tuple[Message, ...]
    notes: tuple[str, ...]


def fitted_prompt(
    dialogue: Dialogue,
    turn: Turn,
    model: ChatModel,
    *,
    new_tokens: int,
    system_prompt: str,
    min_frames: int,
    most_frames: int,
) -> Prompt:
    """Choose what of a conversation a model is given to answer `turn`.

    Args:
        dialogue: what came before.
        turn: the question.
        model: counts tokens and has a context.
        new_tokens: room that the answer needs.
        system_prompt: what the model is told before all; "" for nothing.
        min_frames: of a clip, so many are always kept.
        most_frames: of a clip, for more there is no memory.

    Raises:
        OptionError: the question alone, with the fewest frames, does not fit.
    """
    room = model.info.context_tokens - new_tokens
    told = _as_one_clip(dialogue, turn) if model.info.max_clips == 1 else (dialogue, turn)

    def messages(frames: int, dropped: int) -> tuple[Message, ...]:
        return _messages(*told, frames, dropped, system_prompt)

    def tokens(frames: int, dropped: int) -> int:
        return model.count_tokens(messages(frames, dropped))

    least = _surely_dropped(dialogue, _MOST_CHARACTERS_A_TOKEN * model.info.context_tokens)
    frames = most = min(most_frames, max((len(clip) for clip in _clips(*told)), default=0))
    while frames > min_frames and tokens(frames, least) > room:
        frames = max(min_frames, frames // 2)
    dropped = bisect.bisect_left(
        range(len(dialogue.turns) + 1), x=True, key=lambda count: tokens(frames, count) <= room, lo=least
    )
    if dropped > len(dialogue.turns):
        taken = tokens(frames, len(dialogue.turns))
        raise OptionError(
            f"The question takes {taken} tokens with {frames} frames of the video, and the answer up to {new_tokens}; "
            f"{model.info.id} has room for {model.info.context_tokens}. Ask a shorter question.",
            option="question",
        )
    notes = []
    if frames < most:
        notes.append(
            f"The model was given {frames} of {most} frames, so that the conversation fits into its "
            f"{model.info.context_tokens} tokens."
        )
    if dropped:
        turns = "first turn" if dropped == 1 else f"first {dropped} turns"
        notes.append(f"The {turns} of the conversation no longer fit into the model's context and were left out.")
    return Prompt(messages(frames, dropped), tuple(notes))


def _surely_dropped(dialogue: Dialogue, characters: int) -> int:
    """Return how many turns go in any case, since those after them have as many characters as can be read.

    Counting tokens takes time for each character; a saved conversation may have millions.
    """
    for number in range(len(dialogue.turns), 0, -1):
        each = dialogue.turns[number - 1]
        characters -= len(each.question) + len(each.answer)
        if characters < 0:
            return number
    return 0


def _as_one_clip(dialogue: Dialogue, turn: Turn) -> tuple[Dialogue, Turn]:
    """Let a closer look take the place of the whole video, for a model that knows only one clip."""
    videos = dialogue.videos
    if turn.looks and videos:
        videos = (replace(videos[0], frames=turn.looks[-1].frames),)
    turns = tuple(replace(each, looks=()) for each in dialogue.turns)
    return Dialogue(videos, turns), replace(turn, looks=())


def _clips(dialogue: Dialogue, turn: Turn) -> list[Frames]:
    looks = (look for each in (*dialogue.turns, turn) for look in each.looks)
    return [video.frames for video in dialogue.videos] + [look.frames for look in looks]


def _messages(dialogue: Dialogue, turn: Turn, frames: int, dropped: int, system_prompt: str) -> tuple[Message, ...]:
    made = [Message("system", system_prompt)] if system_prompt else []
    for number, each in enumerate((*dialogue.turns[dropped:], turn)):
        videos = dialogue.videos if number == 0 else ()
        clips = [video.frames for video in videos] + [look.frames for look in each.looks]
        words = [*_which_is_which(videos), *(_what_is_closer(look, dialogue) for look in each.looks), each.question]
        made.append(Message("user", "\n".join(words), tuple(thinned(clip, frames) for clip in clips)))
        if each is not turn:
            made.append(Message("assistant", each.answer))
    return tuple(made)


def _which_is_which(videos: Sequence[ChatVideo]) -> list[str]:
    """Name several videos to the model; a single one needs no name."""
    if len(videos) < 2:  # noqa: PLR2004  several
        return []
    return [f"There are {len(videos)} videos, in this order: {', '.join(video.label for video in videos)}."]


def _what_is_closer(look: CloserLook, dialogue: Dialogue) -> str:
    whose = f" of {look.label}" if len(dialogue.videos) > 1 else ""
    return f"The last frames are from {look.words}{whose}."


def thinned(frames: Frames, count: int) -> Frames:
    """Return at most `count` of the frames, evenly chosen."""
    if len(frames) <= count:
        return frames
    places = np.round(np.linspace(0, len(frames) - 1, count)).astype(np.int64)
    return Frames(frames.pixels[places], frames.seconds[places], frames.notes)
