from __future__ import annotations

import os
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np
import pytest

from tests.media.clips import numbered_clip
from tests.ui.serving import wait_until
from vidtext.errors import SourceError, SourceRefusedError
from vidtext.job import Job
from vidtext.media.read.frames import Frames
from vidtext.settings import Settings
from vidtext.ui.framework.jobs import Work
from vidtext.ui.session.results import FINISHED, Kept, Subject
from vidtext.ui.session.sessions import Visitors
from vidtext.ui.video.panel import _Handlers, video_of
from vidtext.ui.video.videos import LoadedVideo

if TYPE_CHECKING:
    from collections.abc import Iterator

ANY_INFO: Any = None


@dataclass(frozen=True)
class Pictured:
    clips: tuple[Frames, ...]


def request(session: str, place: str | None = None, *, token: str = "") -> Any:
    headers = {"x-vidtext-place": place, "x-vidtext-visit": token}
    return SimpleNamespace(session_hash=session, headers={name: value for name, value in headers.items() if value})


TOKEN, OTHER = "0123456789abcdef" * 2, "f" * 32
GRACE_SECONDS, LOST_SECONDS = 30, 300


def of_cache(cache: Path, first: Any, closing: Job) -> Visitors:
    """Visitors with small limits."""
    return Visitors(
        cache,
        first,
        lambda _: None,
        grace_seconds=GRACE_SECONDS,
        lost_seconds=LOST_SECONDS,
        keep_seconds=600,
        keep_unclaimed_seconds=300,
        most=4,
        most_bytes=1000,
        closing=closing,
    )


@pytest.fixture
def visitors(tmp_path: Path) -> Visitors:
    first = LoadedVideo(tmp_path / "a.mp4", tmp_path / "a.mp4", "a.mp4", ANY_INFO)
    return of_cache(tmp_path, first, Job())


def test_a_visit_has_things_of_its_own(visitors: Visitors) -> None:
    one, other = visitors.of(request("one")), visitors.of(request("other"))
    assert one is visitors.of(request("one"))
    assert one is not other
    assert one.folder != other.folder


def upload(cache: Path, name: str) -> Path:
    """A file as Gradio stores an upload."""
    file = cache / sha256(name.encode()).hexdigest() / name
    file.parent.mkdir()
    file.touch()
    return file


def shown(source: Path, player: Path | None = None) -> LoadedVideo:
    return LoadedVideo(source, player or source, source.name, ANY_INFO)


def test_leaving_ends_the_work_and_deletes_the_files(visitors: Visitors, tmp_path: Path) -> None:
    visitor, jobs = visitors.of(request("one")), [Job(), Job()]
    visitor.jobs |= {"video": jobs[0], "caption": jobs[1]}
    (visitor.folder / "preview.mp4").touch()
    visitor.bring(upload(tmp_path, "replaced.mp4"))
    visitor.lists("batch", [upload(tmp_path, "listed.mp4")])
    (visitor.new_place() / "download.mp4").touch()
    visitors.goodbye(request("one"))
    visitors.leave(request("one"))  # the connection breaks too
    visitors.see_off_left(time.monotonic() + GRACE_SECONDS + 1)
    assert all(job.stopped for job in jobs)
    assert list(tmp_path.iterdir()) == []
    visitors.leave(request("one"))  # a second time does no harm


@pytest.mark.parametrize("said_first", [True, False])
def test_a_tab_that_is_loaded_again_finds_everything(visitors: Visitors, *, said_first: bool) -> None:
    visitor = visitors.of(request("one", token=TOKEN))
    ends = (visitors.goodbye, visitors.leave)
    for end in ends if said_first else reversed(ends):
        end(request("one", token=TOKEN if end == visitors.goodbye else ""))
    now = time.monotonic()
    visitors.see_off_left(now + GRACE_SECONDS - 1)
    assert visitors.known(request("two", token=TOKEN)) is visitor
    visitors.see_off_left(now + 10 * LOST_SECONDS)
    assert visitors.of(request("two", token=TOKEN)) is visitor


def test_what_the_old_page_still_asks_for_does_not_keep_a_visit(visitors: Visitors) -> None:
    visitors.of(request("one", token=TOKEN))
    visitors.goodbye(request("one", token=TOKEN))
    visitors.of(request("one", token=TOKEN))
    visitors.see_off_left(time.monotonic() + GRACE_SECONDS + 1)
    assert visitors.known(request("one", token=TOKEN)) is None


