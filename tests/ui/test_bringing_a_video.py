from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.media.clips import numbered_clip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.ui.serving import Served

pytestmark = pytest.mark.browser


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


def test_a_video_is_dropped_while_another_is_shown(quick: Served, visit: Callable[..., Page], tmp_path: Path) -> None:
    page = visit(quick)
    clip = numbered_clip(tmp_path / "dropped.mp4", 10)
    dropped = page.evaluate_handle(
        "bytes => { const data = new DataTransfer();"
        "data.items.add(new File([new Uint8Array(bytes)], 'dropped.mp4', { type: 'video/mp4' })); return data }",
        list(clip.read_bytes()),
    )
    page.dispatch_event("#vt-player video", "drop", {"dataTransfer": dropped})
    expect(page.locator("#vt-video-facts")).to_contain_text("dropped.mp4")


def test_nothing_loaded_says_what_to_do(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#vt-video-facts")).to_contain_text("choose an example")
    page.get_by_role("button", name="Caption", exact=True).click()
    expect(page.get_by_test_id("toast-text")).to_contain_text("There is no video yet")
    page.locator(".vt-example").first.click()
    expect(page.locator("#vt-player video")).to_be_visible()
