"""Results that are changed by hand: their files, subtitles and pictures follow, and each change can be taken back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from playwright.sync_api import expect

from tests.ui.serving import wait_until
from tests.ui.test_chapters import find_chapters

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.ui.serving import Served

pytestmark = pytest.mark.browser

SUBTITLES = """() => [...document.querySelector("#vt-player video").textTracks]
  .flatMap((track) => [...(track.cues ?? [])]).map((cue) => cue.text)"""


def document(page: Page, tab: str, name: str) -> str:
    link = page.locator(f"#vt-{tab}-below").get_by_role("link", name=f"Download as {name}", exact=True)
    return unquote((link.get_attribute("href") or "").partition(",")[2])


def change(page: Page, label: str, text: str) -> None:
    page.get_by_role("textbox", name=label, exact=True).fill(text)
    page.get_by_role("textbox", name=label, exact=True).press("Enter")


def starts(page: Page) -> list[float]:
    chapters = json.loads(document(page, "chapters", "JSON"))["chapters"]
    return [each["start_seconds"] for each in chapters]


def expect_starts(page: Page, seconds: list[float]) -> None:
    expected = pytest.approx(seconds, abs=0.05)  # the video has 30 s and a frame
    wait_until(lambda: starts(page) == expected, what=f"chapters from {seconds}")


def undo(page: Page, tab: str) -> None:
    page.locator(f"#vt-{tab}-below").get_by_role("button", name="Undo").click()


def caption_every(page: Page, seconds: str) -> None:
    page.get_by_role("radio", name="Every few seconds").check()
    page.get_by_label("Seconds between captions").fill(seconds)
    page.get_by_role("button", name="Caption", exact=True).click()
    expect(page.locator("#vt-caption-below .vt-actions")).to_be_visible()


@pytest.fixture
def captions(quick: Served, visit: Callable[..., Page]) -> Page:
    """A page with three captions."""
    page = visit(quick)
    caption_every(page, "10")
    return page


@pytest.fixture
def chapters(quick: Served, visit: Callable[..., Page]) -> Page:
    page = visit(quick)
    find_chapters(page)
    return page


def test_the_text_of_a_caption(captions: Page) -> None:
    change(captions, "Caption 2", " Lights <b>of</b> cities ")
    expect(captions.locator("#vt-caption-below .vt-notes")).to_contain_text("Edited by hand.")
    assert "Lights <b>of</b> cities" in document(captions, "caption", "TXT")
    assert "Lights &lt;b&gt;of&lt;/b&gt; cities" in document(captions, "caption", "VTT")
    captions.wait_for_function(f"() => ({SUBTITLES})()[1].includes('Lights')")
    expect(captions.locator(".vt-cues b")).to_have_count(0)

    undo(captions, "caption")
    expect(captions.locator(".vt-cues .vt-text").nth(1)).to_have_text("Sentence 2 of <b>world.mp4</b>.")
    expect(captions.locator("#vt-caption-below")).not_to_contain_text("Edited by hand.")
    expect(captions.locator("#vt-caption-below").get_by_role("button", name="Undo")).to_have_count(0)
    assert "Lights" not in document(captions, "caption", "TXT")


def test_a_caption_that_is_emptied_is_removed(captions: Page) -> None:
    change(captions, "Caption 2", "")
    expect(captions.locator(".vt-cues li")).to_have_count(2)
    assert "Sentence 2" not in document(captions, "caption", "SRT")
    undo(captions, "caption")
    expect(captions.locator(".vt-cues li")).to_have_count(3)


def test_several_changes_one_after_another(captions: Page) -> None:
    captions.get_by_role("textbox", name="Caption 1", exact=True).fill("One")
    captions.keyboard.press("Tab")
    captions.get_by_role("textbox", name="Caption 2", exact=True).fill("Two")
    captions.get_by_role("textbox", name="Caption 3", exact=True).fill("Three")
    captions.get_by_role("textbox", name="Caption 3", exact=True).press("Enter")
    texts = "() => decodeURIComponent(document.querySelector('#vt-caption-below [aria-label$=TXT]').href)"
    captions.wait_for_function(f"() => /One\\n.* Two\\n.* Three\\n$/.test(({texts})())")
    for left in ("Two", "Sentence 2"):
        undo(captions, "caption")
        expect(captions.locator(".vt-cues .vt-text").nth(1)).to_contain_text(left)


def test_escape_leaves_it_as_it_was_and_nothing_is_no_text(captions: Page) -> None:
    captions.get_by_role("button", name="Caption", exact=True).click()
    text = captions.get_by_role("textbox", name="Caption 1", exact=True)
    expect(text).to_have_text("Sentence 1 of <b>world.mp4</b>.")
    text.fill("Other")
    text.press("Escape")
    expect(text).to_have_text("Sentence 1 of <b>world.mp4</b>.")
    expect(captions.locator("#vt-caption-below").get_by_role("button", name="Undo")).to_have_count(0)


def test_the_only_caption_cannot_be_emptied(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick)
    page.get_by_role("button", name="Caption", exact=True).click()
    expect(page.locator("#vt-caption-below .vt-actions")).to_be_visible()
    change(page, "Caption 1", "  ")
    expect(page.locator(".vt-quotation .vt-text")).to_have_text("Sentence 1 of <b>world.mp4</b>.")


def test_what_was_changed_comes_back_after_another_run(captions: Page) -> None:
    change(captions, "Caption 1", "Mine")
    expect(captions.locator("#vt-caption-below")).to_contain_text("Edited by hand.")
    captions.get_by_role("button", name="Caption", exact=True).click()
    expect(captions.locator(".vt-cues .vt-text").first).to_have_text("Sentence 1 of <b>world.mp4</b>.")
    undo(captions, "caption")
    expect(captions.locator(".vt-cues .vt-text").first).to_have_text("Mine")


def test_title_and_description_of_a_chapter(chapters: Page) -> None:
    change(chapters, "Title of chapter 2", "  Over  <i>Africa</i> ")
    expect(chapters.locator(".vt-block span").nth(1)).to_have_text("Over <i>Africa</i>")
    change(chapters, "Description of chapter 2", "Rivers <b>at</b> night.")
    expect(chapters.locator("#vt-chapters-below .vt-notes")).to_contain_text("Edited by hand.")
    chapters.wait_for_function(
        "() => decodeURIComponent(document.querySelector('#vt-chapters-below').innerHTML).includes('Rivers')"
    )
    assert "title=Over <i>Africa</i>" in document(chapters, "chapters", "FFmetadata")
    second = json.loads(document(chapters, "chapters", "JSON"))["chapters"][1]
    assert (second["title"], second["description"]) == ("Over <i>Africa</i>", "Rivers <b>at</b> night.")
    undo(chapters, "chapters")
    expect(chapters.get_by_role("textbox", name="Description of chapter 2")).to_have_text("It shows <i>2</i>.")
    expect(chapters.get_by_label("Title of chapter 2")).to_have_value("Over <i>Africa</i>")


def test_an_empty_title_is_not_taken(chapters: Page) -> None:
    change(chapters, "Title of chapter 1", "   ")
    expect(chapters.get_by_label("Title of chapter 1")).to_have_value("Part 1 of <b>world.mp4</b>")


def test_the_start_of_a_chapter(chapters: Page) -> None:
    chapters.get_by_label("Change the start of chapter 2, or remove it").click()
    change(chapters, "Start of chapter 2", "0:10.5")
    expect(chapters.get_by_role("button", name="Play from 0:10.5", exact=True)).to_be_visible()
    expect_starts(chapters, [0, 10.5, 15, 22.5])
    assert document(chapters, "chapters", "YouTube").splitlines()[1].startswith("0:10 Part 2")
    widths = [block.bounding_box()["width"] for block in chapters.locator(".vt-block").all()]  # type: ignore[index]
    assert widths[0] > 1.5 * widths[1]


def test_a_start_that_is_not_possible_is_refused(chapters: Page) -> None:
    chapters.get_by_label("Change the start of chapter 2, or remove it").click()
    change(chapters, "Start of chapter 2", "0:20")
    expect(chapters.locator(".toast-body")).to_contain_text("0:20 is not possible")
    expect_starts(chapters, [0, 7.5, 15, 22.5])
    expect(chapters.locator("[aria-label='Start of chapter 2']")).to_have_value("0:07.509")


def test_a_chapter_starts_at_the_time_of_the_player(chapters: Page) -> None:
    chapters.evaluate("document.querySelector('#vt-player video').currentTime = 18")
    chapters.get_by_label("Change the start of chapter 4, or remove it").click()
    chapters.get_by_role("button", name="Use the current time").locator("visible=true").click()
    expect(chapters.get_by_role("button", name="Play from 0:18.0", exact=True)).to_be_visible()
    expect_starts(chapters, [0, 7.5, 15, 18])
    expect(chapters.get_by_label("Change the start of chapter 4, or remove it")).to_be_focused()


def test_one_chapter_more_and_one_less(chapters: Page) -> None:
    pictures = chapters.locator(".vt-chapters .vt-thumb img")
    before = [picture.get_attribute("src") for picture in pictures.all()]
    chapters.evaluate("document.querySelector('#vt-player video').currentTime = 18")
    chapters.get_by_role("button", name="Add a chapter here").click()
    expect(chapters.get_by_label("Title of chapter 4")).to_have_value("New chapter")
    expect_starts(chapters, [0, 7.5, 15, 18, 22.5])
    expect(chapters.locator(".vt-block")).to_have_count(5)
    after = [picture.get_attribute("src") for picture in pictures.all()]
    assert len(set(after)) == 5
    assert {after[0], after[1], after[4]} <= set(before)

    chapters.get_by_label("Change the start of chapter 2, or remove it").click()
    chapters.get_by_role("button", name="Remove").locator("visible=true").click()
    expect(chapters.locator(".vt-chapters li")).to_have_count(4)
    expect_starts(chapters, [0, 15, 18, 22.5])
    undo(chapters, "chapters")
    undo(chapters, "chapters")
    expect(chapters.locator(".vt-chapters li")).to_have_count(4)
    expect(chapters.get_by_label("Title of chapter 2")).to_have_value("Part 2 of <b>world.mp4</b>")
    expect_starts(chapters, [0, 7.5, 15, 22.5])


def test_a_video_that_was_made_before_a_change_is_not_offered(chapters: Page) -> None:
    with chapters.expect_download():
        chapters.get_by_role("button", name="Video with chapters").click()
    chapters.get_by_label("Change the start of chapter 2, or remove it").click()
    change(chapters, "Start of chapter 2", "0:10")
    expect(chapters.locator("#vt-chaptered-made")).to_have_text("The chapters changed: make the video again.")


def test_a_summary(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick)
    page.get_by_role("tab", name="Summary").click()
    page.get_by_role("button", name="Summarize").click()
    expect(page.locator("#vt-summary-below .vt-actions")).to_be_visible()
    change(page, "Abstract", "Cities <b>glow</b>.")
    change(page, "Paragraph 1", "Seen from above.")
    change(page, "Highlight 3", "The Nile.")
    page.wait_for_function(
        "() => decodeURIComponent(document.querySelector('#vt-summary-below').innerHTML).includes('Nile')"
    )
    made = json.loads(document(page, "summary", "JSON"))
    assert (made["abstract"], made["summary"]) == ("Cities <b>glow</b>.", "Seen from above.")
    assert made["highlights"][2]["text"] == "The Nile."
    for _ in range(3):
        undo(page, "summary")
    expect(page.locator(".vt-abstract .vt-text")).to_have_text("An abstract of <b>world.mp4</b>.")
    expect(page.locator("#vt-summary-below").get_by_role("button", name="Undo")).to_have_count(0)


def test_on_a_running_captioning_nothing_can_be_changed(slow: Served, visit: Callable[..., Page]) -> None:
    page = visit(slow)
    page.get_by_role("radio", name="Every few seconds").check()
    page.get_by_label("Seconds between captions").fill("3")
    page.get_by_role("button", name="Caption", exact=True).click()
    expect(page.locator(".vt-cues li").first).to_be_visible()
    expect(page.locator("#vt-caption-result [data-edit]")).to_have_count(0)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#vt-caption-result [data-edit]").first).to_be_visible()