def test_a_broken_connection_is_waited_for_longer(visitors: Visitors) -> None:
    visitor = visitors.of(request("one", token=TOKEN))
    visitors.leave(request("one"))
    visitors.see_off_left(time.monotonic() + LOST_SECONDS - 1)
    assert visitors.known(request("one", token=TOKEN)) is visitor  # which was asleep
    visitors.see_off_left(time.monotonic() + 10 * LOST_SECONDS)
    visitors.leave(request("one"))
    visitors.see_off_left(time.monotonic() + LOST_SECONDS + 1)
    assert visitors.known(request("one", token=TOKEN)) is None


def test_a_visit_is_found_by_its_token_alone(visitors: Visitors) -> None:
    visitor = visitors.of(request("one", token=TOKEN))
    assert visitors.of(request("one", token=OTHER)) is not visitor
    assert visitors.of(request("one")) is not visitor
    for made_up in (TOKEN[:-1], TOKEN.upper(), TOKEN + "0", "session one", "../" + TOKEN[3:]):
        assert visitors.of(request("none", token=made_up)) is visitors.of(request("none"))
    visitors.goodbye(request("one", token=OTHER))  # a stranger who knows the session
    visitors.see_off_left(time.monotonic() + GRACE_SECONDS + 1)
    assert visitors.known(request("one", token=TOKEN)) is visitor


def test_no_more_sessions_of_a_visit_are_remembered_than_a_few(visitors: Visitors) -> None:
    for number in range(1000):
        visitors.of(request(f"session {number}", token=TOKEN))
    assert len(visitors.of(request("last", token=TOKEN)).sessions) < 10


def test_whoever_asks_for_nothing_leaves_after_a_while_unless_work_goes_on(visitors: Visitors) -> None:
    idle, busy = visitors.of(request("idle")), visitors.of(request("busy"))
    folders = idle.folder, busy.folder
    with busy.at_work("caption", Job()):
        visitors.clean(time.monotonic() + 599)
        assert visitors.of(request("idle")) is idle

        visitors.clean(time.monotonic() + 601)
    assert [folder.exists() for folder in folders] == [False, True]
    assert visitors.of(request("idle")) is not idle
    assert visitors.of(request("busy")) is busy


def test_work_that_took_longer_than_anybody_is_waited_for_leaves_its_result(visitors: Visitors) -> None:
    visitor = visitors.of(request("one"))
    with visitor.at_work("batch", Job()):
        visitor.seen_seconds = time.monotonic() - 601
    visitors.clean(time.monotonic())
    assert visitors.of(request("one")) is visitor


def test_for_one_more_who_was_idle_for_longest_leaves(visitors: Visitors) -> None:
    first, *others = (visitors.of(request(name)) for name in "abcd")
    folder = first.folder
    with others[0].at_work("caption", Job()):
        others[0].seen_seconds = 0.0
        visitors.of(request("e"))
        assert not folder.exists()
        assert visitors.of(request("b")) is others[0]
    assert visitors.of(request("d")) is others[2]


def test_when_results_take_too_much_memory_who_was_idle_for_longest_leaves(visitors: Visitors) -> None:
    for seen, name in enumerate(("no result", "first", "at work", "last")):
        visitor = visitors.of(request(name))
        visitor.seen_seconds = float(seen)
        if name != "no result":
            pixels = np.zeros((1, 10, 12, 3), np.uint8)  # 360 bytes, and 8 of its time
            visitor.results["chapters"] = Kept(Pictured((Frames(pixels, np.zeros(1)),)), FINISHED)
    visitors.of(request("at work")).seen_seconds = 2.0

    with visitors.of(request("at work")).at_work("chapters", Job()):
        visitors.of(request("at work")).seen_seconds = 0.5
        visitors.clean(10.0)

    assert sorted(visitors._visitors) == [f"session {name}" for name in ("at work", "last", "no result")]
    visitors.clean(11.0)
    assert sorted(visitors._visitors) == [
        f"session {name}" for name in ("at work", "last", "no result")
    ]  # 736 bytes are not too many


