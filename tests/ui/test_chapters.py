from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

import av
import pytest
from playwright.sync_api import expect

from tests.ui.conftest import PLAYS_FROM

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.ui.serving import Served

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def find_chapters(page: Page) -> None:
    page.get_by_role("tab", name="Chapters").click()
    page.get_by_role("button", name="Find chapters").click()
    expect(page.locator("#vt-chapters-below .vt-actions")).to_be_visible(timeout=30_000)


@pytest.fixture(scope="module")
def found(quick: Served, visit_once: Callable[..., Page]) -> Page:
    """A page that has chapters; tests do not change them."""
    page = visit_once(quick)
    find_chapters(page)
    return page


@pytest.fixture
def busy(slow: Served, visit: Callable[..., Page]) -> Page:
    """A page on which the first of four chapters is written."""
    page = visit(slow)
    page.get_by_role("tab", name="Chapters").click()
    page.get_by_role("button", name="Find chapters").click()
    expect(page.locator(".vt-chapters .vt-title").first).to_contain_text("Part 1 of")
    return page


def document(page: Page, name: str) -> str:
    href = page.get_by_role("link", name=f"Download as {name}", exact=True).get_attribute("href") or ""
    return unquote(href.partition(",")[2])


def test_a_title_is_text_not_markup(found: Page) -> None:
    expect(found.locator(".vt-chapters input.vt-title").first).to_have_value("Part 1 of <b>world.mp4</b>")
    expect(found.locator(".vt-block span").first).to_have_text("Part 1 of <b>world.mp4</b>")
    expect(found.locator(".vt-chapters .vt-text").first).to_have_text("It shows <i>1</i>.")
    expect(found.locator(".vt-live b, #vt-main b", has_text="world.mp4")).to_have_count(0)


def test_blocks_lie_in_the_proportions_of_their_chapters(found: Page) -> None:
    widths = [block.bounding_box()["width"] for block in found.locator(".vt-block").all()]  # type: ignore[index]
    assert len(widths) == 4
    assert max(widths) - min(widths) < 2


def test_a_block_seeks_and_is_marked(found: Page) -> None:
    found.locator(".vt-block").nth(2).click()
    found.wait_for_function(PLAYS_FROM, arg=15)
    expect(found.locator(".vt-block").nth(2)).to_have_class(re.compile("vt-plays"))
    expect(found.locator(".vt-chapters li").nth(2)).to_have_class(re.compile("vt-plays"))
    expect(found.locator(".vt-block.vt-plays")).to_have_count(1)


def test_a_time_seeks(found: Page) -> None:
    found.get_by_role("button", name="Play from 0:07.5").click()
    found.wait_for_function(PLAYS_FROM, arg=7.5)


def test_chapters_do_not_become_subtitles(found: Page) -> None:
    cues = "[...document.querySelector('#vt-player video').textTracks].reduce((n, t) => n + (t.cues?.length ?? 0), 0)"
    assert found.evaluate(cues) == 0


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("YouTube", "0:07 Part 2 of ‹b›world.mp4‹/b›"),
        ("VTT", "Part 2 of &lt;b&gt;world.mp4&lt;/b&gt;"),
        ("FFmetadata", "title=Part 2 of <b>world.mp4</b>"),
        ("JSON", '"title": "Part 2 of <b>world.mp4</b>"'),
        ("CSV", "Part 2 of <b>world.mp4</b>"),
        ("Markdown", "Part 2 of \\<b\\>world.mp4\\</b\\>"),
    ],
)
def test_downloads(found: Page, name: str, holds: str) -> None:
    assert holds in document(found, name)


def test_why_youtube_would_not_take_them_is_told(found: Page) -> None:
    expect(found.locator("#vt-chapters-below .vt-note")).to_contain_text("Chapters 1, 2, 3 and 4 are shorter")


def test_a_quiet_line_says_what_made_them(found: Page) -> None:
    expect(found.locator("#vt-chapters-below .vt-facts")).to_contain_text(re.compile("Embedded model.*4 chapters"))


def test_the_frames_that_the_model_saw_are_shown(found: Page) -> None:
    expect(found.locator(".vt-frame")).to_have_count(24)


def test_switching_tabs_loses_nothing(found: Page) -> None:
    found.get_by_role("tab", name="Caption").click()
    expect(found.get_by_role("button", name="Caption", exact=True)).to_be_visible()
    expect(found.locator(".vt-block")).to_have_count(4)
    found.get_by_role("tab", name="Chapters").click()
    expect(found.locator(".vt-chapters input.vt-title")).to_have_count(4)


