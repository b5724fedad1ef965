from __future__ import annotations

import os
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from vidtext.errors import SourceError
from vidtext.job import Job
from vidtext.ui.video_panel import source_of
from vidtext.ui.videos import LoadedVideo
from vidtext.ui.visitors import Visitors
from vidtext.ui.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ANY_INFO: Any = None


def request(session: str) -> Any:
    return SimpleNamespace(session_hash=session)


@pytest.fixture
def visitors(tmp_path: Path) -> Visitors:
    first = LoadedVideo(tmp_path / "a.mp4", tmp_path / "a.mp4", "a.mp4", ANY_INFO)
    return Visitors(tmp_path, first, lambda _: None, keep_seconds=600, closing=Job())


def test_a_visit_has_things_of_its_own(visitors: Visitors) -> None:
    one, other = visitors.of(request("one")), visitors.of(request("other"))
    assert one is visitors.of(request("one"))
    assert one is not other
    assert one.folder != other.folder


def test_leaving_ends_the_work_and_deletes_the_files(visitors: Visitors, tmp_path: Path) -> None:
    visitor, jobs = visitors.of(request("one")), [Job(), Job()]
    visitor.take_on("video", jobs[0])
    visitor.take_on("caption", jobs[1])
    (visitor.folder / "preview.mp4").touch()
    upload = tmp_path / "hash" / "mine.mp4"
    upload.parent.mkdir()
    upload.touch()
    visitor.uploads.add(upload)
    visitors.leave(request("one"))
    assert all(job.stopped for job in jobs)
    assert not visitor.uploads & set(tmp_path.rglob("*"))
    assert list(tmp_path.iterdir()) == []
    visitors.leave(request("one"))  # a second time does no harm


def test_whoever_asks_for_nothing_leaves_after_a_while_unless_work_goes_on(visitors: Visitors) -> None:
    idle, busy = visitors.of(request("idle")), visitors.of(request("busy"))
    folders = idle.folder, busy.folder
    busy.take_on("caption", Job())
    visitors.clean(time.monotonic() + 599)
    assert visitors.of(request("idle")) is idle

    visitors.clean(time.monotonic() + 601)
    assert [folder.exists() for folder in folders] == [False, True]
    assert visitors.of(request("idle")) is not idle
    assert visitors.of(request("busy")) is busy


def test_folders_that_were_emptied_go(visitors: Visitors, tmp_path: Path) -> None:
    for name in ("old", "full", "new"):
        (tmp_path / name).mkdir()
    (tmp_path / "full" / "film.mp4").touch()
    for name in ("old", "full"):
        os.utime(tmp_path / name, (0, 0))
    visitors.clean(time.monotonic())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full", "new"]


def test_the_end_of_the_server_ends_all_work(tmp_path: Path) -> None:
    closing = Job()
    visitors = Visitors(tmp_path, ANY_INFO, lambda _: None, keep_seconds=600, closing=closing)
    work: Work[int] = Work(forever, visitors.of(request("one")).closing)
    updates = work.updates()
    assert next(updates).made
    closing.stop()
    assert work.job.stopped
    for _ in updates:
        pass  # it ends


def forever(job: Job) -> Iterator[int]:
    while True:
        job.check()
        yield 1


def test_a_new_job_stops_the_one_before_of_the_same_purpose_only(visitors: Visitors) -> None:
    visitor, first, other, second = visitors.of(request("one")), Job(), Job(), Job()
    visitor.take_on("caption", first)
    visitor.take_on("video", other)
    visitor.take_on("caption", second)
    assert (first.stopped, other.stopped, second.stopped) == (True, False, False)


def test_the_model_reads_the_original_where_the_player_shows_a_preview(visitors: Visitors, tmp_path: Path) -> None:
    visitor = visitors.of(request("one"))
    for name in ("original.mkv", "preview-1.mp4"):
        (tmp_path / name).write_bytes(b"x")
    visitor.video = LoadedVideo(tmp_path / "original.mkv", tmp_path / "preview-1.mp4", "original.mkv", ANY_INFO)
    assert source_of(visitor, str(tmp_path / "preview-1.mp4")) == (tmp_path / "original.mkv", "original.mkv")


def test_no_video_and_one_that_is_gone_are_told(visitors: Visitors, tmp_path: Path) -> None:
    visitor = visitors.of(request("one"))
    with pytest.raises(SourceError, match="no video yet"):
        source_of(visitor, None)
    with pytest.raises(SourceError, match="Load it again"):
        source_of(visitor, str(tmp_path / "gone.mp4"))
