from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.ui.conftest import PLAYS_FROM

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.ui.serving import Served


@pytest.fixture(scope="module")
def page(quick: Served, visit_once: Callable[..., Page]) -> Page:
    page = visit_once(quick)
    page.get_by_role("radio", name="Every few seconds").check()
    page.get_by_label("Seconds between captions").fill("10")
    page.get_by_role("button", name="Caption", exact=True).click()
    expect(page.locator(".vt-actions")).to_be_visible()
    return page


def test_there_is_a_row_for_each_window(page: Page) -> None:
    expect(page.locator(".vt-time").nth(1)).to_have_text("0:10–0:20")
    expect(page.locator(".vt-cues .vt-text").nth(1)).to_have_text("Sentence 2 of <b>world.mp4</b>.")


def test_a_click_on_a_time_seeks_without_loading_the_video_again(page: Page) -> None:
    page.evaluate(
        "document.querySelector('#vt-player video').addEventListener('loadstart', () => (window.again = true))"
    )
    for _ in range(2):  # also twice to the same time
        page.get_by_role("button", name="Play from 0:20").click()
        page.wait_for_function(PLAYS_FROM, arg=20)
    assert page.evaluate("window.again") is None
    expect(page.locator("li.vt-plays .vt-text")).to_have_text("Sentence 3 of <b>world.mp4</b>.")


def test_a_subtitle_is_shown_alone_at_the_time_that_was_sought(page: Page) -> None:
    page.get_by_role("button", name="Play from 0:10").click()
    page.wait_for_function(
        "(() => { const cues = document.querySelector('#vt-player video').textTracks[0].activeCues;"
        "return cues.length === 1 && cues[0].text.startsWith('Sentence 2') })()"
    )


def test_a_range_limits_the_windows(page: Page) -> None:
    page.get_by_text("More options").locator("visible=true").click()
    page.get_by_label("From", exact=True).fill("0:05")
    page.get_by_label("To", exact=True).fill("25")
    page.get_by_role("button", name="Caption", exact=True).click()
    expect(page.locator(".vt-time")).to_have_text(["0:05–0:15", "0:15–0:25"])
