from __future__ import annotations

import base64
import re

import numpy as np
import pytest

from vidtext.job import Progress
from vidtext.media.read.frames import Frames
from vidtext.media.shots.detect import Shot
from vidtext.models.base import ModelInfo
from vidtext.settings import Settings
from vidtext.tasks.caption import CaptionResult
from vidtext.tasks.chapters import ChaptersResult
from vidtext.text.chapters import Chapter, Chapters
from vidtext.text.timed import Segment, TimedText
from vidtext.ui import status
from vidtext.ui.look import launch_options
from vidtext.ui.model_line import model_choices, model_html
from vidtext.ui.session.results import FINISHED, GROWING, STOPPED
from vidtext.ui.tabs import caption_view
from vidtext.ui.tabs.chapters_view import list_html
from vidtext.ui.video.filmstrip import StripPlan, picture_uri, strip_html

CARD = ModelInfo("embedded", "git", "MIT", 6, 64, "squash", 40, 3_000_000, "Sees <nothing>.")


def result(*texts: str, total: int | None = None, notes: tuple[str, ...] = ()) -> CaptionResult:
    segments = tuple(Segment(5.0 * number, 5.0 * number + 5, text) for number, text in enumerate(texts))
    total = len(texts) if total is None else total
    return CaptionResult(TimedText(segments, "embedded", notes), (), CARD, "cpu", len(texts), total, 1.23)


def test_what_a_model_or_a_file_says_is_never_markup() -> None:
    nasty = '<img src=x onerror="alert(1)">'
    captions = result(nasty, nasty, notes=(nasty,))
    html = caption_view.caption_html(captions, nasty + ".mp4", FINISHED)
    html += caption_view.below_html(captions, nasty + ".mp4", FINISHED)
    assert "<img" not in html
    assert 'onerror="' not in html
    assert "<img" not in status.status_html(nasty)
    assert "&lt;nothing&gt;" in model_html(CARD, device="cpu", note="<b>")
    assert "<b>" not in model_html(CARD, device="cpu", note="<b>").replace("<b>Embedded", "")


def test_nothing_can_be_changed_before_the_end() -> None:
    assert "data-edit" not in caption_view.caption_html(result("One.", total=2), "a.mp4", GROWING)
    assert 'data-edit="text"' in caption_view.caption_html(result("One.", total=2), "a.mp4", STOPPED)


def test_the_times_of_a_list_have_as_many_decimals() -> None:
    segments = tuple(Segment(start, stop, "One.") for start, stop in ((0, 1.6), (1.6, 2), (2, 61.04)))
    captions = CaptionResult(TimedText(segments, "embedded"), (), CARD, "cpu", 3, 3, 1.23)
    html = caption_view.caption_html(captions, "a.mp4", FINISHED)
    assert re.findall(r">(\d[\d:.]*)<span>–([\d:.]+)<", html) == [
        ("0:00.0", "0:01.6"), ("0:01.6", "0:02.0"), ("0:02.0", "1:01.0"),
    ]  # fmt: skip
    strip = strip_html(Frames(np.zeros((3, 4, 4, 3), np.uint8), np.array([0, 1.6, 2])))
    assert re.findall(r"<span>([\d:.]+)</span>", strip) == ["0:00.0", "0:01.6", "0:02.0"]


def test_downloads_of_one_video_say_what_they_hold() -> None:
    html = caption_view.below_html(result("One.", "Two."), "a.mp4", FINISHED)
    names = re.findall(r'download="([^"]+)"', html)
    assert names == ["a.srt", "a.vtt", "a-captions.json", "a-captions.csv", "a-captions.txt"]


@pytest.mark.parametrize(
    ("progress", "said"),
    [
        (Progress("reading frames", 3, 6), "Reading frames, 3 of 6"),
        (Progress("loading the model", 0, 1), "Loading the model"),
        (Progress("downloading", 1 << 20, 4 << 20), "Downloading, 25 %"),
        (Progress("downloading", 1 << 20, 0), "Downloading"),
    ],
)
def test_progress_in_words(progress: Progress, said: str) -> None:
    assert status.progress_text(progress) == said


def test_a_bar_without_a_known_end_has_no_value() -> None:
    assert "aria-valuenow" not in status.status_html("Downloading", progress=Progress("downloading", 5, 0))
    assert 'aria-valuenow="50"' in status.status_html("Reading", progress=Progress("reading", 3, 6))


def test_the_strip_stays_small_however_many_windows_there_are() -> None:
    for windows in (1, 20, 21, 500, 3000):
        plan = StripPlan.of(windows, 6)
        shown = sum(
            len(chosen)
            for window in range(windows)
            if (chosen := plan.chosen(Frames(np.zeros((6, 4, 4, 3), np.uint8), np.arange(6.0)), window))
        )
        assert shown <= 120
        assert (shown == windows * 6) == (plan.explain(6) == "")


def test_pictures_keep_their_colours_and_times() -> None:
    import cv2

    red = np.zeros((2, 90, 160, 3), np.uint8)
    red[..., 0] = 200
    jpeg = base64.b64decode(picture_uri(red[0]).split(",")[1])
    blue, _, red_channel = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).mean((0, 1))  # in BGR
    assert (round(red_channel), round(blue)) == pytest.approx((200, 0), abs=6)
    html = strip_html(Frames(red, np.array([0.5, 65.25])))
    assert html.count('data-seek-seconds="') == 2
    assert "1:05.2" in html


def test_sizes_of_models_are_told_where_they_are_downloaded() -> None:
    labels = {name: label for label, name in model_choices({"a/large": CARD})}
    assert list(labels) == ["auto", "a/large"]
    assert labels["a/large"] == "a/large · 3 MB"


def test_the_page_asks_for_nothing_from_outside() -> None:
    options = launch_options(Settings())
    for text in (options["css"], options["head"]):
        assert "http://" not in text.replace("http://www.w3.org", "")
        assert "https://" not in text
    assert all(path.endswith(".mp4") for path in options["allowed_paths"])


@pytest.mark.parametrize(
    ("title", "description", "shown"),
    [
        ("A red circle", "A red circle.", False),
        ("A red circle (2)", "A red circle.", False),
        ("A red circle", "A red circle moves to the right.", True),
        ("A red circle", "", False),
    ],
)
def test_a_description_that_says_no_more_than_its_title_is_not_shown(
    title: str, description: str, *, shown: bool
) -> None:
    chapters = Chapters((Chapter(0, 5, title, description),), model="m")
    thumbnails = Frames(np.zeros((1, 4, 4, 3), np.uint8), np.zeros(1))
    result = ChaptersResult(chapters, thumbnails, (), (Shot(0, 5),), CARD, "cpu", 1, 1.0)
    assert (">A red circle moves to the right.</p>" in list_html(result, "a.mp4", FINISHED)) == shown
    assert ("vt-text" in list_html(result, "a.mp4", GROWING)) == shown
