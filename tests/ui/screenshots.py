"""Take the pictures in docs/screenshots: `python -m tests.ui.screenshots` starts the app and looks at it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

from tests.ui.serving import CHROMIUM, CHROMIUM_FLAGS, ROOT, Served, serve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Browser, Page

FOLDER = ROOT / "docs" / "screenshots"
DESKTOP = {"viewport": {"width": 1360, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}


def opened(browser: Browser, served: Served, **options: Any) -> Page:
    page = browser.new_context(**options).new_page()
    page.goto(served.address)
    page.wait_for_function("document.querySelector('#vt-player video[data-vt]')?.readyState >= 2")
    page.wait_for_selector(".vt-model")
    return page


def caption(page: Page, *, every_seconds: str | None = None) -> None:
    if every_seconds:
        four_scenes(page)
        page.get_by_role("radio", name="Every few seconds").check()
        page.get_by_label("Seconds between captions").fill(every_seconds)
    page.locator("#vt-caption-go").click()
    page.wait_for_selector(".vt-actions")
    page.wait_for_selector("#vt-caption-go")
    if every_seconds:
        page.locator(".vt-time").nth(1).click()
        page.wait_for_function("document.querySelector('#vt-player video').readyState >= 2")
    page.mouse.move(2, 2)


def four_scenes(page: Page) -> None:
    page.locator(".vt-example").nth(1).click()
    page.wait_for_function("document.querySelector('#vt-video-facts').textContent.includes('four scenes')")


def chapters(page: Page) -> None:
    four_scenes(page)
    page.get_by_role("tab", name="Chapters").click()
    page.locator("#vt-chapters-go").click()
    page.wait_for_selector("#vt-chapters-below .vt-actions")
    page.locator(".vt-block").nth(1).click()
    page.wait_for_function("document.querySelector('#vt-player video').readyState >= 2")
    page.mouse.move(2, 2)


def summary(page: Page) -> None:
    page.get_by_role("tab", name="Summary").click()
    page.locator("#vt-summary-go").click()
    page.wait_for_selector("#vt-summary-below .vt-actions")
    page.mouse.move(2, 2)


QUESTIONS = (
    "How many shapes are there?",
    "What is there?",
    "What moves?",
    "What colour is it?",
    "And its shape?",
    "Which way does it go?",
    "What colour is the background?",
    "Is there a cut?",
    "What does the camera do?",
    "Who is it?",
)
"""Ten turns about the first example: a red circle that moves right before dark blue."""


def chat(page: Page, questions: Sequence[str] = QUESTIONS) -> list[str]:
    """Ask one question after the other, and return the answers."""
    page.get_by_role("tab", name="Chat").click()
    for number, question in enumerate(questions, start=1):
        field = page.get_by_role("textbox", name="Question", exact=True)
        field.fill(question)
        field.press("Enter")
        page.wait_for_function(
            "n => document.querySelectorAll('.vt-turn').length === n"
            " && document.querySelector('#vt-chat-result [data-undo]')",
            arg=number,
        )
        page.wait_for_selector("#vt-chat-go")
    page.mouse.move(2, 2)
    return page.locator(".vt-said").all_inner_texts()


def batch(page: Page) -> None:
    page.get_by_role("tab", name="Batch").click()
    examples = sorted((ROOT / "vidtext/examples").glob("*.mp4"))
    page.locator("#vt-batch-files input[type=file]").set_input_files(examples)
    page.get_by_role("checkbox", name="Chapters").check()
    page.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_selector("#vt-batch-result .vt-actions a")
    page.mouse.move(2, 2)


def queue(browser: Browser, served: Served, **options: Any) -> Page:
    """Let one visitor work for a while, and return the page of another one who waits for the device."""
    first, second = opened(browser, served, **DESKTOP), opened(browser, served, **options)
    for page, seconds in ((first, "0.1"), (second, "5")):
        four_scenes(page)
        page.get_by_role("radio", name="Every few seconds").check()
        page.get_by_label("Seconds between captions").fill(seconds)
        page.locator("#vt-caption-go").click()
        page.wait_for_selector("#vt-caption-stop")
    second.get_by_text("Waiting, you are next").wait_for()
    return second


def in_line(browser: Browser, folder: Path) -> None:
    """Take the pictures of a page that has room for one at work."""
    folder.mkdir()
    with serve(lambda _port, _log: ["app.py"], folder, VIDTEXT_JOBS__MAX_RUNNING="1") as served:
        for name, options in (("queue", DESKTOP), ("phone-queue", PHONE)):
            page = queue(browser, served, **options)
            page.locator("#vt-caption-status").scroll_into_view_if_needed()
            page.screenshot(path=FOLDER / f"{name}.png")
            for context in browser.contexts:
                context.close()


def take(page: Page, name: str) -> None:
    page.wait_for_function("document.getAnimations().every((each) => each.playState !== 'running')")
    page.screenshot(path=FOLDER / f"{name}.png")


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        bad = Path(folder, "notes.mp4")
        bad.write_text("not a video")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        with serve(lambda _port, _log: ["app.py"], Path(folder)) as served:
            page = opened(browser, served, **DESKTOP)
            take(page, "first-second")
            caption(page)
            take(page, "one-caption")
            page.locator("#vt-bring input[type=file]").set_input_files(bad)
            page.locator(".vt-problem").wait_for()
            page.screenshot(path=FOLDER / "bad-file.png")
            page = opened(browser, served, **DESKTOP)
            caption(page, every_seconds="5")
            take(page, "every-few-seconds")
            page = opened(browser, served, **DESKTOP, color_scheme="dark")
            caption(page, every_seconds="5")
            take(page, "dark")
            page = opened(browser, served, **DESKTOP)
            chapters(page)
            take(page, "chapters")
            summary(page)
            take(page, "summary")
            page = opened(browser, served, **DESKTOP)
            batch(page)
            take(page, "batch")
            page = opened(browser, served, **DESKTOP)
            answers = chat(page)
            sys.stdout.writelines(f"{asked} {answer}\n" for asked, answer in zip(QUESTIONS, answers, strict=True))
            take(page, "chat")
            page.locator("#vt-chat-result").evaluate("pane => pane.scrollTo(0, 0)")
            take(page, "chat-beginning")
            page = opened(browser, served, **PHONE)
            chat(page, QUESTIONS[:3])
            page.locator(".vt-talk").evaluate("talk => talk.scrollIntoView({ block: 'center' })")
            take(page, "phone-chat")
            page = opened(browser, served, **PHONE)
            chapters(page)
            take(page, "phone-chapters")
            page = opened(browser, served, **PHONE)
            take(page, "phone-first-second")
            caption(page, every_seconds="5")
            page.locator(".vt-cues").evaluate("list => list.scrollIntoView({ block: 'center' })")
            take(page, "phone")
        in_line(browser, Path(folder, "narrow"))
        browser.close()


if __name__ == "__main__":
    main()
