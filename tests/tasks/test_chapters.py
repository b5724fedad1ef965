from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest

import vidtext
from tests.media.clips import numbered_frame, write_clip
from tests.media.late_pictures import CONTAINERS, ffmpeg, picture_changes, write_late_pictures
from tests.tasks.models import COLOURS, ColourCaptioner, ColourChat, colour_of
from tests.tasks.test_writing import table_of_contents
from vidtext.clock import parse_clock
from vidtext.errors import CancelledError, OptionError
from vidtext.job import Job, Progress
from vidtext.media.read.frames import Frames
from vidtext.settings import Settings
from vidtext.tasks.chapters import ChaptersResult, chapters, chapters_stream
from vidtext.tasks.options import ChapterOptions
from vidtext.text.chapter_formats import CHAPTER_FORMATS

Film = Callable[..., Path]
FOUR = (("red", 5), ("green", 4), ("blue", 6), ("white", 5))


def stream(source: Path | Frames, **options) -> Iterator[ChaptersResult]:
    return chapters_stream(source, ChapterOptions(**options), settings=Settings(), job=Job())


def test_chapters_begin_where_the_content_changes(colours: ColourCaptioner, film: Film) -> None:
    found = chapters(film(*FOUR))

    assert [chapter.start_seconds for chapter in found.segments] == pytest.approx([0, 5, 9, 15])
    assert found.segments[-1].stop_seconds == pytest.approx(20)
    assert [chapter.title for chapter in found.segments] == [
        f"A screen that is {colour}" for colour in ("red", "green", "blue", "white")
    ]
    assert found.segments[0].description == "A screen that is red."
    assert found.model == "colours"


def test_scenes_that_take_turns_are_one_chapter_that_tells_of_both(colours: ColourCaptioner, film: Film) -> None:
    talk = [("red", 4), ("green", 4)] * 4

    found = chapters(film(*talk, ("blue", 20)))

    assert [chapter.start_seconds for chapter in found.segments] == pytest.approx([0, 32])
    told = found.segments[0].description
    assert told.startswith("First, a screen that is ")
    assert {"red", "green"} <= set(told.replace(".", "").split())


def test_no_window_looks_across_a_cut(colours: ColourCaptioner, film: Film) -> None:
    chapters(film(*[("red", 3), ("green", 2.5), ("blue", 3.5)] * 3, ("white", 12)), count=2)

    for clip in colours.seen:
        assert len({colour_of(picture) for picture in clip.pixels}) == 1


def test_a_wished_number_and_length(colours: ColourCaptioner, film: Film) -> None:
    source = film(*FOUR)

    assert [chapter.start_seconds for chapter in chapters(source, count=2).segments][1] in (5, 9, 15)
    assert len(chapters(source, count=7).segments) == 7
    long_ones = chapters(source, min_seconds=8).segments
    assert min(chapter.stop_seconds - chapter.start_seconds for chapter in long_ones) >= 8


def test_times_are_those_of_frames(colours: ColourCaptioner, film: Film) -> None:
    found = chapters(film(("red", 3.3), ("green", 3.7), ("blue", 3)), count=9)

    for chapter in found.segments:
        assert chapter.start_seconds * 10 == pytest.approx(round(chapter.start_seconds * 10), abs=1e-6)


def test_neighbours_never_share_a_title(colours: ColourCaptioner, film: Film) -> None:
    titles = [chapter.title for chapter in chapters(film(("red", 12)), count=4).segments]

    assert titles == ["A screen that is red", *(f"A screen that is red ({number})" for number in (2, 3, 4))]


def test_first_where_they_begin_then_word_by_word(colours: ColourCaptioner, film: Film) -> None:
    results = list(stream(film(*FOUR)))

    assert [result.chapters_done for result in results] == [0, 1, 2, 3, 4]
    assert [chapter.title for chapter in results[0].chapters.segments] == [
        f"Chapter {number}" for number in (1, 2, 3, 4)
    ]
    assert [chapter.title for chapter in results[1].chapters.segments][:2] == ["A screen that is red", "Chapter 2"]
    assert [len(result.clips) for result in results] == [0, 1, 1, 1, 1]
    assert len(results[0].shots) == 4


