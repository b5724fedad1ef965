from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pysubs2
import pytest
from playwright.sync_api import expect

from tests.ui.conftest import PLAYS_FROM
from vidtext.media.read.probe import probe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.ui.serving import Served

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def summarize(page: Page) -> None:
    page.get_by_role("tab", name="Summary").click()
    page.get_by_role("button", name="Summarize").click()
    expect(page.locator("#vt-summary-below .vt-actions")).to_be_visible()


@pytest.fixture(scope="module")
def read(quick: Served, visit_once: Callable[..., Page]) -> Page:
    """A page that has a summary; tests do not change it."""
    page = visit_once(quick)
    summarize(page)
    return page


def test_it_reads_like_an_article_and_words_are_text(read: Page) -> None:
    expect(read.locator(".vt-abstract")).to_have_text("An abstract of <b>world.mp4</b>.")
    expect(read.locator(".vt-paragraph")).to_have_text("A paragraph of 4 parts, medium.")
    expect(read.locator(".vt-chips li")).to_have_text(["word", "<i>tag</i>"])


def test_a_highlight_seeks_and_is_marked(read: Page) -> None:
    read.get_by_role("button", name="Play from 0:15").click()
    read.wait_for_function(PLAYS_FROM, arg=15)
    expect(read.locator("#vt-summary-result li.vt-plays .vt-text")).to_have_text("Moment <b>3</b>.")


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("Markdown", "A paragraph of 4 parts"),
        ("JSON", '"abstract": "An abstract of <b>world.mp4</b>."'),
        ("TXT", "An abstract of <b>world.mp4</b>."),
        ("Highlights SRT", "00:00:15,017 --> 00:00:16,017"),
        ("Highlights VTT", "00:00:15.017 --> 00:00:16.017"),
    ],
)
def test_downloads(read: Page, name: str, holds: str) -> None:
    href = read.get_by_role("link", name=f"Download as {name}", exact=True).get_attribute("href") or ""
    assert holds in unquote(href)


def test_a_quiet_line_says_what_made_it(read: Page) -> None:
    expect(read.locator("#vt-summary-below .vt-facts")).to_contain_text(re.compile("Embedded model.*4 parts seen"))
    expect(read.locator("#vt-summary-below .vt-notes")).to_contain_text("The script was used: <i>there is no hub</i>.")


def test_length_is_a_choice(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick)
    page.get_by_role("tab", name="Summary").click()
    page.get_by_role("radio", name="Long").check()
    page.get_by_role("button", name="Summarize").click()
    expect(page.locator(".vt-paragraph")).to_have_text("A paragraph of 4 parts, long.")


def test_the_highlights_become_a_clip_with_captions(quick: Served, visit: Callable[..., Page], tmp_path: Path) -> None:
    page = visit(quick)
    summarize(page)
    page.get_by_label("Seconds", exact=True).fill("8")
    with page.expect_download() as download:
        page.get_by_role("button", name="Highlights as a clip").click()
    clip = tmp_path / "clip.mp4"
    download.value.save_as(clip)
    with page.expect_download() as download:
        page.get_by_role("link", name="Captions (SRT)").click()
    captions = tmp_path / "clip.srt"
    download.value.save_as(captions)

    assert probe(clip).duration_seconds == pytest.approx(8, abs=2.5)  # starts move to keyframes where that is near
    assert len(pysubs2.load(str(captions))) == 4
    assert "Moment <b>1</b>." in captions.read_text("utf-8")


def test_a_clip_of_no_length_is_refused_at_its_field(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick)
    summarize(page)
    page.get_by_label("Seconds", exact=True).fill("0")
    page.get_by_role("button", name="Highlights as a clip").click()
    expect(page.locator("#vt-reel-seconds-problem")).to_contain_text("at least 0.1")
    expect(page.locator("#vt-reel-made")).to_have_text("")


def test_it_grows_and_stop_keeps_what_is_there(slow: Served, visit: Callable[..., Page]) -> None:
    page = visit(slow)
    page.get_by_role("tab", name="Summary").click()
    page.get_by_role("button", name="Summarize").click()
    expect(page.locator(".vt-paragraph")).to_have_text("A paragraph of 1 parts, medium.")
    expect(page.locator(".vt-paragraph")).to_have_text("A paragraph of 2 parts, medium.")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Summarize")).to_be_visible()
    expect(page.locator("#vt-summary-below .vt-notes")).to_contain_text(
        re.compile(r"Stopped: [23] of 4 parts were looked at\.")
    )
    expect(page.get_by_role("button", name="Highlights as a clip")).to_be_visible()


def test_each_tab_says_itself_what_was_cleared(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick)
    summarize(page)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#vt-summary-result")).to_contain_text("Add a video, then press Summarize.")
    page.locator(".vt-example").first.click()
    expect(page.locator("#vt-video-facts")).to_contain_text("Earth at night")
    expect(page.locator("#vt-summary-result")).to_contain_text("The summary and its highlights appear here.")


def test_a_phone_scrolls_down_only(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick, **PHONE)
    summarize(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
