from __future__ import annotations

from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from playwright.sync_api import expect

from tests.media.clips import numbered_clip
from tests.ui.serving import files_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.ui.serving import Served


def _empty(path: Path) -> None:
    path.touch()


def _text(path: Path) -> None:
    path.write_text("not a video\n" * 100)


def _cut_off(path: Path) -> None:
    whole = numbered_clip(path.with_name("whole.mp4"), 20)
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])


def _sound_only(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
        silence.sample_rate = 8000
        container.mux(stream.encode(silence))
        container.mux(stream.encode(None))


def _too_long(path: Path) -> None:
    numbered_clip(path, 62, rate=1)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_empty, "is empty"),
        (_text, "is not a video"),
        (_cut_off, "is not a video"),
        (_sound_only, "no pictures"),
        (_too_long, "1:00"),
    ],
)
def test_a_bad_file_is_told_and_changes_nothing(
    quick: Served, visit: Callable[..., Page], tmp_path: Path, make: Callable[[Path], None], said: str
) -> None:
    page = visit(quick)
    before = page.evaluate("document.querySelector('#vt-player video').src")
    files = _files(quick)
    make(tmp_path / "<b>bad.mp4")
    page.locator("#vt-bring input[type=file]").set_input_files(tmp_path / "<b>bad.mp4")
    problem = page.locator("#vt-upload-problem")
    expect(problem).to_contain_text(said)
    expect(problem).not_to_contain_text("Traceback")
    expect(page.locator("#vt-video-facts")).to_contain_text("Earth at night")
    assert page.evaluate("document.querySelector('#vt-player video').src") == before
    assert _files(quick) <= files


def test_a_file_over_the_limit_is_told(quick: Served, visit: Callable[..., Page], tmp_path: Path) -> None:
    page = visit(quick)
    (tmp_path / "large.mp4").write_bytes(bytes(6 << 20))
    page.locator("#vt-bring input[type=file]").set_input_files(tmp_path / "large.mp4")
    expect(page.get_by_test_id("toast-text")).to_contain_text("maximum allowed size of 5.0 Mb")


@pytest.mark.parametrize("address", ["http://10.0.0.1/clip.mp4", "/etc/passwd", "file:///etc/passwd", ""])
def test_an_address_that_may_not_be_read_is_told(quick: Served, visit: Callable[..., Page], address: str) -> None:
    page = visit(quick)
    page.get_by_label("Link to a video file").fill(address)
    page.get_by_role("button", name="Load", exact=True).click()
    expect(page.locator("#vt-address-problem")).to_be_visible()
    expect(page.get_by_label("Link to a video file")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#vt-video-facts")).to_contain_text("Earth at night")


def test_a_range_outside_the_video_is_told_and_the_result_stays(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick)
    page.get_by_role("button", name="Caption", exact=True).click()
    expect(page.locator(".vt-actions")).to_be_visible()
    page.get_by_text("More options").locator("visible=true").click()
    page.get_by_label("From", exact=True).fill("5:00")
    page.get_by_role("button", name="Caption", exact=True).click()
    expect(page.locator("#vt-start-problem")).to_contain_text("5:00")
    expect(page.get_by_role("button", name="Caption", exact=True)).to_be_visible()
    expect(page.locator(".vt-quotation")).to_be_visible()


def _files(served: Served) -> set[Path]:
    """What is kept of uploads; Gradio itself leaves an empty file beside their folders for each one."""
    return {path for path in files_in(served.files, "*") if path.is_file() and path.parent.name != "shown"}
