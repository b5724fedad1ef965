from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.ui.serving import Served

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}

TOO_SMALL = """() => [...document.querySelectorAll("#vt-main button, #vt-main a, #vt-main input, #vt-main textarea")]
  .filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest("[aria-hidden=true]"))
  .map((e) => (e.matches("input") ? e.closest("label, .wrap-inner") ?? e : e))
  .filter((e) => e.getBoundingClientRect().height < 40 && e.getBoundingClientRect().height > 0)
  .map((e) => e.outerHTML.slice(0, 120))"""

CONTRAST = """(selector) => {
  const channel = (c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const weights = [0.2126, 0.7152, 0.0722];
  const light = (rgb) => weights.reduce((sum, weight, i) => sum + weight * channel(rgb[i] / 255), 0);
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const groundOf = (element) => parse(getComputedStyle(element).backgroundColor);
  const element = document.querySelector(selector);
  let ground = element;
  while (ground.parentElement && groundOf(ground)[3] === 0) ground = ground.parentElement;
  const [a, b] = [light(parse(getComputedStyle(element).color)), light(groundOf(ground))];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}"""

READ = [".vt-model", ".vt-cues .vt-text", ".vt-time", "#vt-caption-go", "#vt-upload", ".vt-small", ".vt-facts"]

FOCUSED = """() => {
  const element = document.activeElement;
  return element.id || element.closest("[id^=vt-]")?.id || element.textContent;
}"""

NAMELESS = """() => [
  ...document.querySelectorAll("#vt-main :is(button, a, input:not([type=file]), textarea)"),
]
  .filter((e) => e.checkVisibility() && !e.textContent.trim() && !e.ariaLabel && !e.labels?.length && !e.title)
  .filter((e) => !e.querySelector("img[alt]"))
  .map((e) => e.outerHTML.slice(0, 120))"""


def _caption(page: Page) -> None:
    page.get_by_role("radio", name="Every few seconds").check()
    page.get_by_role("button", name="Caption", exact=True).click()
    expect(page.locator(".vt-actions")).to_be_visible()


def test_a_phone_scrolls_one_way_only(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick, **PHONE)
    _caption(page)
    page.get_by_text("More options").locator("visible=true").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]  # type: ignore[index]


def test_on_a_phone_the_video_stays_in_sight(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick, **PHONE)
    _caption(page)
    page.locator(".vt-cues li").last.scroll_into_view_if_needed()
    page.evaluate("window.scrollBy(0, 200)")
    page.wait_for_function("Math.abs(document.querySelector('#vt-player').getBoundingClientRect().top) < 2")


def test_on_a_phone_there_is_room_for_a_finger(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick, **PHONE)
    _caption(page)
    page.get_by_text("More options").locator("visible=true").click()
    assert page.evaluate(TOO_SMALL) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_their_ground(quick: Served, visit: Callable[..., Page], scheme: str) -> None:
    page = visit(quick, color_scheme=scheme)
    page.wait_for_function("dark => document.body.classList.contains('dark') === dark", arg=scheme == "dark")
    _caption(page)
    for selector in READ:
        assert page.evaluate(CONTRAST, selector) >= 4.5, selector


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_of_the_other_tabs_stand_out_too(quick: Served, visit: Callable[..., Page], scheme: str) -> None:
    page = visit(quick, color_scheme=scheme)
    page.get_by_role("tab", name="Chapters").click()
    page.get_by_role("button", name="Find chapters").click()
    expect(page.locator("#vt-chapters-below .vt-actions")).to_be_visible()
    page.get_by_role("tab", name="Summary").click()
    page.get_by_role("button", name="Summarize").click()
    expect(page.locator("#vt-summary-below .vt-actions")).to_be_visible()
    for selector in (".vt-chips li", ".vt-paragraph", ".vt-abstract .vt-text", ".vt-chapters .vt-text", "#vt-reel-go"):
        assert page.evaluate(CONTRAST, f"#vt-right {selector}") >= 4.5, selector
    page.get_by_role("tab", name="Chapters").click()
    for selector in (".vt-chapters .vt-title", ".vt-chapters .vt-time", "#vt-chaptered-go"):
        assert page.evaluate(CONTRAST, f"#vt-right {selector}") >= 4.5, selector
    page.get_by_role("tab", name="Chat").click()
    page.get_by_role("button", name="What moves?").click()
    expect(page.locator("#vt-chat-result .vt-actions")).to_be_visible()
    page.locator(".vt-turn").hover()
    for selector in (".vt-asked", ".vt-said", ".vt-moment", ".vt-turn .vt-notes li", ".vt-turn .vt-quiet"):
        assert page.evaluate(CONTRAST, f"#vt-right {selector}") >= 4.5, selector


def test_everything_can_be_reached_with_the_keyboard_and_is_named(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick)
    _caption(page)
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    reached: set[str] = set()
    for _ in range(90):
        page.keyboard.press("Tab")
        reached.add(page.evaluate(FOCUSED))
    wanted = {"vt-upload", "vt-record", "vt-fetch", "vt-caption-go", "vt-strip", "vt-caption-result", "vt-examples"}
    assert wanted <= reached
    assert page.evaluate(NAMELESS) == []


