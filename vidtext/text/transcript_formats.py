"""A conversation as a document: Markdown, JSON and plain text.

`TRANSCRIPT_FORMATS` is the registry, in the manner of `vidtext.text.chapter_formats`. `read_transcript` of
`vidtext.text.transcript` reads the JSON again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vidtext.clock import format_clock
from vidtext.errors import OptionError
from vidtext.text.documents import json_document, markdown_lines, one_line, rounded

if TYPE_CHECKING:
    from collections.abc import Callable

    from vidtext.text.transcript import Exchange, Transcript


@dataclass(frozen=True)
class TranscriptFormat:
    """How a conversation is written: how the file's name ends, its media type, and what writes the whole document."""

    suffix: str
    media_type: str
    write: Callable[[Transcript], str]


def render_transcript(transcript: Transcript, format_name: str) -> str:
    """Return the conversation as one document of the named format.

    Raises:
        OptionError: no format has this name.
    """
    if format_name not in TRANSCRIPT_FORMATS:
        known = ", ".join(TRANSCRIPT_FORMATS)
        raise OptionError(f"{format_name!r} is not a format of conversations. The formats are {known}.")
    return TRANSCRIPT_FORMATS[format_name].write(transcript)


def _to_markdown(transcript: Transcript) -> str:
    """Write CommonMark: which videos, then each question as a heading with its answer and notes below."""
    videos = "".join(
        f"- **{' '.join(markdown_lines(video.label))}**: {' '.join(markdown_lines(video.name))}, "
        f"{format_clock(round(video.duration_seconds, 1))}\n"
        for video in transcript.videos
    )
    return "\n".join([*([videos] if videos else []), *(_markdown_turn(turn) for turn in transcript.exchanges)])


def _markdown_turn(turn: Exchange) -> str:
    answer = "\n\n".join(markdown_lines(turn.answer))
    notes = "".join(f"\n> {' '.join(markdown_lines(note))}\n" for note in _notes(turn))
    return f"## {' '.join(markdown_lines(turn.question))}\n" + (f"\n{answer}\n" if answer else "") + notes


def _to_json(transcript: Transcript) -> str:
    """Write one JSON object."""
    return json_document(
        {
            "model": transcript.model,
            "videos": [
                {"label": video.label, "name": video.name, "duration_seconds": rounded(video.duration_seconds)}
                for video in transcript.videos
            ],
            "turns": [
                {
                    "question": turn.question,
                    "answer": turn.answer,
                    "finished": turn.finished,
                    "notes": list(turn.notes),
                }
                for turn in transcript.exchanges
            ],
        }
    )


def _to_txt(transcript: Transcript) -> str:
    """Write plain text: `Q:` and `A:`, one line each, a blank line between the turns."""
    return "\n".join(f"Q: {one_line(turn.question)}\nA: {one_line(turn.answer)}\n" for turn in transcript.exchanges)


def _notes(turn: Exchange) -> list[str]:
    return [*turn.notes, *([] if turn.finished else ["The answer was stopped."])]


TRANSCRIPT_FORMATS: dict[str, TranscriptFormat] = {
    "md": TranscriptFormat(".md", "text/markdown", _to_markdown),
    "json": TranscriptFormat(".json", "application/json", _to_json),
    "txt": TranscriptFormat(".txt", "text/plain", _to_txt),
}
"""What a conversation can be written as."""
