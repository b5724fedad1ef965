"""What a conversation looks like. All texts, of people and of models, are escaped here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from vidtext.clock import parse_clock
from vidtext.errors import OptionError
from vidtext.text.names import file_name
from vidtext.text.transcript_formats import TRANSCRIPT_FORMATS
from vidtext.ui.status import (
    download_html,
    downloads_html,
    empty_html,
    progress_text,
    provenance_html,
    status_html,
    to_seek,
)

if TYPE_CHECKING:
    from vidtext.job import Progress
    from vidtext.media.read.frames import Frames
    from vidtext.models.base import ModelInfo
    from vidtext.tasks.dialogue import Dialogue, Turn
    from vidtext.ui.session.results import Closing

EMPTY = "Ask about the video. Answers take earlier questions into account."

_CLOCK = re.compile(r"\b\d{1,3}:\d{2}(?::\d{2})?(?:\.\d+)?\b")


@dataclass(frozen=True)
class Typed:
    """What is put into the question's field: a text, only in the place of another one; None stands for any."""

    text: str
    over: str | None = None


@dataclass(frozen=True, eq=False)
class Talk:
    """How far a conversation on the page is.

    Attributes:
        dialogue: the conversation; its last turn may still be being answered.
        info: the model that answers; None before it is known.
        device: where it runs.
        seconds_taken: for the newest answer.
        looked: frames that the model is given for the newest answer, each with the label of its video, "" for the one
            in the player; not repeated while the answer grows.
        ground: what the frames were chosen by; with another one they are chosen again.
        typed: what is put into the question's field; None leaves it alone.
        notes: what the person must know besides.
        again: whether asking the last question again may give another answer.
        earlier: the conversations that changes have taken the place of, the newest first.
        origin: the conversation before a question whose answer has not begun.
        duration_seconds: how long the video in the player is, as long as its frames were not looked at.
    """

    dialogue: Dialogue
    info: ModelInfo | None = None
    device: str = ""
    seconds_taken: float = 0.0
    looked: tuple[tuple[str, Frames], ...] = ()
    ground: tuple[object, ...] = ()
    typed: Typed | None = None
    notes: tuple[str, ...] = ()
    duration_seconds: float = 0.0
    again: bool = False
    earlier: tuple[Talk, ...] = ()
    origin: Talk | None = None

    @property
    def seconds(self) -> float:
        """Up to which time the player can be sent."""
        return self.dialogue.videos[0].duration_seconds if self.dialogue.videos else self.duration_seconds


def answering_html(progress: Progress, talk: Talk | None) -> str:
    """Return the status: what is done until the answer begins; the answer says itself how far it is."""
    if talk is not None and talk.dialogue.turns and talk.dialogue.turns[-1].answer:
        return status_html("Answering")
    return status_html(progress_text(progress), progress=progress)


def talk_html(talk: Talk, name: str, closing: Closing) -> str:
    """Return the conversation; when nothing is being answered, with what can be done about it."""
    turns = talk.dialogue.turns
    notes = "".join(f"<li>{escape(note)}</li>" for note in talk.notes)
    above = f'<ul class="vt-notes">{notes}</ul>' if notes else ""
    if not turns:
        return above + empty_html(EMPTY)
    rows = "".join(_turn(number, turn, talk, closing, last=turn is turns[-1]) for number, turn in enumerate(turns))
    return f'{above}<ol class="vt-talk">{rows}</ol>' + (_closing(talk, name) if closing.closed else "")


def _turn(number: int, turn: Turn, talk: Talk, closing: Closing, *, last: bool) -> str:
    growing, seconds = last and not closing.closed, talk.seconds
    edit = again = ""
    if closing.closed:
        edit = '<button type="button" class="vt-quiet" data-edit aria-label="Edit this question">Edit</button>'
    if closing.closed and last and (talk.again or not turn.finished):
        again = '<button type="button" class="vt-quiet" data-again>Try again</button>'
    notes = [*turn.notes, *([] if turn.finished or growing else ["Stopped before the answer was whole."])]
    below = "".join(f"<li>{linked_html(note, seconds)}</li>" for note in notes)
    answer = _answer(turn, seconds, growing=growing)
    return (
        f'<li class="vt-turn" data-turn="{number}">'
        f'<div class="vt-question"><p class="vt-asked">{escape(turn.question)}</p>{edit}</div>'
        f'<div class="vt-answer{" vt-growing" if growing else ""}">{answer}{again}</div>'
        + (f'<ul class="vt-notes">{below}</ul>' if below else "")
        + "</li>"
    )


def _answer(turn: Turn, seconds: float, *, growing: bool) -> str:
    lines = [line for line in turn.answer.splitlines() if line.strip()]
    if not lines and growing:
        return '<p class="vt-thinking" role="img" aria-label="Answering"><i></i><i></i><i></i></p>'
    if not lines:
        return '<p class="vt-said vt-nothing">The model said nothing.</p>'
    return "".join(f'<p class="vt-said">{linked_html(line, seconds)}</p>' for line in lines)


def linked_html(text: str, seconds: float) -> str:
    """Return a text whose times, up to `seconds`, seek the player."""
    made, done = [], 0
    for match in _CLOCK.finditer(text):
        try:
            time = parse_clock(match[0])
        except OptionError:  # 1:75 is something else
            continue
        if time <= seconds:
            made.append(
                f"{escape(text[done : match.start()])}"
                f'<button type="button" class="vt-moment" data-seek-seconds="{to_seek(time)}" '
                f'aria-label="Play from {match[0]}">{match[0]}</button>'
            )
            done = match.end()
    return "".join([*made, escape(text[done:])])


def _closing(talk: Talk, name: str) -> str:
    transcript = talk.dialogue.transcript(talk.info.id if talk.info else "")
    links = "".join(
        download_html(form.label, file_name(name, "chat", form.suffix), form.media_type, form.write(transcript))
        for form in TRANSCRIPT_FORMATS.values()
    )
    copied = escape(TRANSCRIPT_FORMATS["txt"].write(transcript))
    videos = talk.dialogue.videos
    facts = [f"{len(video.frames)} frames" + (f" of {video.label}" if len(videos) > 1 else "") for video in videos]
    made_by = provenance_html(talk.info, talk.device, facts, talk.seconds_taken, ()) if talk.info else ""
    return (
        f'{made_by}<div class="vt-actions"><button type="button" class="vt-small" data-undo>Undo</button>'
        '<button type="button" class="vt-small" data-fresh>New conversation</button>'
        f'<button type="button" class="vt-small" data-copy="{copied}">Copy</button>'
        f"{downloads_html(links)}</div>"
    )


def announcement(talk: Talk) -> str:
    """Say an answer to a screen reader once it is whole, rather than word by word."""
    turns = talk.dialogue.turns
    return turns[-1].answer if turns and turns[-1].finished else ""