def test_each_chapter_has_a_picture_of_its_own(colours: ColourCaptioner, film: Film) -> None:
    first = next(stream(film(*FOUR)))

    assert [colour_of(picture) for picture in first.thumbnails.pixels] == ["red", "green", "blue", "white"]


def test_a_chat_model_writes_the_table_of_contents_last(use, film: Film) -> None:
    chat = use(ColourChat(lambda prompt: table_of_contents(prompt.replace("I see ", "").replace(".\n", "\n"))))

    results = list(stream(film(*FOUR)))

    assert next(chapter.title for chapter in results[-2].chapters.segments) == "I see red"
    assert [chapter.title for chapter in results[-1].chapters.segments] == [
        f"{colour} things".capitalize() for colour in ("red", "green", "blue", "white")
    ]
    assert next(chapter.description for chapter in results[-1].chapters.segments) == "I see red."
    assert results[-1].chapters_done == 4
    assert len(chat.asked) == 5


def test_stopping_keeps_what_is_finished(colours: ColourCaptioner, film: Film) -> None:
    job = Job()
    results = chapters_stream(film(*FOUR), ChapterOptions(), settings=Settings(), job=job)
    kept = [next(results), next(results)][-1]
    job.stop()

    with pytest.raises(CancelledError):
        next(results)
    assert kept.chapters_done == 1
    assert kept.chapters.segments[0].description


def test_stopping_ends_the_search_for_shots(colours: ColourCaptioner, film: Film) -> None:
    job = Job(on_progress=lambda report: job.stop() if report.doing == "looking for shots" else None)

    with pytest.raises(CancelledError):
        next(chapters_stream(film(*FOUR), ChapterOptions(), settings=Settings(), job=job))
    assert colours.seen == []


def test_progress_says_what_is_done(colours: ColourCaptioner, film: Film) -> None:
    reports: list[Progress] = []

    chapters(film(*FOUR), job=Job(reports.append))

    steps = list(dict.fromkeys(report.doing for report in reports))
    assert steps == ["looking for shots", "comparing what was seen", "reading frames"]


def test_few_pictures_are_held_at_a_time(colours: ColourCaptioner, film: Film) -> None:
    chapters(film(("red", 60), ("blue", 60)), min_seconds=1)

    assert colours.most_pictures == 16


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi"])
def test_one_frame_is_one_chapter(colours: ColourCaptioner, film: Film, suffix: str) -> None:
    found = chapters(film(("red", 0.1), name=f"one.{suffix}"))

    assert len(found.segments) == 1
    assert found.segments[0].start_seconds == 0
    assert found.segments[0].title == "A screen that is red"


def test_a_single_colour_is_one_chapter(colours: ColourCaptioner, film: Film) -> None:
    assert len(chapters(film(("black", 30))).segments) == 1


def test_a_slideshow_has_a_chapter_a_slide(colours: ColourCaptioner, film: Film) -> None:
    slides = [("red", 6), ("white", 6), ("blue", 6), ("yellow", 6), ("black", 6)]

    assert [chapter.start_seconds for chapter in chapters(film(*slides)).segments] == pytest.approx([0, 6, 12, 18, 24])


def test_five_hundred_cuts_a_minute(colours: ColourCaptioner, tmp_path: Path) -> None:
    names = [name for name in COLOURS for _ in range(3)] * 25  # a cut every 3 of 25 frames a second
    pixels = [np.full((48, 64, 3), COLOURS[name], dtype=np.uint8) for name in names]

    found = chapters(write_clip(tmp_path / "fast.mp4", pixels, rate=25))

    assert 1 <= len(found.segments) <= 12
    assert found.segments[-1].stop_seconds == pytest.approx(len(names) / 25)