def test_what_nobody_needs_goes_after_a_while(visitors: Visitors, tmp_path: Path) -> None:
    visitor, now = visitors.of(request("here")), time.monotonic()
    names = ("film.mkv", "earlier.mp4", "listed.mp4", "not listed any more.mp4")
    film, earlier, listed, unlisted = (upload(tmp_path, name) for name in names)
    place = visitor.new_place()
    visitor.bring(earlier)
    visitor.bring(film)
    visitor.video = shown(film, place / "preview.mp4")
    visitor.lists("chat", [unlisted])
    visitor.lists("chat", [listed])
    (visitor.folder / "chapters.srt").touch()
    upload(tmp_path, "of a program.mp4")
    (tmp_path / "emptied").mkdir()
    (arriving := tmp_path / "arriving").write_bytes(b"1")
    everything = set(tmp_path.rglob("*"))
    for seconds in (0, 150, 299):
        visitors.clean(now + seconds)
    assert set(tmp_path.rglob("*")) == everything

    arriving.write_bytes(b"12")
    visitors.clean(now + 301)
    assert set(tmp_path.iterdir()) == {film.parent, place, listed.parent, visitor.folder, arriving}
    assert list(visitor.folder.iterdir())
    assert film.exists()


def test_all_that_a_visitor_brought_stays_while_work_goes_on(visitors: Visitors, tmp_path: Path) -> None:
    visitor, now = visitors.of(request("here")), time.monotonic()
    replaced, theirs = upload(tmp_path, "replaced.mp4"), upload(tmp_path, "of a program.mp4")
    visitor.bring(replaced)
    with visitor.at_work("caption", Job()), visitors.claimed(theirs), visitors.claimed(theirs):
        for seconds in (0, 301):
            visitors.clean(now + seconds)
        assert replaced.exists()
        assert theirs.exists()
    for seconds in (302, 603):
        visitors.clean(now + seconds)
    assert not replaced.exists()
    assert not theirs.exists()


def test_only_uploads_are_taken_for_uploads(visitors: Visitors, tmp_path: Path) -> None:
    example = upload(tmp_path, "example.mp4")
    visitors.keep_clean(3600)
    mine, other = upload(tmp_path, "mine.mp4"), visitors.of(request("other"))
    (other.folder / "chapters.srt").touch()
    (other.new_place() / "download.mp4").touch()
    (tmp_path.parent / "outside.mp4").touch()
    (tmp_path / ("0" * 64)).symlink_to(other.folder)
    assert visitors.uploaded(str(mine)) == mine.resolve()
    made_up = [
        tmp_path,
        mine.parent,
        tmp_path / "nothing.json",
        mine.parent / "nothing.json",
        example,
        *other.folder.iterdir(),
        *(place / "download.mp4" for place in other.places),
        tmp_path / ("0" * 64) / "chapters.srt",
        tmp_path.parent / "outside.mp4",
        mine.parent / ".." / ".." / "outside.mp4",
        Path("/etc/passwd"),
    ]
    for path in made_up:
        with pytest.raises(SourceRefusedError):
            visitors.uploaded(str(path))


