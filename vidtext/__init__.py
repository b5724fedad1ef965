"""vidtext turns video into words.

The names below are the public interface. They are loaded when they are first used: importing vidtext alone loads
neither torch, transformers nor gradio.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vidtext.errors import (
        CancelledError,
        MediaError,
        ModelError,
        OptionError,
        SourceError,
        VidtextError,
    )
    from vidtext.job import Job, Progress
    from vidtext.media.read.frames import Frames
    from vidtext.media.read.probe import VideoInfo, probe
    from vidtext.media.read.sample import sample
    from vidtext.media.shots.detect import Shot, find_shots
    from vidtext.models.loading import load_model
    from vidtext.settings import Settings
    from vidtext.tasks.caption import CaptionResult, caption, caption_stream
    from vidtext.tasks.chapters import ChaptersResult, chapters, chapters_stream, video_with_chapters
    from vidtext.tasks.chat import ChatResult, answer_stream, begin_dialogue
    from vidtext.tasks.conversation import Conversation, chat
    from vidtext.tasks.dialogue import Dialogue
    from vidtext.tasks.highlights import HighlightReel, highlight_reel
    from vidtext.tasks.options import CaptionOptions, ChapterOptions, ChatOptions, SummaryOptions
    from vidtext.tasks.summary import SummaryResult, summarize, summary_stream
    from vidtext.text.chapters import Chapter, Chapters
    from vidtext.text.summary import Summary
    from vidtext.text.timed import Segment, TimedText
    from vidtext.text.transcript import Transcript, read_transcript
    from vidtext.text.transcript_formats import render_transcript

__version__ = "0.1.0"

_HOMES = {
    "CancelledError": "vidtext.errors",
    "MediaError": "vidtext.errors",
    "ModelError": "vidtext.errors",
    "OptionError": "vidtext.errors",
    "SourceError": "vidtext.errors",
    "VidtextError": "vidtext.errors",
    "Job": "vidtext.job",
    "Progress": "vidtext.job",
    "Frames": "vidtext.media.read.frames",
    "VideoInfo": "vidtext.media.read.probe",
    "probe": "vidtext.media.read.probe",
    "sample": "vidtext.media.read.sample",
    "Shot": "vidtext.media.shots.detect",
    "find_shots": "vidtext.media.shots.detect",
    "load_model": "vidtext.models.loading",
    "Settings": "vidtext.settings",
    "CaptionOptions": "vidtext.tasks.options",
    "CaptionResult": "vidtext.tasks.caption",
    "caption": "vidtext.tasks.caption",
    "caption_stream": "vidtext.tasks.caption",
    "ChapterOptions": "vidtext.tasks.options",
    "ChaptersResult": "vidtext.tasks.chapters",
    "chapters": "vidtext.tasks.chapters",
    "chapters_stream": "vidtext.tasks.chapters",
    "video_with_chapters": "vidtext.tasks.chapters",
    "ChatOptions": "vidtext.tasks.options",
    "ChatResult": "vidtext.tasks.chat",
    "Conversation": "vidtext.tasks.conversation",
    "answer_stream": "vidtext.tasks.chat",
    "begin_dialogue": "vidtext.tasks.chat",
    "chat": "vidtext.tasks.conversation",
    "Dialogue": "vidtext.tasks.dialogue",
    "HighlightReel": "vidtext.tasks.highlights",
    "highlight_reel": "vidtext.tasks.highlights",
    "SummaryOptions": "vidtext.tasks.options",
    "SummaryResult": "vidtext.tasks.summary",
    "summarize": "vidtext.tasks.summary",
    "summary_stream": "vidtext.tasks.summary",
    "Chapter": "vidtext.text.chapters",
    "Chapters": "vidtext.text.chapters",
    "Summary": "vidtext.text.summary",
    "Segment": "vidtext.text.timed",
    "TimedText": "vidtext.text.timed",
    "Transcript": "vidtext.text.transcript",
    "read_transcript": "vidtext.text.transcript",
    "render_transcript": "vidtext.text.transcript_formats",
}

__all__ = [
    "CancelledError",
    "CaptionOptions",
    "CaptionResult",
    "Chapter",
    "ChapterOptions",
    "Chapters",
    "ChaptersResult",
    "ChatOptions",
    "ChatResult",
    "Conversation",
    "Dialogue",
    "Frames",
    "HighlightReel",
    "Job",
    "MediaError",
    "ModelError",
    "OptionError",
    "Progress",
    "Segment",
    "Settings",
    "Shot",
    "SourceError",
    "Summary",
    "SummaryOptions",
    "SummaryResult",
    "TimedText",
    "Transcript",
    "VideoInfo",
    "VidtextError",
    "__version__",
    "answer_stream",
    "begin_dialogue",
    "caption",
    "caption_stream",
    "chapters",
    "chapters_stream",
    "chat",
    "find_shots",
    "highlight_reel",
    "load_model",
    "probe",
    "read_transcript",
    "render_transcript",
    "sample",
    "summarize",
    "summary_stream",
    "video_with_chapters",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'vidtext' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
