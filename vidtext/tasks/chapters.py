"""Chapters of a video: where they begin is seen in its pictures, what they are called is written by a model."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from vidtext.errors import OptionError
from vidtext.job import Job
from vidtext.media.source.inputs import open_file
from vidtext.media.write.chapter_marks import ChapterMark, chaptered_suffix, write_with_chapters
from vidtext.models.base import FormerCard
from vidtext.options import check_limits
from vidtext.settings import Settings
from vidtext.tasks.division import divide
from vidtext.tasks.footage import frames_of, open_footage
from vidtext.tasks.options import ChapterOptions
from vidtext.tasks.results import last_result
from vidtext.tasks.writing import beginnings, describe_windows, load_writer
from vidtext.text.chapters import Chapter, Chapters
from vidtext.text.telling import told_in_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from os import PathLike

    from vidtext.media.read.choices import Fit, ShotMode
    from vidtext.media.read.frames import Frames
    from vidtext.media.read.sampling import TimeRange
    from vidtext.media.shots.detect import Shot
    from vidtext.media.source.inputs import Source
    from vidtext.models.base import ModelInfo
    from vidtext.tasks.division import Division


@dataclass(frozen=True)
class ChaptersResult(FormerCard):
    """How far the chaptering is. Each result holds all that is finished; the last one is the whole.

    Attributes:
        chapters: all chapters of the video. Those from the index `chapters_done` on are called "Chapter 5" and so on,
            and have no description yet.
        thumbnails: one frame for each chapter, in order.
        clips: the frames that the model saw for the chapters finished since the result before.
        shots: the shots that the chapters are made of.
        info: the model that wrote the words.
        device: where it ran.
        chapters_done: how many chapters have their words.
        seconds_taken: wall-clock seconds since the work began.
    """

    chapters: Chapters
    thumbnails: Frames
    clips: tuple[Frames, ...]
    shots: tuple[Shot, ...]
    info: ModelInfo
    device: str
    chapters_done: int
    seconds_taken: float

    @property
    def chapters_total(self) -> int:
        """How many chapters there are."""
        return len(self.chapters.segments)


def chapters(
    source: Source,
    *,
    model: str | None = None,
    count: int | None = None,
    min_seconds: float | None = None,
    shots: ShotMode = ChapterOptions.shots,
    style: str = ChapterOptions.style,
    fit: Fit | None = None,
    settings: Settings | None = None,
    job: Job | None = None,
) -> Chapters:
    """Divide a video into chapters, each with a title and a description; together they cover all of it.

    The arguments are those of `ChapterOptions`; `model` is `settings.models.default` unless told.

    Raises:
        OptionError: an option is not allowed, or so many chapters of that length do not fit.
        SourceError: the source cannot be fetched or read.
        MediaError: it is not a usable video, or larger than the settings allow.
        ModelError: the model is not known or cannot be loaded.
        CancelledError: the job was stopped.
    """
    settings = settings or Settings()
    options = ChapterOptions(
        model=model or settings.models.default,
        count=count,
        min_seconds=min_seconds,
        shots=shots,
        style=style,
        fit=fit,
    )
    return last_result(chapters_stream(source, options, settings=settings, job=job or Job())).chapters


def chapters_stream(
    source: Source, options: ChapterOptions, *, settings: Settings, job: Job
) -> Iterator[ChaptersResult]:
    """Divide a video into chapters; the first result has where they begin, each later one has the words of one more.

    Stopping the job, or closing the iterator, ends the decoding and the generation. Raises as `chapters` does.
    """
    began = time.monotonic()
    check_limits(options, settings)
    with (
        open_footage(source, settings, job) as footage,
        load_writer(
            footage, model=options.model, style=options.style, fit=options.fit, settings=settings, job=job
        ) as writer,
    ):
        division = divide(
            footage,
            writer.model,
            mode=options.shots,
            count=options.count,
            min_seconds=options.min_seconds,
            job=job,
        )
        shown_at = [(windows[0].start_seconds + windows[0].stop_seconds) / 2 for windows in division.windows]
        pictures = footage.read(shown_at, settings.output.thumbnail_edge_pixels, len(shown_at))
        result = ChaptersResult(
            chapters=_chapters(division, [], [], writer.model.info, footage.notes),
            thumbnails=frames_of(list(pictures)),
            clips=(),
            shots=division.shots,
            info=writer.model.info,
            device=writer.model.device,
            chapters_done=0,
            seconds_taken=time.monotonic() - began,
        )
        yield result
        told: list[list[str]] = []
        for clips, texts in describe_windows(footage, division.windows, writer, settings, job):
            told.append(texts)
            result = replace(
                result,
                chapters=_chapters(division, beginnings(told), told, writer.model.info, footage.notes),
                clips=clips,
                chapters_done=len(told),
                seconds_taken=time.monotonic() - began,
            )
            yield result
        if writer.chat is not None:
            job.report("writing the table of contents", 0, 1)
            titles, note = writer.titles(told, job)
            footage.notes.extend([note] if note else [])
            named = _chapters(division, titles, told, writer.model.info, footage.notes)
            yield replace(result, chapters=named, clips=(), seconds_taken=time.monotonic() - began)


def check_chaptered_name(source: Path, target: Path, *, settings: Settings | None = None) -> None:
    """Find out before the work whether a video with chapters may have this name.

    Raises:
        OptionError: what the name ends in cannot hold the video unchanged.
        MediaError: the video cannot be read.
    """
    suffix = chaptered_suffix(source, settings=settings)
    if target.suffix.lower() not in (suffix, ".mkv"):
        raise OptionError(f"{target.name} cannot hold this video unchanged: let its name end in {suffix}.")


def video_with_chapters(
    source: Source,
    chapters: Chapters,
    target: str | PathLike[str],
    *,
    settings: Settings | None = None,
    job: Job | None = None,
) -> tuple[str, ...]:
    """Copy a video, without encoding it again, into a file with chapters in it; players and editors show them.

    Args:
        source: the video that the chapters are of, as `chapters` takes it.
        chapters: what to write.
        target: an MP4 or MKV; it is complete or not there. Not every video fits into an MP4 unchanged.
        settings: the limits.
        job: to watch or stop the work.

    Returns:
        Notes: one sentence for each thing that was left out.

    Raises:
        OptionError: the video does not fit into the target's format.
        SourceError, MediaError: it cannot be fetched or read.
        VidtextError: the target cannot be written.
        CancelledError: the job was stopped.
    """
    marks = [ChapterMark(each.start_seconds, each.stop_seconds, each.title) for each in chapters.segments]
    with open_file(source, settings=settings, job=job) as path:
        check_chaptered_name(path, Path(target), settings=settings)
        return write_with_chapters(path, Path(target), marks, job=job or Job(), settings=settings)


def _chapters(
    division: Division, titles: Sequence[str], told: Sequence[Sequence[str]], info: ModelInfo, notes: Sequence[str]
) -> Chapters:
    def chapter(number: int, stretch: TimeRange) -> Chapter:
        if number >= len(titles):
            return Chapter(stretch.start_seconds, stretch.stop_seconds, f"Chapter {number + 1}")
        return Chapter(stretch.start_seconds, stretch.stop_seconds, titles[number], told_in_order(told[number]))

    whole = tuple(chapter(number, stretch) for number, stretch in enumerate(division.stretches))
    return Chapters(whole, model=info.id, notes=tuple(notes))
