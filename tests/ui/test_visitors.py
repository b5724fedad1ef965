from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from vidtext.errors import SourceError
from vidtext.job import Job
from vidtext.ui.video_panel import source_of
from vidtext.ui.videos import LoadedVideo
from vidtext.ui.visitors import Visitors

if TYPE_CHECKING:
    from pathlib import Path

ANY_INFO: Any = None


def request(session: str) -> Any:
    return SimpleNamespace(session_hash=session)


@pytest.fixture
def visitors(tmp_path: Path) -> Visitors:
    return Visitors(tmp_path, LoadedVideo(tmp_path / "a.mp4", tmp_path / "a.mp4", "a.mp4", ANY_INFO), lambda _: None)


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


def test_an_upload_that_another_visitor_has_too_is_kept(visitors: Visitors, tmp_path: Path) -> None:
    upload = tmp_path / "hash" / "same.mp4"
    upload.parent.mkdir()
    upload.touch()
    for session in ("one", "other"):
        visitors.of(request(session)).uploads.add(upload)
    visitors.leave(request("one"))
    assert upload.exists()
    visitors.leave(request("other"))
    assert not upload.exists()


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