def test_the_video_with_chapters_is_downloaded(quick: Served, visit: Callable[..., Page], tmp_path: Path) -> None:
    page = visit(quick)
    find_chapters(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Video with chapters").click()
    saved = tmp_path / download.value.suggested_filename
    download.value.save_as(saved)

    with av.open(str(saved)) as container:
        chapters = container.chapters()
    assert [chapter["metadata"]["title"] for chapter in chapters] == [
        f"Part {number} of <b>world.mp4</b>" for number in (1, 2, 3, 4)
    ]
    assert saved.name == "Earth at night-with-chapters.mp4"


def test_first_where_they_begin_then_their_words(busy: Page) -> None:
    expect(busy.locator(".vt-chapters .vt-pending .vt-title").last).to_have_text("Chapter 4")
    expect(busy.locator(".vt-doing")).to_contain_text("of 4 chapters described")
    expect(busy.locator(".vt-block")).to_have_count(4)
    expect(busy.locator(".vt-chapters input.vt-title")).to_have_count(0)


def test_stop_keeps_what_is_there(busy: Page) -> None:
    busy.get_by_role("button", name="Stop").click()
    expect(busy.get_by_role("button", name="Find chapters")).to_be_visible()
    expect(busy.locator("#vt-chapters-below .vt-notes")).to_contain_text(
        re.compile(r"Stopped: [12] of 4 chapters are described\.")
    )
    expect(busy.locator(".vt-chapters input.vt-title").last).to_have_value("Chapter 4")
    assert "Part 1 of" in document(busy, "JSON")


def test_stop_before_anything_new_leaves_what_was_there(slow: Served, visit: Callable[..., Page]) -> None:
    page = visit(slow)
    find_chapters(page)
    page.get_by_role("button", name="Find chapters").click()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Find chapters")).to_be_visible()
    expect(page.locator(".vt-chapters li")).to_have_count(4)
    title = page.get_by_label("Title of chapter 1")
    title.fill("Still mine")
    title.press("Enter")
    expect(page.locator(".vt-block span").first).to_have_text("Still mine")


def test_another_video_clears_them(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick)
    find_chapters(page)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#vt-chapters-result")).to_contain_text("Add a video")
    expect(page.locator(".vt-block")).to_have_count(0)
    expect(page.get_by_role("button", name="Video with chapters")).to_be_hidden()


@pytest.mark.parametrize(
    ("count", "message"),
    [
        ("0", "count is 0; it must be a whole number of at least 1"),
        ("5000", "count is 5,000; up to 200 are allowed"),
        ("many", "'many' is not a number of chapters"),
    ],
)
def test_a_number_that_cannot_be_is_told_at_its_field(
    quick: Served, visit: Callable[..., Page], count: str, message: str
) -> None:
    page = visit(quick)
    page.get_by_role("tab", name="Chapters").click()
    page.get_by_role("button", name="More options").locator("visible=true").click()
    page.get_by_label("Number of chapters").fill(count)
    page.get_by_role("button", name="Find chapters").click()
    expect(page.locator("#vt-count-problem")).to_contain_text(message)
    expect(page.get_by_role("button", name="Find chapters")).to_be_visible()


def test_chapters_survive_a_run_that_fails(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick)
    find_chapters(page)
    page.get_by_role("button", name="More options").locator("visible=true").click()
    page.get_by_label("Number of chapters").fill("0")
    page.get_by_role("button", name="Find chapters").click()
    expect(page.locator("#vt-count-problem")).to_be_visible()
    title = page.get_by_label("Title of chapter 1")
    title.fill("Still here")
    title.press("Enter")
    expect(page.locator(".vt-block span").first).to_have_text("Still here")


def test_a_video_that_was_made_of_other_titles_is_not_offered_any_more(
    quick: Served, visit: Callable[..., Page]
) -> None:
    page = visit(quick)
    find_chapters(page)
    with page.expect_download():
        page.get_by_role("button", name="Video with chapters").click()
    made = page.locator("#vt-chaptered-made")
    expect(made.get_by_role("link")).to_have_count(1)
    page.get_by_label("Title of chapter 1").fill("Another")
    page.get_by_label("Title of chapter 1").press("Enter")
    expect(made).to_contain_text("make the video again")
    expect(made.get_by_role("link")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("button", name="Video with chapters").click()
    with av.open(str(download.value.path())) as container:
        assert container.chapters()[0]["metadata"]["title"] == "Another"
    page.get_by_role("button", name="Find chapters").click()
    expect(page.locator("#vt-chapters-below .vt-actions")).to_be_visible()
    expect(made).to_contain_text("make the video again")


def test_a_style_is_only_offered_where_the_model_follows_one(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick)
    page.get_by_role("tab", name="Chapters").click()
    page.get_by_role("button", name="More options").locator("visible=true").click()
    expect(page.locator("#vt-chapters-style input")).to_be_disabled()
    expect(page.locator("#vt-chapters-style")).to_contain_text("cannot follow a style")


def test_models_that_cannot_be_used_are_not_offered(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick)
    page.get_by_role("tab", name="Chapters").click()
    page.get_by_role("button", name="More options").locator("visible=true").click()
    expect(page.locator("#vt-chapters-model")).to_contain_text("1 more model")
    page.locator("#vt-chapters-model input").click()
    expect(page.get_by_role("option", name="other/other-model")).to_be_visible()
    expect(page.get_by_role("option", name="gone/gone-model")).to_have_count(0)


def test_own_words_are_asked_for_and_reach_the_task(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick)
    page.get_by_role("tab", name="Chapters").click()
    page.get_by_role("button", name="More options").locator("visible=true").click()
    page.locator("#vt-chapters-model input").click()
    page.get_by_role("option", name="other/other-model").click()
    expect(page.locator("#vt-chapters-style input")).to_be_enabled()
    page.locator("#vt-chapters-style input").click()
    page.get_by_role("option", name="My own words").click()
    page.get_by_label("How to write").fill("Rhyme.")
    page.get_by_role("button", name="Find chapters").click()
    expect(page.locator("#vt-chapters-below .vt-notes")).to_contain_text("Rhyme.")


def test_a_phone_scrolls_down_only(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick, **PHONE)
    find_chapters(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    small = page.locator(".vt-chapters input, #vt-chapters-below .vt-small, .vt-block, .vt-chapters .vt-time")
    assert all(box["height"] >= 44 for each in small.all() if (box := each.bounding_box()))
