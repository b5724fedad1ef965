"""A conversation as a document: Markdown, JSON and plain text.

`TRANSCRIPT_FORMATS` holds them; `vidtext.text.documents` says how to add one. `read_transcript` of
`vidtext.text.transcript` reads the JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vidtext.clock import format_clock
from vidtext.text.documents import Format, by_name, json_format, markdown_lines, one_line, render, rounded

if TYPE_CHECKING:
    from vidtext.text.transcript import Exchange, Transcript


def render_transcript(transcript: Transcript, format_name: str) -> str:
    """Return the conversation as one document of the named format.

    Raises:
        OptionError: there is no format of this name.
    """
    return render(transcript, format_name, TRANSCRIPT_FORMATS)


def exchange_document(exchange: Exchange) -> dict[str, Any]:
    """Return a question with its answer as one JSON object."""
    return {
        "question": exchange.question,
        "answer": exchange.answer,
        "finished": exchange.finished,
        "notes": list(exchange.notes),
    }


def transcript_document(transcript: Transcript) -> dict[str, Any]:
    """Return a conversation as one JSON object."""
    return {
        "model": transcript.model,
        "videos": [
            {"label": video.label, "name": video.name, "duration_seconds": rounded(video.duration_seconds)}
            for video in transcript.videos
        ],
        "turns": [exchange_document(exchange) for exchange in transcript.exchanges],
    }


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


def _to_txt(transcript: Transcript) -> str:
    """Write plain text: `Q:` and `A:`, one line each, a blank line between the turns."""
    return "\n".join(f"Q: {one_line(turn.question)}\nA: {one_line(turn.answer)}\n" for turn in transcript.exchanges)


def _notes(turn: Exchange) -> list[str]:
    return [*turn.notes, *([] if turn.finished else ["The answer was stopped."])]


TRANSCRIPT_FORMATS: dict[str, Format[Transcript]] = by_name(
    Format("md", "Markdown", ".md", "text/markdown", _to_markdown, in_batches=True),
    json_format(transcript_document),
    Format("txt", "TXT", ".txt", "text/plain", _to_txt),
)
"""What a conversation can be written as."""