def test_the_focus_is_seen(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick)
    page.locator("#vt-upload").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


IN_SIGHT = """(selector) => {
  const box = document.querySelector(selector).getBoundingClientRect();
  const player = document.querySelector("#vt-player").getBoundingClientRect();
  return box.top >= player.bottom - 2 && box.top < window.innerHeight * 0.7;
}"""


def test_on_a_phone_a_result_comes_into_sight(slow: Served, visit: Callable[..., Page]) -> None:
    page = visit(slow, **PHONE, reduced_motion="reduce")
    page.get_by_role("radio", name="Every few seconds").check()
    page.get_by_role("button", name="Caption", exact=True).click()
    expect(page.locator(".vt-cues li")).to_have_count(2)
    page.wait_for_function(IN_SIGHT, arg="#vt-caption-result .vt-cues")
    expect(page.locator("#vt-caption-below .vt-actions")).to_be_attached()
    page.wait_for_function(IN_SIGHT, arg="#vt-caption-result .vt-cues")


def test_on_a_phone_whoever_scrolls_is_left_alone(slow: Served, visit: Callable[..., Page]) -> None:
    page = visit(slow, **PHONE)
    page.get_by_role("radio", name="Every few seconds").check()
    page.get_by_role("button", name="Caption", exact=True).click()
    page.evaluate("document.dispatchEvent(new Event('touchmove', { bubbles: true })); window.scrollTo(0, 0)")
    expect(page.locator("#vt-caption-below .vt-actions")).to_be_attached()
    assert page.evaluate("window.scrollY") == 0


def test_at_twice_the_size_the_model_takes_one_line(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick, viewport={"width": 640, "height": 400}, device_scale_factor=2)
    model = page.locator(".vt-model")
    folded = model.bounding_box()["height"]  # type: ignore[index]
    assert folded < 32
    assert page.locator("#vt-player").bounding_box()["y"] < 100  # type: ignore[index]
    expect(page.locator(".vt-why")).to_be_hidden()
    model.locator("summary").click()
    expect(page.locator(".vt-why")).to_be_visible()
    assert model.bounding_box()["height"] > folded  # type: ignore[index]


def test_on_a_desktop_all_of_the_model_is_told(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick)
    expect(page.locator(".vt-sees")).to_be_visible()
    expect(page.locator(".vt-why")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_chat_is_laid_out_whole(quick: Served, visit: Callable[..., Page], scheme: str) -> None:
    page = visit(quick, color_scheme=scheme, viewport={"width": 1280, "height": 800})
    page.wait_for_function("dark => document.body.classList.contains('dark') === dark", arg=scheme == "dark")
    page.get_by_role("tab", name="Chat").click()
    column = page.locator("#vt-right").bounding_box()
    chips = [chip.bounding_box() for chip in page.locator("#vt-suggestions button").all()]
    assert column
    assert all(chip and chip["x"] + chip["width"] <= column["x"] + column["width"] for chip in chips)
    page.get_by_role("button", name="More options").locator("visible=true").click()
    expect(page.get_by_label("Instructions to the model")).to_be_visible()
    numbers = page.locator("#vt-right .tab-like-container input:visible").all()
    assert len(numbers) == 3
    for number, frame in ((each.bounding_box(), each.locator("..").bounding_box()) for each in numbers):
        assert number
        assert frame
        assert frame["y"] <= number["y"]
        assert number["y"] + number["height"] <= frame["y"] + frame["height"]
    placeholders = page.locator("#vt-question textarea, #vt-address input").all()
    ground = page.locator("#vt-question textarea").evaluate("e => getComputedStyle(e).backgroundColor")
    assert len(placeholders) == 2
    for field in placeholders:
        colours = [field.evaluate("e => getComputedStyle(e, '::placeholder').color"), ground]
        assert contrast(*colours) >= 4.5


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, as WCAG 2.1 defines it."""

    def light(colour: str) -> float:
        channels = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dark + 0.05)


def test_links_to_a_clip_stay_in_their_column(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick, viewport={"width": 1280, "height": 800})
    page.get_by_role("tab", name="Summary").click()
    page.get_by_role("button", name="Summarize").click()
    expect(page.locator("#vt-summary-below .vt-actions")).to_be_visible()
    page.get_by_role("button", name="Highlights as a clip").click()
    links = page.locator("#vt-reel-made a")
    expect(links).to_have_text(["Clip (MP4)", "Captions (SRT)"], timeout=60_000)
    button, column = page.locator("#vt-reel-go").bounding_box(), page.locator("#vt-right").bounding_box()
    assert button
    assert column
    for link in links.all():
        box = link.bounding_box()
        assert box
        assert box["y"] >= button["y"] + button["height"]
        assert box["x"] + box["width"] <= column["x"] + column["width"]


def test_pages_of_gradio_for_developers_are_not_offered(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick)
    expect(page.get_by_role("button", name="Settings")).to_have_count(0)
    expect(page.get_by_role("contentinfo")).to_have_count(0)
