from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.ui.scripted_page import FRAMES, NOTE

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.ui.serving import Served

CUES = "[...document.querySelector('#vt-player video').textTracks].flatMap(t => [...(t.cues ?? [])].map(c => c.text))"


@pytest.fixture(scope="module")
def page(quick: Served, visit_once: Callable[..., Page]) -> Page:
    page = visit_once(quick)
    page.get_by_role("button", name="Caption", exact=True).click()
    expect(page.locator(".vt-quotation")).to_be_visible()
    expect(page.get_by_role("button", name="Caption", exact=True)).to_be_visible()
    return page


def test_the_words_are_shown_as_they_are_and_not_as_markup(page: Page) -> None:
    expect(page.locator(".vt-quotation .vt-text")).to_have_text("Sentence 1 of <b>world.mp4</b>.")


def test_a_quiet_line_says_what_made_them(page: Page) -> None:
    result = page.locator("#vt-caption-below")
    expect(result.locator(".vt-facts")).to_contain_text(f"Embedded modelcpu{FRAMES} frames")
    expect(result.locator(".vt-notes")).to_have_text(NOTE)


def test_the_frames_that_the_model_saw_have_times_and_seek(page: Page) -> None:
    frames = page.locator(".vt-frame")
    expect(frames).to_have_count(FRAMES)
    frames.nth(3).click()
    seconds = float(frames.nth(3).get_attribute("data-seek-seconds") or "nan")
    assert page.evaluate("document.querySelector('#vt-player video').currentTime") == pytest.approx(seconds, abs=0.01)
    assert "Frame at 0:17" in (frames.nth(3).locator("img").get_attribute("alt") or "")


def test_the_words_are_subtitles_on_the_player(page: Page) -> None:
    page.wait_for_function(f"{CUES}.length === 1")
    assert page.evaluate(CUES) == ["Sentence 1 of &lt;b>world.mp4&lt;/b>."]
    for pressed, mode in [(True, "hidden"), (False, "showing")]:
        page.get_by_role("button", name="Subtitles", pressed=pressed).click()
        assert page.evaluate("document.querySelector('#vt-player video').textTracks[0].mode") == mode


@pytest.mark.parametrize("kind", ["SRT", "VTT", "JSON", "CSV", "TXT"])
def test_downloads(page: Page, kind: str) -> None:
    with page.expect_download() as coming:
        page.get_by_role("link", name=f"Download as {kind}").click()
    stem = "Earth at night" if kind in {"SRT", "VTT"} else "Earth at night-captions"  # players look for the video's own
    assert coming.value.suggested_filename == f"{stem}.{kind.lower()}"
    assert "Sentence 1 of" in coming.value.path().read_text("utf-8")


def test_a_screen_reader_is_told(page: Page) -> None:
    expect(page.locator("[aria-live=polite]", has_text="Caption: Sentence 1")).to_have_count(1)
