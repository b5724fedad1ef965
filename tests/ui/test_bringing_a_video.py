from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.media.clips import numbered_clip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import JSHandle, Page

    from tests.ui.serving import Served


COUNT_WHAT_IS_RECORDED = """() => {
  const start = MediaRecorder.prototype.start;
  window.recordedBytes = 0;
  MediaRecorder.prototype.start = function (...how) {
    this.addEventListener("dataavailable", (event) => (window.recordedBytes += event.data.size));
    return start.apply(this, how);
  };
}"""


def test_a_video_is_recorded(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick, permissions=["camera", "microphone"])
    page.evaluate(COUNT_WHAT_IS_RECORDED)
    page.get_by_role("button", name="Record", exact=True).click()
    page.get_by_text("Click to Access Webcam").click()
    # Gradio shows the button before it has the camera, which it has when the devices are listed to it, in order.
    page.wait_for_function("document.querySelector('[data-testid=webcam-video]')?.srcObject")
    page.evaluate("navigator.mediaDevices.enumerateDevices()")
    page.get_by_role("button", name="start recording").click()
    stop = page.locator("[title='stop recording']")
    expect(stop).to_be_visible()
    page.wait_for_function("window.recordedBytes > 20000")  # Gradio keeps what has come when it is stopped
    stop.click()
    expect(page.locator("#vt-video-facts")).to_contain_text("×")
    page.get_by_role("button", name="Caption", exact=True).click()
    expect(page.locator(".vt-quotation")).to_be_visible(timeout=20_000)


def dragged(page: Page, clip: Path, *names: str) -> JSHandle:
    """Return what a browser would hand over with files of these names, each with the bytes of `clip`."""
    return page.evaluate_handle(
        "([bytes, names]) => { const data = new DataTransfer();"
        "const kind = (name) => (name.endsWith('.mp4') ? 'video/mp4' : 'text/plain');"
        "names.forEach((name) => data.items.add(new File([new Uint8Array(bytes)], name, { type: kind(name) })));"
        "return data }",
        [list(clip.read_bytes()), names],
    )


@pytest.mark.parametrize("place", ["#vt-player video", "#vt-caption-result", "h1"])
def test_a_video_is_dropped_anywhere(quick: Served, visit: Callable[..., Page], tmp_path: Path, place: str) -> None:
    page = visit(quick)
    files = dragged(page, numbered_clip(tmp_path / "clip.mp4", 10), "dropped.mp4")
    page.dispatch_event(place, "dragover", {"dataTransfer": files})
    expect(page.locator("body")).to_have_attribute("data-drop", "Drop a video to load it")
    page.dispatch_event(place, "drop", {"dataTransfer": files})
    expect(page.locator("body")).not_to_have_attribute("data-drop", re.compile(""))
    expect(page.locator("#vt-video-facts")).to_contain_text("dropped.mp4")


def test_of_several_files_the_video_is_loaded_and_that_is_said(
    quick: Served, visit: Callable[..., Page], tmp_path: Path
) -> None:
    page = visit(quick)
    files = dragged(page, numbered_clip(tmp_path / "clip.mp4", 10), "notes.txt", "one.mp4", "two.mp4")
    page.dispatch_event("h1", "drop", {"dataTransfer": files})
    expect(page.locator("#vt-bring [role=status]")).to_contain_text("Only one.mp4 is loaded, of 3 files.")
    expect(page.locator("#vt-video-facts")).to_contain_text("one.mp4")


def test_on_the_batch_tab_all_files_are_taken(quick: Served, visit: Callable[..., Page], tmp_path: Path) -> None:
    page = visit(quick)
    page.get_by_role("tab", name="Batch").click()
    files = dragged(page, numbered_clip(tmp_path / "clip.mp4", 10), "one.mp4", "two.mp4")
    page.dispatch_event("#vt-batch-result", "drop", {"dataTransfer": files})
    expect(page.locator("#vt-batch-files")).to_contain_text("one")
    expect(page.locator("#vt-batch-files")).to_contain_text("two")
    expect(page.locator("#vt-video-facts")).to_contain_text("Earth at night")


def test_nothing_loaded_says_what_to_do(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#vt-video-facts")).to_contain_text("choose an example")
    page.get_by_role("button", name="Caption", exact=True).click()
    expect(page.get_by_test_id("toast-text")).to_contain_text("There is no video yet")
    page.locator(".vt-example").first.click()
    expect(page.locator("#vt-player video")).to_be_visible()
