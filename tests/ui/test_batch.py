from __future__ import annotations

import json
import re
import zipfile
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Error, expect

from tests.media.clips import numbered_clip
from tests.ui.serving import wait_until
from tests.ui.test_looks import NAMELESS, PHONE, TOO_SMALL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.ui.serving import Served


@pytest.fixture
def videos(tmp_path: Path) -> list[Path]:
    """Two videos, one of them with markup in its name, and words between them."""
    bad = tmp_path / "words.mp4"
    bad.write_text("not a video")
    return [numbered_clip(tmp_path / "<i>one.mp4", 60), bad, numbered_clip(tmp_path / "two.mp4", 61)]


def bring(page: Page, videos: list[Path]) -> None:
    page.get_by_role("tab", name="Batch").click()
    page.locator("#vt-batch-files input[type=file]").set_input_files(videos)
    expect(page.locator("#vt-batch-files .file-preview")).to_contain_text("two")  # they are uploaded


def archive(page: Page, folder: Path) -> dict[str, str]:
    with page.expect_download() as download:
        page.get_by_role("link", name="Download all as a ZIP").click()
    download.value.save_as(folder / "results.zip")
    with zipfile.ZipFile(folder / "results.zip") as opened:
        return {name: opened.read(name).decode() for name in opened.namelist()}


def test_all_videos_are_done_and_one_file_has_the_results(
    quick: Served, visit: Callable[..., Page], videos: list[Path], tmp_path: Path
) -> None:
    page = visit(quick)
    frames = page.locator(".vt-frame").count()
    bring(page, videos)
    page.get_by_role("checkbox", name="Chapters").check()
    page.get_by_role("checkbox", name="Summary").check()
    page.get_by_role("button", name="Run", exact=True).click()

    expect(page.locator("#vt-batch-result .vt-actions a")).to_be_visible()
    rows = page.locator(".vt-item")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_have_class(re.compile("vt-done"))
    expect(rows.nth(0)).to_contain_text(re.compile(r"Sentence 1 of <b>.*one\.mp4</b>"))
    expect(rows.nth(1)).to_contain_text("Failed")
    expect(rows.nth(1)).to_contain_text("words.mp4")
    expect(rows.nth(2)).to_contain_text("An abstract of <b>two.mp4</b>.")
    expect(page.locator("#vt-batch-result")).to_contain_text("2 of 3 videos are done")
    expect(page.locator("#vt-batch-result")).to_contain_text("1 failed")
    assert page.locator(".vt-frame").count() == frames

    files = archive(page, tmp_path)
    records = [json.loads(line) for line in files["results.jsonl"].splitlines()]
    assert [record["status"] for record in records] == ["done", "failed", "done"]
    assert [record["source"].endswith(path.name[-7:]) for record, path in zip(records, videos, strict=True)]
    assert all("/" not in record["source"] for record in records)
    assert {name for record in records for name in record.get("files", ())} == files.keys() - {"results.jsonl"}
    assert "Sentence 1 of <b>two.mp4</b>." in files["two.srt"]
    assert files["two-chapters.txt"].startswith("0:00 Part 1 of")


def test_stop_keeps_what_is_done(slow: Served, visit: Callable[..., Page], videos: list[Path], tmp_path: Path) -> None:
    page = visit(slow)
    slow.work_log.unlink(missing_ok=True)
    bring(page, [videos[0], numbered_clip(tmp_path / "two.mp4", 600)])
    page.get_by_role("button", name="More options").locator("visible=true").click()
    page.get_by_label("Time between captions").fill("0:06")  # one window, then ten
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".vt-item.vt-done")).to_have_count(1)
    expect(page.locator(".vt-doing")).to_contain_text("1 of 2 videos, about 0:0")
    page.locator(".vt-example").last.click()  # another video on the left is another matter
    page.get_by_role("button", name="Stop").click()

    expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible()
    expect(page.locator(".vt-item.vt-not-done")).to_have_count(1)
    expect(page.locator("#vt-batch-result")).to_contain_text("1 of 2 videos are done")
    assert "results.jsonl" in archive(page, tmp_path)
    wait_until(lambda: "ended two.mp4" in slow.worked(), what="the work to end")
    assert len([line for line in slow.worked() if line.startswith("token two.mp4")]) < 40


def test_another_visitor_sees_nothing_of_it(quick: Served, visit: Callable[..., Page], videos: list[Path]) -> None:
    one, other = visit(quick), visit(quick)
    bring(one, videos)
    one.get_by_role("button", name="Run", exact=True).click()
    expect(one.locator("#vt-batch-result .vt-actions a")).to_be_visible()
    other.get_by_role("tab", name="Batch").click()
    expect(other.locator("body")).not_to_contain_text("two.mp4")
    address = one.locator("#vt-batch-result .vt-actions a").get_attribute("href")
    one.close()

    def gone() -> bool:
        try:
            return other.request.get(f"{quick.address}{address}").status in (403, 404)
        except Error:  # it went while it was being sent
            return False

    wait_until(gone, what="the ZIP to be gone")


def test_no_videos_and_no_tasks_are_explained(quick: Served, visit: Callable[..., Page], videos: list[Path]) -> None:
    page = visit(quick)
    page.get_by_role("tab", name="Batch").click()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#vt-batch-files-problem")).to_contain_text("Add videos first")
    bring(page, videos)
    page.get_by_role("checkbox", name="Captions").uncheck()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#vt-batch-tasks-problem")).to_contain_text("Choose at least one")
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible()


def test_too_many_are_refused(quick: Served, visit: Callable[..., Page], videos: list[Path], tmp_path: Path) -> None:
    page = visit(quick)
    many = [numbered_clip(tmp_path / f"{number}.mp4", number + 2) for number in range(20)]
    bring(page, [*many, videos[2]])
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#vt-batch-files-problem")).to_contain_text("There are 21 videos; up to 20 are allowed")


def test_on_a_phone(quick: Served, visit: Callable[..., Page], videos: list[Path]) -> None:
    page = visit(quick, **PHONE)
    bring(page, videos)
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#vt-batch-result .vt-actions a")).to_be_visible()
    page.get_by_text("More options").locator("visible=true").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]  # type: ignore[index]
    assert page.evaluate(TOO_SMALL) == []
    assert page.evaluate(NAMELESS) == []
