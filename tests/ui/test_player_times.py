"""What Chromium's own player shows at the times that vidtext tells, in a page with nothing but a video."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

from tests.media.late_pictures import FRAME_SECONDS, write_late_pictures
from vidtext.clock import to_milliseconds
from vidtext.job import Job
from vidtext.media.read.sampling import TimeRange
from vidtext.media.shots.detect import find_shots
from vidtext.media.write.chapter_marks import ChapterMark, write_with_chapters
from vidtext.media.write.clips import write_reel
from vidtext.media.write.preview import make_preview, plays_in_browsers
from vidtext.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Browser

_SHOWN_AT = """async ([url, times]) => {
    const video = document.createElement('video');
    const happens = (name) => new Promise((done, failed) => {
        video.addEventListener(name, done, {once: true});
        video.addEventListener('error', () => failed(new Error(video.error.message)), {once: true});
    });
    document.body.append(video);
    const ready = happens('canplay');
    video.muted = true;
    video.src = url;
    await ready;
    const canvas = document.createElement('canvas');
    const context = canvas.getContext('2d');
    const shown = [];
    for (const time of times) {
        const there = happens('seeked');
        video.currentTime = time;
        await there;
        // A busy browser may say so before the frame is drawn.
        for (const _ of [1, 2]) await new Promise(requestAnimationFrame);
        context.drawImage(video, 0, 0, 1, 1);
        const [red, , blue] = context.getImageData(0, 0, 1, 1).data;
        shown.push(red > blue ? 'red' : 'blue');
    }
    return shown;
}"""


def shown_at(browser: Browser, path: Path, times: Sequence[float]) -> list[str]:
    page = browser.new_page()
    try:
        url = f"data:video/mp4;base64,{base64.b64encode(path.read_bytes()).decode()}"
        return page.evaluate(_SHOWN_AT, [url, list(times)])
    finally:
        page.close()


def assert_blue_from(browser: Browser, path: Path, seconds: float, *, within: float) -> None:
    times = [0.2, 2, seconds - within, seconds + within, seconds + 2]
    assert shown_at(browser, path, times) == ["red", "red", "red", "blue", "blue"]


def test_late_pictures_are_shown_when_vidtext_says(browser: Browser, tmp_path: Path) -> None:
    film = write_late_pictures(tmp_path / "film.mp4")
    change = to_milliseconds(find_shots(film)[1].start_seconds) / 1000

    assert plays_in_browsers(film)
    assert_blue_from(browser, film, change, within=FRAME_SECONDS)


def test_files_that_are_made_show_what_vidtext_says(browser: Browser, tmp_path: Path) -> None:
    film = write_late_pictures(tmp_path / "film.mkv")
    shots = find_shots(film)
    change = to_milliseconds(shots[1].start_seconds) / 1000
    marks = [ChapterMark(shot.start_seconds, shot.stop_seconds, "a") for shot in shots]
    write_with_chapters(film, tmp_path / "chapters.mp4", marks, job=Job())
    make_preview(film, tmp_path / "preview.mp4")
    write_reel(film, tmp_path / "reel.mp4", [TimeRange(0, change + 3)], settings=Settings(), job=Job())

    # At the time that is written the frame that is meant is on screen, and a moment before it the one before.
    assert_blue_from(browser, tmp_path / "chapters.mp4", change, within=0.002)
    assert_blue_from(browser, tmp_path / "preview.mp4", change, within=0.002)
    assert_blue_from(browser, tmp_path / "reel.mp4", change, within=0.002)