def test_a_defect_does_not_end_the_cleaning(visitors: Visitors, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: list[float] = []

    def fail(now: float) -> None:
        rounds.append(now)
        raise RuntimeError

    monkeypatch.setattr(visitors, "clean", fail)
    visitors.keep_clean(0.01)
    wait_until(lambda: len(rounds) > 2, what="another round")
    visitors._closing.stop()


def test_a_jump_of_the_clock_deletes_nothing(visitors: Visitors, tmp_path: Path) -> None:
    arrived = upload(tmp_path, "a.mp4")
    os.utime(arrived, (0, 0))
    os.utime(arrived.parent, (0, 0))
    for _ in range(3):
        visitors.clean(time.monotonic())
    assert arrived.exists()


def test_what_the_page_itself_shows_stays(tmp_path: Path) -> None:
    closing = Job()
    visitors = of_cache(tmp_path, ANY_INFO, closing)
    example = upload(tmp_path, "example.mp4")
    visitors.keep_clean(3600)
    for seconds in (0, 601, 1203):
        visitors.clean(time.monotonic() + seconds)
    assert example.exists()
    closing.stop()


def test_the_end_of_the_server_ends_all_work(tmp_path: Path) -> None:
    closing = Job()
    visitors = of_cache(tmp_path, ANY_INFO, closing)
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


def test_stop_ends_what_was_asked_for_before_it_only(visitors: Visitors) -> None:
    visitor = visitors.of(request("one"))
    visitor.end("chat", request("one", "9"))
    assert [visitor.was_ended("chat", request("one", place)) for place in ("8", "9", "10")] == [True, False, False]
    assert not visitor.was_ended("caption", request("one", "8"))


@pytest.mark.parametrize("place", [None, "-1", "much", "1e9"])
def test_a_place_that_is_none_is_the_first(visitors: Visitors, place: str | None) -> None:
    visitor = visitors.of(request("one"))
    visitor.end("chat", request("one", place))
    assert not visitor.was_ended("chat", request("one", place))


def test_a_new_job_stops_the_one_before_of_the_same_purpose_only(visitors: Visitors) -> None:
    visitor, first, other, second = visitors.of(request("one")), Job(), Job(), Job()
    with visitor.at_work("video", other), visitor.at_work("caption", first):
        with visitor.at_work("caption", second):
            assert (first.stopped, other.stopped, second.stopped) == (True, False, False)
        assert list(visitor.jobs) == ["video"]
    assert not visitor.jobs


def test_a_video_that_has_come_is_no_work_any_more(visitors: Visitors, tmp_path: Path) -> None:
    film = upload(tmp_path, "film.mp4")
    numbered_clip(film, 5)
    panel = _Handlers((), Settings(), visitors, gr.UploadButton(), gr.Textbox())
    assert list(panel.upload(str(film), request("one")))
    visitor = visitors.of(request("one"))
    assert visitor.video is not None
    assert visitor.video.source == film
    assert not visitor.jobs


def test_the_model_reads_the_original_where_the_player_shows_a_preview(visitors: Visitors, tmp_path: Path) -> None:
    visitor = visitors.of(request("one"))
    for name in ("original.mkv", "preview-1.mp4"):
        (tmp_path / name).write_bytes(b"x")
    visitor.show(shown(tmp_path / "original.mkv", tmp_path / "preview-1.mp4"))
    assert visitor.video is not None
    assert video_of(visitor, visitor.video.key).source == tmp_path / "original.mkv"


def test_work_is_only_begun_on_the_video_that_the_browser_shows(visitors: Visitors, tmp_path: Path) -> None:
    visitor = visitors.of(request("one"))
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).write_bytes(b"x")
    before = visitor.video
    assert before is not None
    visitor.show(None)
    with pytest.raises(SourceError, match="no video yet"):
        video_of(visitor, before.key)
    visitor.show(another := shown(tmp_path / "b.mp4"))
    with pytest.raises(SourceError, match=r"b\.mp4"):
        video_of(visitor, before.key)
    with pytest.raises(SourceError, match="Load it again"):
        video_of(visitor, "of a visit that is over")
    assert video_of(visitor, another.key) is another
    with visitor.at_work("video", Job()), pytest.raises(SourceError, match="being prepared"):
        video_of(visitor, another.key)
    another.source.unlink()
    with pytest.raises(SourceError, match="Load it again"):
        video_of(visitor, another.key)


def test_the_same_file_brought_in_again_is_another_video(tmp_path: Path) -> None:
    assert shown(tmp_path / "a.mp4").key != shown(tmp_path / "a.mp4").key


def test_another_video_takes_all_with_it_that_is_about_the_one_before(visitors: Visitors, tmp_path: Path) -> None:
    visitor, jobs = visitors.of(request("one")), [Job(), Job(), Job()]
    visitor.results |= {
        "chapters": Kept("of the video", FINISHED, visitor.subject),
        "batch": Kept("of others", FINISHED, Subject("batch")),
    }
    visitor.strip = "frames", "note"
    visitor.jobs |= {"caption": jobs[0], "batch": jobs[1], "video": jobs[2]}
    visitor.show(shown(tmp_path / "b.mp4"))
    assert list(visitor.results) == ["batch"]
    assert visitor.cleared == {"chapters"}
    assert visitor.strip == ("", "")
    assert [job.stopped for job in jobs] == [True, False, False]


def test_a_cache_behind_a_link_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    cache, now = tmp_path / "link", time.monotonic()
    visitors = of_cache(cache, ANY_INFO, Job())
    example = upload(cache, "example.mp4")
    visitors.keep_clean(3600)
    film, visitor = visitors.uploaded(str(upload(cache, "film.mp4"))), visitors.of(request("one"))
    visitor.video = shown(film, visitor.new_place() / "preview.mp4")
    (visitor.folder / "chapters.srt").touch()
    stray = upload(cache, "stray.mp4")
    with pytest.raises(SourceRefusedError):
        visitors.uploaded(str(example))
    for seconds in (0, 301):
        visitors.clean(now + seconds)
    assert film.exists()
    assert example.exists()
    assert list(visitor.folder.iterdir())
    assert all(place.exists() for place in visitor.places)
    assert not stray.exists()