def test_a_video_shorter_than_the_shortest_chapter_is_one_and_told(colours: ColourCaptioner, film: Film) -> None:
    found = chapters(film(("red", 3), ("blue", 3)), min_seconds=10)

    assert len(found.segments) == 1
    assert "The video is shorter than the shortest chapter, 10 s: it is one chapter." in found.notes


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 0}, "count is 0; it must be a whole number of at least 1"),
        ({"count": 201}, "count is 201; up to 200 are allowed"),
        ({"count": 9, "min_seconds": 3}, "9 chapters of at least 3 s do not fit into a video of 0:20. .* at most 6"),
        ({"min_seconds": 0}, "must be a number of seconds greater than 0"),
        ({"min_seconds": float("nan")}, "must be a number of seconds greater than 0"),
        ({"shots": "psychic"}, "shots|mode"),
    ],
)
def test_options_that_cannot_be_are_explained(
    colours: ColourCaptioner, film: Film, options: dict, message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        chapters(film(*FOUR), **options)
    assert colours.seen == []


def test_more_chapters_than_frames_is_explained(colours: ColourCaptioner, film: Film) -> None:
    with pytest.raises(OptionError, match="do not fit into this video of 0:00.3"):
        chapters(film(("red", 0.3)), count=50)


def test_a_style_that_a_captioner_cannot_follow_is_told(colours: ColourCaptioner, film: Film) -> None:
    notes = chapters(film(("red", 3)), style="lecture", model="any").notes

    assert "asked for any" in notes
    assert any("style was not used" in note for note in notes)


def test_frames_with_times_are_a_source_too(colours: ColourCaptioner) -> None:
    pictures = [np.full((48, 64, 3), COLOURS[name], dtype=np.uint8) for name in ("red",) * 6 + ("blue",) * 6]

    found = chapters(Frames.from_images(pictures, list(range(12))))

    assert [chapter.start_seconds for chapter in found.segments] == [0, 6]


def test_a_cut_off_file_has_chapters_as_far_as_it_goes(colours: ColourCaptioner, film: Film, tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "whole.mkv", [numbered_frame(number) for number in range(200)]).read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole[: len(whole) * 6 // 10])

    found = chapters(cut)

    assert 5 < found.segments[-1].stop_seconds < 20


def test_the_public_function_is_this_one() -> None:
    assert vidtext.chapters is chapters


@pytest.mark.parametrize("suffix", CONTAINERS)
def test_all_formats_have_the_times_of_players(colours: ColourCaptioner, tmp_path: Path, suffix: str) -> None:
    film = write_late_pictures(tmp_path / f"film{suffix}")
    [change] = picture_changes(film)

    found = chapters(film, count=2)
    written = {name: form.write(found) for name, form in CHAPTER_FORMATS.items()}
    assert found.segments[0].start_seconds == 0
    starts = {
        name: [clock(line) for line in written[name].splitlines() if "screen" in line and line[0] != " "]
        for name in ("youtube", "csv", "md")
    }
    assert starts["youtube"] == [0, int(change)]
    assert starts["csv"] == starts["md"] == [0, pytest.approx(change, abs=0.0011)]
    assert json.loads(written["json"])["chapters"][1]["start_seconds"] == starts["csv"][1]
    cues = [clock(line) for line in written["vtt"].splitlines() if "-->" in line]
    assert cues == starts["csv"]
    assert f"START={round(1000 * starts['csv'][1])}\n" in written["ffmetadata"]
    if suffix != ".avi":  # which ffmpeg cannot copy into a container that stores times
        (tmp_path / "chapters.txt").write_text(written["ffmetadata"], "utf-8")
        mapped = tmp_path / "mapped.mkv"
        ffmpeg("-i", film, "-i", tmp_path / "chapters.txt", "-map_chapters", "1", "-c", "copy", mapped)
        with av.open(str(mapped)) as file:
            second = file.chapters()[1]
            start = float(second["start"] * (second["time_base"] or 1)) - (file.start_time or 0) / av.time_base
        assert start == pytest.approx(picture_changes(mapped)[0], abs=0.003)


def clock(line: str) -> float:
    """Read the first time of a line."""
    found = re.search(r"(?:\d+:)*\d+(?:\.\d+)?", line)
    assert found is not None
    return parse_clock(found[0])
