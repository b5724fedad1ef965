"""One caption for a video, or one for each window of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vidtext.media.frames import Frames
    from vidtext.media.resize import Fit
    from vidtext.models.base import ModelCard
    from vidtext.text.timed import TimedText


@dataclass(frozen=True)
class CaptionOptions:
    """What may be chosen. Nothing has to be.

    Attributes:
        model: a name that `load_model` takes; "auto" takes the best one that is at hand.
        every_seconds: None for one caption of the whole range, else the length of the windows.
        start_seconds: where the range starts; None is the video's start.
        stop_seconds: where the range stops; None is the video's end.
        fit: how frames are brought into the model's square; None takes the model's own way.
        max_new_tokens: the most tokens a caption may have.
    """

    model: str = "auto"
    every_seconds: float | None = None
    start_seconds: float | None = None
    stop_seconds: float | None = None
    fit: Fit | None = None
    max_new_tokens: int = 30


@dataclass(frozen=True)
class CaptionResult:
    """How far a captioning is. Each result holds all that is finished; the last one is the whole.

    Attributes:
        text: the captions so far, with their times and notes.
        clips: the frames that the model saw for the windows finished since the result before, one clip a window.
        card: the model that wrote them.
        device: where it ran.
        windows_done: how many windows are finished.
        windows_total: how many there will be.
        seconds_taken: wall-clock seconds since the work began.
    """

    text: TimedText
    clips: tuple[Frames, ...]
    card: ModelCard
    device: str
    windows_done: int
    windows_total: int
    seconds_taken: float
