"""The options of each task; none has to be given. `vidtext.options` says how to add one.

This module imports quickly, because the command line reads it for its help.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from vidtext.media.read.choices import Fit, ShotMode
from vidtext.options import option, task_options
from vidtext.text.prompts import STYLES

Length = Literal["short", "medium", "long"]
LookBy = Literal["shots", "time"]

_Model = Annotated[str, option("The model; auto is the best one that is available.")]
_Fit = Annotated[Fit | None, option("How frames become square; by default as the model was trained.")]
_Style = Annotated[
    str,
    option(
        f"One of {', '.join(STYLES)}, or an instruction; only chat models follow it.",
        setting="limits.max_instruction_characters",
    ),
]
_Question = Annotated[str, StringConstraints(pattern=r"\S")]


@task_options
class CaptionOptions:
    """Options of captions."""

    model: _Model = "auto"
    every_seconds: Annotated[
        float | None,
        option("One caption for each window of this length; by default one for all.", unit="seconds", gt=0, example=5),
    ] = None
    start_seconds: Annotated[
        float | None, option("Where to start; by default at the video's start.", unit="seconds", ge=0)
    ] = None
    stop_seconds: Annotated[
        float | None, option("Where to stop; by default at the video's end.", unit="seconds", ge=0)
    ] = None
    fit: _Fit = None
    max_new_tokens: Annotated[
        int, option("The most tokens of a caption.", ge=1, setting="limits.max_new_tokens", example=30)
    ] = 30


@task_options
class ChapterOptions:
    """Options of chapters."""

    model: _Model = "auto"
    count: Annotated[
        int | None,
        option(
            "How many chapters; by default as the content has them.", ge=1, setting="limits.max_chapters", example=5
        ),
    ] = None
    min_seconds: Annotated[
        float | None, option("The shortest chapter; by default by the video's length.", unit="seconds", gt=0)
    ] = None
    shots: Annotated[
        ShotMode, option("Look for shots in every frame, or among keyframes first; auto goes by the video's length.")
    ] = "auto"
    style: _Style = "neutral"
    fit: _Fit = None


@task_options
class SummaryOptions:
    """Options of summaries."""

    model: _Model = "auto"
    length: Annotated[
        Length, option("How long the summary is, and how many highlights there are.", example="short")
    ] = "medium"
    look: Annotated[LookBy, option("Look at every shot, or every 5 % of the duration.")] = "shots"
    style: _Style = "neutral"
    fit: _Fit = None


@task_options
class ChatOptions:
    """Options of answers in a conversation."""

    model: _Model = "auto"
    frames: Annotated[
        int | None,
        option(
            "How many frames, of all videos; by default as the model was trained.", ge=1, setting="limits.max_frames"
        ),
    ] = None
    max_new_tokens: Annotated[
        int, option("The most tokens of an answer.", ge=1, setting="limits.max_answer_tokens")
    ] = 256
    temperature: Annotated[float, option("At 0 answers do not vary; more makes them vary more.", ge=0, le=2)] = 0.0
    top_p: Annotated[
        float, option("With a temperature, draw only from the likeliest words of this probability.", gt=0, le=1)
    ] = 1.0
    system_prompt: Annotated[
        str,
        option(
            "What the model is told before everything else.",
            flag="--system",
            setting="limits.max_instruction_characters",
        ),
    ] = ""
    fit: _Fit = None


@task_options
class QuestionOptions(ChatOptions):
    """Options of a conversation whose questions are known, as in a batch."""

    questions: Annotated[
        tuple[_Question, ...], option("The questions, in the order in which they are asked.", min_length=1)
    ] = ()
