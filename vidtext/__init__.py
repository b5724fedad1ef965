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
    from vidtext.media.frames import Frames
    from vidtext.media.probe import VideoInfo, probe
    from vidtext.media.sample import sample
    from vidtext.models.loading import load_model
    from vidtext.settings import Settings
    from vidtext.tasks.caption import CaptionOptions, CaptionResult, caption, caption_stream
    from vidtext.text.timed import Segment, TimedText

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
    "Frames": "vidtext.media.frames",
    "VideoInfo": "vidtext.media.probe",
    "probe": "vidtext.media.probe",
    "sample": "vidtext.media.sample",
    "load_model": "vidtext.models.loading",
    "Settings": "vidtext.settings",
    "CaptionOptions": "vidtext.tasks.caption",
    "CaptionResult": "vidtext.tasks.caption",
    "caption": "vidtext.tasks.caption",
    "caption_stream": "vidtext.tasks.caption",
    "Segment": "vidtext.text.timed",
    "TimedText": "vidtext.text.timed",
}

__all__ = [
    "CancelledError",
    "CaptionOptions",
    "CaptionResult",
    "Frames",
    "Job",
    "MediaError",
    "ModelError",
    "OptionError",
    "Progress",
    "Segment",
    "Settings",
    "SourceError",
    "TimedText",
    "VideoInfo",
    "VidtextError",
    "__version__",
    "caption",
    "caption_stream",
    "load_model",
    "probe",
    "sample",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'vidtext' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
