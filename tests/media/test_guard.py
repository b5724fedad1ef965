"""The guard against decoders that crash, hang or eat memory. What processes there are is asked of the system."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from tests.media import misbehaviour
from tests.media.clips import number_of, numbered_clip, numbered_frame, write_clip
from tests.ui.serving import wait_until
from vidtext.errors import CancelledError, DeviceError, MediaTooLargeError, NoVideoStreamError, UnreadableMediaError
from vidtext.job import Job, Progress
from vidtext.media.read.probe import probe
from vidtext.media.read.sample import sample
from vidtext.media.read.sampling import TimeRange
from vidtext.media.sandbox import fork_server
from vidtext.media.sandbox.guard import guarded, guarded_stream
from vidtext.media.sandbox.messages import End, UnmarkedTypeError, read_answer
from vidtext.media.shots.detect import find_shots
from vidtext.media.write.chapter_marks import ChapterMark, chaptered_suffix, write_with_chapters
from vidtext.media.write.clips import write_reel
from vidtext.media.write.preview import make_preview, plays_in_browsers
from vidtext.settings import Settings
from vidtext.tasks.footage import open_footage

PLAIN = Settings()
GUARDED = Settings().override(sandbox__enabled=True)
NOWHERE = Path("nowhere")


def small(**limits: Any) -> Settings:
    return Settings().override(sandbox__enabled=True, **limits)


def workers() -> list[int]:
    """List the workers that live, or were not buried: the children of our fork servers."""
    servers = [
        child for child in psutil.Process().children() if "vidtext.media.sandbox.worker" in " ".join(child.cmdline())
    ]
    return [worker.pid for server in servers for worker in server.children()]


@pytest.fixture(autouse=True)
def nothing_stays() -> Any:
    guarded(misbehaviour.own_id, NOWHERE, settings=GUARDED, job=Job())
    files = psutil.Process().num_fds()
    yield
    assert workers() == []
    assert psutil.Process().num_fds() <= files


class TestWhatAWorkerIs:
    def test_another_process_only_where_the_settings_say_so(self) -> None:
        assert guarded(misbehaviour.own_id, NOWHERE, settings=PLAIN, job=Job()) == os.getpid()
        assert guarded(misbehaviour.own_id, NOWHERE, settings=GUARDED, job=Job()) != os.getpid()

    def test_it_knows_no_secrets_and_holds_nothing_of_the_server(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HF_TOKEN", "hf_secret")
        monkeypatch.setenv("VIDTEXT_SECRET", "secret")
        fork_server._kept[0].stop()
        with Path(__file__).open("rb"):
            state: Any = guarded(misbehaviour.state, NOWHERE, settings=GUARDED, job=Job())

        assert not {"HF_TOKEN", "VIDTEXT_SECRET", "HOME"} & state["environment"].keys()
        assert "secret" not in str(state["environment"])
        assert state["modules"] == []
        assert state["files"] == ["/dev/null", "/dev/null", "/dev/null", "listing", "socket"]
        assert state["core"] == (0, 0)
        assert state["guard"] is False

    def test_a_fork_server_that_was_killed_is_started_again(self) -> None:
        before = fork_server._kept[0]._process.pid
        os.kill(before, signal.SIGKILL)
        assert guarded(misbehaviour.own_id, NOWHERE, settings=GUARDED, job=Job())
        assert fork_server._kept[0]._process.pid != before

    @pytest.mark.parametrize("work", [misbehaviour.hang, misbehaviour.hang_later])
    def test_work_ends_with_a_fork_server_that_is_killed(self, work: Any, tmp_path: Path) -> None:
        written = tmp_path / "id"
        killed: list[int] = []

        def kill() -> None:
            wait_until(written.exists, what="the worker")
            wait_until(written.read_text, what="its process id")
            killed.append(fork_server._kept[0]._process.pid)
            os.kill(killed[0], signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        with pytest.raises(DeviceError):
            list(guarded_stream(work, written, settings=GUARDED, job=Job()))
        killer.join()
        wait_until(lambda: not psutil.pid_exists(int(written.read_text())), what="the end of the worker")
        assert guarded(misbehaviour.own_id, NOWHERE, settings=GUARDED, job=Job())
        assert fork_server._kept[0]._process.pid != killed[0]

    def test_items_and_progress_come_in_order(self) -> None:
        told: list[Progress] = []
        items = list(guarded_stream(misbehaviour.count, NOWHERE, settings=GUARDED, job=Job(told.append)))
        assert items == list(range(10))
        assert told == [Progress(f"step {number}", number, 10) for number in range(10)]

    def test_a_stream_that_is_left_ends_its_worker(self) -> None:
        items = guarded_stream(misbehaviour.count, NOWHERE, settings=GUARDED, job=Job())
        assert next(items) == 0
        assert len(workers()) == 1
        items.close()
        assert workers() == []

    def test_an_error_for_a_person_comes_through(self) -> None:
        with pytest.raises(NoVideoStreamError, match=r"^No pictures\.$"):
            guarded(misbehaviour.say_no, NOWHERE, settings=GUARDED, job=Job())

    def test_a_defect_stays_loud(self) -> None:
        with pytest.raises(RuntimeError, match="ZeroDivisionError"):
            guarded(misbehaviour.be_wrong, NOWHERE, settings=GUARDED, job=Job())


class TestWhatItSurvives:
    def test_a_crash(self, caplog: pytest.LogCaptureFixture) -> None:
        with pytest.raises(UnreadableMediaError, match="made the program that decodes it crash"):
            guarded(misbehaviour.crash, NOWHERE, settings=GUARDED, job=Job())
        assert f"exit code {-signal.SIGSEGV}" in caplog.text

    def test_a_crash_in_the_middle(self) -> None:
        items = guarded_stream(misbehaviour.crash_later, NOWHERE, settings=GUARDED, job=Job())
        assert next(items) == 1
        with pytest.raises(UnreadableMediaError, match="crash"):
            next(items)

    def test_a_hang(self, tmp_path: Path) -> None:
        with pytest.raises(UnreadableMediaError, match="busy with one frame"):
            guarded(misbehaviour.hang, tmp_path / "id", settings=small(sandbox__silent_seconds=2.0), job=Job())
        assert not psutil.pid_exists(int((tmp_path / "id").read_text("utf-8")))

    @pytest.mark.parametrize("work", [misbehaviour.hang, misbehaviour.hang_stopping_signals])
    def test_a_stop_while_it_hangs(self, tmp_path: Path, work: Any) -> None:
        job, ended = Job(), []

        def run() -> None:
            with pytest.raises(CancelledError):
                guarded(work, tmp_path / "id", settings=GUARDED, job=job)
            ended.append(True)

        thread = threading.Thread(target=run)
        thread.start()
        wait_until(lambda: (tmp_path / "id").exists() and (tmp_path / "id").read_text("utf-8"), what="the worker")
        worker = int((tmp_path / "id").read_text("utf-8"))
        assert workers() == [worker]
        job.stop()
        thread.join(timeout=20)
        assert ended
        assert not psutil.pid_exists(worker)

    def test_work_without_end(self) -> None:
        with pytest.raises(MediaTooLargeError, match=r"more than 0\.5 seconds"):
            guarded(misbehaviour.spin, NOWHERE, settings=small(sandbox__total_seconds=0.5), job=Job())

    def test_memory_that_grows(self) -> None:
        with pytest.raises(MediaTooLargeError, match=r"more than 0\.3 GB of memory"):
            guarded(misbehaviour.eat_memory, NOWHERE, settings=small(sandbox__memory_bytes=300 << 20), job=Job())

    def test_memory_taken_at_once(self) -> None:
        with pytest.raises(MediaTooLargeError, match="more memory"):
            guarded(misbehaviour.eat_memory_at_once, NOWHERE, settings=GUARDED, job=Job())

    def test_a_file_without_end(self, tmp_path: Path) -> None:
        settings = small(sandbox__written_bytes=1 << 20)
        assert guarded(misbehaviour.fill_the_disk, tmp_path / "file", settings=settings, job=Job()) == 1 << 20

    def test_too_many_open_files(self) -> None:
        opened = guarded(misbehaviour.open_files, NOWHERE, settings=small(sandbox__open_files=20), job=Job())
        assert opened == 20 - 4  # the three of every process, and the connection

    def test_an_answer_that_would_run_code(self) -> None:
        with pytest.raises(UnreadableMediaError, match="broke the rules"):
            guarded(misbehaviour.send_a_bomb, NOWHERE, settings=GUARDED, job=Job())
        assert not Path("/tmp/vidtext-was-here").exists()

    def test_a_type_that_is_not_marked_is_a_defect_and_not_the_files_fault(self) -> None:
        with pytest.raises(UnmarkedTypeError, match=r"vidtext\.job\.Job"):
            read_answer(pickle.dumps(Job))

    def test_an_answer_of_unknown_kind(self) -> None:
        with pytest.raises(pickle.UnpicklingError, match="dict is no answer"):
            read_answer(pickle.dumps({}))
        assert read_answer(pickle.dumps(End(np.zeros(3)), protocol=pickle.HIGHEST_PROTOCOL)).value.tolist() == [0, 0, 0]

    def test_a_stop_leaves_no_part_of_a_file(self, tmp_path: Path) -> None:
        clip = numbered_clip(tmp_path / "clip.avi", 60, codec="mpeg4")

        def stop(progress: Progress) -> None:
            job.stop()

        job = Job(stop)
        with pytest.raises(CancelledError):
            make_preview(clip, tmp_path / "preview.mp4", settings=GUARDED, job=job)
        assert [path.name for path in tmp_path.iterdir()] == ["clip.avi"]


class TestTheSameWork:
    """Each way in gives the same, guarded or not."""

    @pytest.fixture(scope="class")
    @classmethod
    def clip(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        return numbered_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", 60)

    def test_probe(self, clip: Path) -> None:
        assert probe(clip, settings=GUARDED) == probe(clip)

    def test_sample(self, clip: Path) -> None:
        guarded_frames = sample(clip, at_seconds=[0.0, 1.7, 5.9], settings=GUARDED)
        assert [number_of(pixels) for pixels in guarded_frames.pixels] == [0, 17, 59]
        assert (guarded_frames.pixels == sample(clip, at_seconds=[0.0, 1.7, 5.9]).pixels).all()

    def test_large_frames(self, tmp_path: Path) -> None:
        clip = write_clip(tmp_path / "large.mp4", [numbered_frame(number, 960, 540) for number in range(12)])
        frames = sample(clip, frames=12, settings=GUARDED)
        assert [number_of(pixels) for pixels in frames.pixels] == list(range(12))

    def test_shots(self, clip: Path) -> None:
        assert find_shots(clip, settings=GUARDED) == find_shots(clip)

    def test_footage(self, clip: Path) -> None:
        def seen(settings: Settings) -> Any:
            with open_footage(clip, settings, Job()) as footage:
                read = [picture.seconds for picture in footage.read([0.5, 2.5], 20, 2)]
                scans = list(footage.scan("exact", 1.0, 20))
                pictures = [(picture.seconds, picture.pixels.tolist()) for scan in scans for picture in scan.pictures]
                return footage.duration_seconds, read, scans[-1].shots, [len(scan.shots) for scan in scans], pictures

        assert seen(GUARDED) == seen(PLAIN)

    def test_preview(self, clip: Path, tmp_path: Path) -> None:
        assert plays_in_browsers(clip, settings=GUARDED)
        assert make_preview(clip, tmp_path / "preview.mp4", settings=GUARDED) == ()
        assert probe(tmp_path / "preview.mp4").duration_seconds == probe(clip).duration_seconds

    def test_reel(self, clip: Path, tmp_path: Path) -> None:
        spans = [TimeRange(1.0, 2.0), TimeRange(3.0, 4.5)]
        made = write_reel(clip, tmp_path / "a.mp4", spans, settings=GUARDED, job=Job())
        assert made == write_reel(clip, tmp_path / "b.mp4", spans, settings=PLAIN, job=Job())
        assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()

    def test_chapters(self, clip: Path, tmp_path: Path) -> None:
        marks = [ChapterMark(0.0, 3.0, "One"), ChapterMark(3.0, 6.0, "Two")]
        assert chaptered_suffix(clip, settings=GUARDED) == ".mp4"
        write_with_chapters(clip, tmp_path / "a.mp4", marks, settings=GUARDED, job=Job())
        write_with_chapters(clip, tmp_path / "b.mp4", marks, job=Job())
        assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
