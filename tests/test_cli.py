import errno
import io
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import IO

import av
import numpy as np
import pytest

from tests.warm import warm_python
from training.scenes import Actor, ToyScene
from training.world import render_scene, write_video
from vidtext import cli
from vidtext.cli.output import write
from vidtext.errors import MediaError, ModelError, SourceError, UnknownModelError, VidtextError
from vidtext.job import Job
from vidtext.models.base import ModelInfo
from vidtext.settings import Settings
from vidtext.tasks.caption import CaptionResult
from vidtext.tasks.options import CaptionOptions
from vidtext.text.timed import Segment, TimedText

CARD = ModelInfo("fake", "git", "MIT", 6, 224, "crop", 64, 0, "Nothing.")
WINDOWS = (Segment(0, 5, "a man walks"), Segment(5, 10, "a dog runs"), Segment(10, 12, "an empty street"))
TXT = "[0:00–0:05] a man walks\n[0:05–0:10] a dog runs\n[0:10–0:12] an empty street\n"
TXT_OF_TWO = "".join(TXT.splitlines(keepends=True)[:2])

Step = Callable[[int, Job], None]
"""What happens before a window is finished: gets its number."""


class FakeStream:
    """Stands in for `caption_stream`: three windows, and whatever else a test wants to happen between them."""

    def __init__(self) -> None:
        self.calls: list[tuple[str | bytes, CaptionOptions, Settings]] = []
        self.before_window: Step = lambda *_: None
        self.notes: tuple[str, ...] = ()

    def __call__(
        self, source: str | bytes, options: CaptionOptions, *, settings: Settings, job: Job
    ) -> Iterator[CaptionResult]:
        self.calls.append((source, options, settings))
        text = TimedText((), model="fake", notes=self.notes)
        for index, window in enumerate(WINDOWS):
            self.before_window(index, job)
            text = text.followed_by(window)
            yield CaptionResult(text, (), CARD, "cpu", index + 1, len(WINDOWS), 0.1)


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeStream]:
    fake = FakeStream()
    monkeypatch.setattr("vidtext.tasks.caption.caption_stream", fake)
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")  # main would set it for the rest of the tests
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield fake
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of 64 by 48 at 12 frames a second."""
    path = tmp_path_factory.mktemp("cli") / "clip.mp4"
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=12, width=64, height=48, pix_fmt="yuv420p")
        for index in range(24):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 10 * index, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def vidtext(
    *arguments: str | Path, stdin: IO[bytes] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [warm_python(), "-m", "vidtext", *arguments],
        capture_output=True,
        timeout=240,
        check=False,
        stdin=stdin,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )


class TestResult:
    @pytest.mark.usefixtures("stream")
    def test_goes_to_standard_output_as_plain_text(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert cli.main(["caption", "clip.mp4"]) == 0
        assert capsys.readouterr() == (TXT, "")

    @pytest.mark.parametrize(
        ("name", "start"),
        [
            ("srt", "1\n00:00:00,000 --> 00:00:05,000\na man walks\n\n2\n"),
            ("vtt", "WEBVTT\n\n00:00:00.000 --> 00:00:05.000\na man walks\n\n"),
            ("csv", "start_seconds,stop_seconds,text\r\n0.000,5.000,a man walks\r\n"),
            ("json", '{\n  "model": "fake",\n  "segments": [\n'),
            ("txt", TXT),
        ],
    )
    @pytest.mark.usefixtures("stream")
    def test_has_the_format_asked_for(self, capsysbinary: pytest.CaptureFixture[bytes], name: str, start: str) -> None:
        assert cli.main(["caption", "clip.mp4", "--format", name]) == 0
        assert capsysbinary.readouterr().out.startswith(start.encode())

    @pytest.mark.usefixtures("stream")
    def test_json_is_a_format_of_its_own(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert cli.main(["caption", "clip.mp4", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["segments"][0]["text"] == "a man walks"

    def test_notes_go_to_standard_error(self, stream: FakeStream, capsys: pytest.CaptureFixture[str]) -> None:
        stream.notes = ("2 frames were\ndamaged.", "The model was substituted.")
        assert cli.main(["caption", "clip.mp4"]) == 0
        assert capsys.readouterr() == (
            TXT,
            "vidtext: note: 2 frames were damaged.\nvidtext: note: The model was substituted.\n",
        )

    def test_what_libraries_print_stays_off_it(self, stream: FakeStream, capsys: pytest.CaptureFixture[str]) -> None:
        stream.before_window = lambda *_: print("Loading weights")  # noqa: T201
        assert cli.main(["caption", "clip.mp4"]) == 0
        assert capsys.readouterr() == (TXT, 3 * "Loading weights\n")


class TestOptions:
    def test_of_nothing_are_the_defaults(self, stream: FakeStream) -> None:
        assert cli.main(["caption", "clip.mp4"]) == 0
        assert stream.calls == [("clip.mp4", CaptionOptions(), Settings())]

    def test_all_arrive(self, stream: FakeStream) -> None:
        line = "caption clip.mp4 --every 0:05.5 --start 90 --stop 1:02:03,5 --model m --fit pad --max-new-tokens 7"
        assert cli.main(line.split()) == 0
        assert stream.calls[0][1] == CaptionOptions(
            model="m", every_seconds=5.5, start_seconds=90, stop_seconds=3723.5, fit="pad", max_new_tokens=7
        )

    def test_come_from_the_environment_too(self, stream: FakeStream, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("VIDTEXT_MODELS__DEFAULT", "my/model")
        monkeypatch.setenv("VIDTEXT_LIMITS__MAX_WINDOWS", "5")
        assert cli.main(["caption", "clip.mp4"]) == 0
        _, options, settings = stream.calls[0]
        assert options.model == "my/model"
        assert settings == Settings().override(models__default="my/model", limits__max_windows=5)

    def test_standard_input_is_a_video(self, stream: FakeStream, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\x00\xff a video")))
        assert cli.main(["caption", "-"]) == 0
        assert stream.calls[0][0] == b"\x00\xff a video"

    def test_standard_input_is_read_no_further_than_the_limit(
        self, stream: FakeStream, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("VIDTEXT_LIMITS__MAX_SOURCE_BYTES", "10")
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(bytes(100))))
        cli.main(["caption", "-"])
        assert stream.calls[0][0] == bytes(11)

    def test_a_terminal_is_no_video(
        self, stream: FakeStream, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        terminal = io.TextIOWrapper(io.BytesIO())
        monkeypatch.setattr(terminal, "isatty", lambda: True)
        monkeypatch.setattr("sys.stdin", terminal)
        assert cli.main(["caption", "-"]) == 2
        assert "Pipe a file into it" in capsys.readouterr().err
        assert stream.calls == []


class TestErrors:
    @pytest.mark.parametrize(
        ("error", "exit_code"),
        [(VidtextError, 1), (SourceError, 3), (MediaError, 4), (ModelError, 5), (UnknownModelError, 5)],
    )
    def test_are_one_line_and_an_exit_code(
        self,
        stream: FakeStream,
        capsys: pytest.CaptureFixture[str],
        error: type[VidtextError],
        exit_code: int,
    ) -> None:
        def fail(index: int, job: Job) -> None:
            raise error("It did not work.\nTry again.")

        stream.before_window = fail
        assert cli.main(["caption", "clip.mp4"]) == exit_code
        assert capsys.readouterr() == ("", "vidtext: It did not work. Try again.\n")

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("", "the following arguments are required: COMMAND. See python -m vidtext --help."),
            ("caption", "the following arguments are required: VIDEO. See python -m vidtext caption --help."),
            ("caption a.mp4 --start soon", "--start: 'soon' is not a time. Write seconds (90), minutes (1:30)"),
            ("caption a.mp4 --every -5", "--every: '-5' is not a time."),
            ("caption a.mp4 --stop 1:75", "--stop: '1:75' is not a time: the numbers behind a colon go up to 59."),
            ("caption a.mp4 --fit stretch", "--fit: invalid choice: 'stretch' (choose from"),
            ("caption a.mp4 --format doc", "--format: invalid choice: 'doc'"),
            ("caption a.mp4 --max-new-tokens few", "--max-new-tokens: invalid int value: 'few'"),
            ("caption a.mp4 --shiny", "unrecognized arguments: --shiny"),
        ],
    )
    def test_wrong_options_are_such_errors_too(
        self, stream: FakeStream, capsys: pytest.CaptureFixture[str], line: str, said: str
    ) -> None:
        assert cli.main(line.split()) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("vidtext: ")
        assert said in err
        assert err.count("\n") == 1
        assert stream.calls == []

    @pytest.mark.usefixtures("stream")
    def test_a_wrong_setting_is_one_as_well(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("VIDTEXT_LIMITS__MAX_FRAMES", "many")
        assert cli.main(["caption", "clip.mp4"]) == 2
        said = "vidtext: VIDTEXT_LIMITS__MAX_FRAMES='many' is not possible; it must be a whole number.\n"
        assert capsys.readouterr().err == said

    def test_a_defect_stays_loud(self, stream: FakeStream) -> None:
        def fail(index: int, job: Job) -> None:
            raise ZeroDivisionError

        stream.before_window = fail
        with pytest.raises(ZeroDivisionError):
            cli.main(["caption", "clip.mp4"])


def fail_at_third(error: BaseException) -> Step:
    def step(index: int, job: Job) -> None:
        if index == 2:
            raise error

    return step


class TestWhatWasFinishedIsKept:
    def test_after_ctrl_c(self, stream: FakeStream, capsys: pytest.CaptureFixture[str]) -> None:
        def press(index: int, job: Job) -> None:
            if index == 2:
                signal.raise_signal(signal.SIGINT)
                job.check()

        stream.before_window = press
        assert cli.main(["caption", "clip.mp4"]) == 130
        out, err = capsys.readouterr()
        assert out == TXT_OF_TWO
        assert err.splitlines() == [
            "vidtext: note: Incomplete: 2 of 3 windows are captioned.",
            "vidtext: Stopped. What was finished before is kept.",
        ]

    def test_after_a_second_ctrl_c_where_nothing_looks_for_the_first(
        self, stream: FakeStream, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def press(index: int, job: Job) -> None:
            if index == 2:
                signal.raise_signal(signal.SIGINT)
                signal.raise_signal(signal.SIGINT)

        stream.before_window = press
        assert cli.main(["caption", "clip.mp4"]) == 130
        out, err = capsys.readouterr()
        assert out == TXT_OF_TWO
        assert err.endswith("vidtext: Stopped.\n")

    def test_nothing_when_nothing_was(self, stream: FakeStream, capsys: pytest.CaptureFixture[str]) -> None:
        def press(index: int, job: Job) -> None:
            signal.raise_signal(signal.SIGINT)
            job.check()

        stream.before_window = press
        assert cli.main(["caption", "clip.mp4", "--format", "json"]) == 130
        assert capsys.readouterr() == ("", "vidtext: Stopped. What was finished before is kept.\n")

    def test_after_an_error_and_the_document_says_so(
        self, stream: FakeStream, capsys: pytest.CaptureFixture[str]
    ) -> None:
        stream.before_window = fail_at_third(ModelError("Out of memory."))
        assert cli.main(["caption", "clip.mp4", "--format", "json"]) == 5
        document = json.loads(capsys.readouterr().out)
        assert [segment["text"] for segment in document["segments"]] == ["a man walks", "a dog runs"]
        assert document["notes"] == ["Incomplete: 2 of 3 windows are captioned."]

    def test_after_a_defect_in_the_output_file(self, stream: FakeStream, tmp_path: Path) -> None:
        stream.before_window = fail_at_third(ZeroDivisionError())
        with pytest.raises(ZeroDivisionError):
            cli.main(["caption", "clip.mp4", "--output", str(tmp_path / "out.txt")])
        assert (tmp_path / "out.txt").read_text() == TXT_OF_TWO


class TestOutput:
    @pytest.fixture
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Be in a folder with a video under two names and another file."""
        monkeypatch.chdir(tmp_path)
        Path("file").touch()
        Path("clip.mp4").write_bytes(b"a video")
        Path("same.mp4").hardlink_to("clip.mp4")

    @pytest.mark.parametrize(
        ("name", "start"),
        [("a.vtt", "WEBVTT"), ("a.SRT", "1\n00:"), ("a.json", "{"), ("a", "[0:00"), ("a.log", "[0:00")],
    )
    @pytest.mark.usefixtures("stream")
    def test_takes_its_format_from_the_name(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, start: str
    ) -> None:
        assert cli.main(["caption", "clip.mp4", "--output", str(tmp_path / name)]) == 0
        assert (tmp_path / name).read_text().startswith(start)
        assert capsys.readouterr() == ("", "")
        assert [path.name for path in tmp_path.iterdir()] == [name]

    def test_may_exist_where_the_video_is_no_file(self, stream: FakeStream, tmp_path: Path) -> None:
        (tmp_path / "a.txt").touch()
        address = "data:video/mp4;base64," + 5000 * "A"
        assert cli.main(["caption", address, "--output", str(tmp_path / "a.txt")]) == 0
        assert stream.calls[0][0] == address

    @pytest.mark.usefixtures("stream")
    def test_a_format_that_was_named_wins(self, tmp_path: Path) -> None:
        assert cli.main(["caption", "clip.mp4", "--format", "csv", "--output", str(tmp_path / "a.txt")]) == 0
        assert (tmp_path / "a.txt").read_bytes().startswith(b"start_seconds,stop_seconds,text\r\n")

    def test_replaces_a_file_whole_and_keeps_its_permissions(self, stream: FakeStream, tmp_path: Path) -> None:
        output = tmp_path / "a.txt"
        output.write_text("old" * 1000)
        output.chmod(0o640)
        seen = []
        stream.before_window = lambda *_: seen.append(output.read_text())
        assert cli.main(["caption", "clip.mp4", "--output", str(output)]) == 0
        assert seen == 3 * ["old" * 1000]
        assert output.read_text() == TXT
        assert stat.S_IMODE(output.stat().st_mode) == 0o640

    @pytest.mark.usefixtures("stream")
    def test_follows_a_link_instead_of_replacing_it(self, tmp_path: Path) -> None:
        (tmp_path / "there").mkdir()
        link = tmp_path / "link.txt"
        link.symlink_to(tmp_path / "there" / "a.txt")
        assert cli.main(["caption", "clip.mp4", "--output", str(link)]) == 0
        assert link.is_symlink()
        assert (tmp_path / "there" / "a.txt").read_text() == TXT

    @pytest.mark.usefixtures("stream")
    def test_a_new_file_has_the_permissions_of_any_new_file(self, tmp_path: Path) -> None:
        (tmp_path / "other").touch()
        assert cli.main(["caption", "clip.mp4", "--output", str(tmp_path / "a.txt")]) == 0
        assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "other").stat().st_mode

    @pytest.mark.parametrize(
        ("output", "said"),
        [
            ("missing/a.txt", "cannot be written: No such file or directory."),
            ("file/a.txt", "cannot be written: Not a directory."),
            (300 * "a", "cannot be written: File name too long."),
            (".", "is not an ordinary file."),
            ("/dev/null", "is not an ordinary file."),
            ("clip.mp4", "is the video itself."),
            ("same.mp4", "is the video itself."),
        ],
    )
    @pytest.mark.usefixtures("folder")
    def test_that_cannot_be_is_told_before_the_work(
        self, stream: FakeStream, capsys: pytest.CaptureFixture[str], output: str, said: str
    ) -> None:
        assert cli.main(["caption", "clip.mp4", "--output", output]) == 2
        assert said in capsys.readouterr().err
        assert stream.calls == []
        assert Path("clip.mp4").read_bytes() == b"a video"

    @pytest.mark.usefixtures("stream")
    def test_leaves_the_old_file_and_no_part_of_the_new_one_when_the_disk_is_full(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def fill(path: Path, data: bytes) -> None:
            with path.open("wb") as file:
                file.write(data[:10])
            raise OSError(errno.ENOSPC, "No space left on device")

        (tmp_path / "a.txt").write_text("old")
        monkeypatch.setattr(Path, "write_bytes", fill)
        assert cli.main(["caption", "clip.mp4", "--output", str(tmp_path / "a.txt")]) == 1
        assert capsys.readouterr().err == f"vidtext: {tmp_path / 'a.txt'} cannot be written: No space left on device.\n"
        assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "old")]

    def test_two_that_write_at_once_do_not_mix_though_their_processes_have_one_number(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As in two containers that write into one folder: each is process 1."""
        real = Path.write_bytes

        def interrupted(path: Path, data: bytes) -> int:
            monkeypatch.setattr(Path, "write_bytes", real)
            written = path.write_bytes(data)
            write("second", tmp_path / "b.txt")
            return written

        monkeypatch.setattr(os, "getpid", lambda: 1)
        monkeypatch.setattr(Path, "write_bytes", interrupted)
        write("first", tmp_path / "a.txt")
        assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.txt": "first", "b.txt": "second"}

    def test_a_lone_surrogate_costs_no_document(
        self, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
    ) -> None:
        write("a \ud83d b", tmp_path / "a.txt")
        write("a \ud83d b", None)
        assert (tmp_path / "a.txt").read_bytes() == capsysbinary.readouterr().out == b"a ? b"

    def test_is_not_written_when_nothing_was_finished(self, stream: FakeStream, tmp_path: Path) -> None:
        stream.before_window = lambda _, job: fail_at_third(ModelError("No."))(2, job)
        assert cli.main(["caption", "clip.mp4", "--output", str(tmp_path / "a.txt")]) == 5
        assert list(tmp_path.iterdir()) == []


class TestProgress:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    @staticmethod
    def report(index: int, job: Job) -> None:
        job.report("downloading", 5, 0)
        job.report("writing", index, 3)

    def test_is_one_live_line_on_a_terminal_gone_at_the_end(
        self, stream: FakeStream, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        stream.before_window = self.report
        terminal = self.Terminal()
        monkeypatch.setattr("sys.stderr", terminal)
        assert cli.main(["caption", "clip.mp4"]) == 0
        shown = terminal.getvalue()
        assert "\n" not in shown
        assert [line.removeprefix("\x1b[K") for line in shown.split("\r")] == [
            "",
            *["downloading", "writing 0 %", "downloading", "writing 33 %", "downloading", "writing 66 %"],
            "",
        ]
        assert capsys.readouterr().out == TXT

    def test_is_silent_elsewhere(self, stream: FakeStream, capsys: pytest.CaptureFixture[str]) -> None:
        stream.before_window = self.report
        assert cli.main(["caption", "clip.mp4"]) == 0
        assert capsys.readouterr().err == ""


class TestProbe:
    def test_json(self, clip: Path) -> None:
        done = vidtext("probe", clip, "--json")
        assert (done.returncode, done.stderr) == (0, b"")
        facts = json.loads(done.stdout)
        assert (facts["width"], facts["height"], facts["codec"], facts["has_audio"]) == (64, 48, "h264", False)
        assert facts["duration_seconds"] == pytest.approx(2)
        assert Fraction(facts["frame_rate"]) == 12
        assert facts["notes"] == []

    def test_lines(self, clip: Path) -> None:
        done = vidtext("probe", clip)
        assert (done.returncode, done.stderr) == (0, b"")
        assert {b"duration_seconds: 2.0", b"frame_rate: 12", b"width: 64"} <= set(done.stdout.splitlines())

    def test_standard_input(self, clip: Path) -> None:
        with clip.open("rb") as file:
            assert b"width: 64\n" in vidtext("probe", "-", stdin=file).stdout


class TestModels:
    """Without a hub, what ships is what is used."""

    def test_json(self) -> None:
        done = vidtext("models", "--json")
        assert (done.returncode, done.stderr) == (0, b"")
        document = json.loads(done.stdout)
        assert {task: found["model"] for task, found in document["auto"].items()} == {
            "caption": "embedded",
            "chat": "embedded-chat",
        }
        assert "microsoft/git-base-vatex is not on this machine" in document["auto"]["caption"]["note"]
        listed = {each["name"]: each for each in document["models"]}
        assert [name for name, each in listed.items() if each["where"] == "ships with vidtext"] == [
            "embedded",
            "embedded-chat",
        ]
        assert listed["embedded-chat"]["tasks"] == ["chat"]
        assert listed["microsoft/git-base-vatex"]["tasks"] == ["caption", "chapters", "summary"]
        assert listed["Qwen/Qwen3-VL-2B-Instruct"]["where"] == "on the hub"

    def test_lines(self) -> None:
        lines = vidtext("models").stdout.decode().splitlines()
        assert "auto for caption: embedded" in lines
        assert "  caption, chapters, summary · on the hub · MIT · 0.7 GB" in lines


class TestProcess:
    """What only a process of its own shows."""

    def test_captions_a_video_window_by_window(self, tmp_path: Path) -> None:
        """A red circle goes to the right for three seconds, then a blue one to the left."""
        scenes = [
            ToyScene((Actor("red", "circle", "right"),), "black"),
            ToyScene((Actor("blue", "circle", "left"),), "black"),
        ]
        parts = [render_scene(scene, seed=11, frames=36, seconds=3.0).pixels for scene in scenes]
        write_video(tmp_path / "film.mp4", np.concatenate(parts), frame_rate=12)

        done = vidtext("caption", tmp_path / "film.mp4", "--every", "0:03", "--model", "embedded", "--format", "json")

        assert (done.returncode, done.stderr) == (0, b"")
        document = json.loads(done.stdout)
        assert [(part["start_seconds"], part["stop_seconds"]) for part in document["segments"]] == [(0, 3), (3, 6)]
        first, second = (part["text"] for part in document["segments"])
        assert "red" in first.split()
        assert "blue" in second.split()
        assert (document["model"], document["notes"]) == ("embedded", [])

    @pytest.mark.parametrize(
        ("arguments", "exit_code", "said"),
        [
            (["probe", "missing.mp4"], 3, b"missing.mp4"),
            (["probe", "words.mp4"], 4, b"words.mp4"),
            (["probe"], 2, b"VIDEO"),
            (["caption", "missing.mp4"], 3, b"missing.mp4"),
        ],
    )
    def test_errors(self, tmp_path: Path, arguments: list[str], exit_code: int, said: bytes) -> None:
        (tmp_path / "words.mp4").write_text("These are words and not a video. " * 20)
        done = vidtext(*arguments, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (exit_code, b"")
        assert done.stderr.startswith(b"vidtext: ")
        assert said in done.stderr
        assert done.stderr.count(b"\n") == 1

    def test_a_reader_that_leaves_is_no_error(self, clip: Path) -> None:
        with subprocess.Popen(
            [sys.executable, "-m", "vidtext", "probe", clip], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait() == 141

    @pytest.mark.parametrize("arguments", [["probe"], ["probe", "--json"]])
    def test_a_full_disk_is_one_line(self, clip: Path, arguments: list[str]) -> None:
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                [sys.executable, "-m", "vidtext", *arguments, clip], stdout=full, stderr=subprocess.PIPE, check=False
            )
        assert (done.returncode, done.stderr.decode()) == (
            1,
            "vidtext: Standard output cannot be written: No space left on device. Make room, or send it elsewhere.\n",
        )

    def test_help_needs_nothing_heavy(self) -> None:
        script = (
            "import sys, vidtext.cli\n"
            "try: vidtext.cli.main(['caption', '--help'])\n"
            "except SystemExit as end: assert end.code == 0\n"
            "heavy = {'torch', 'transformers', 'gradio', 'av', 'cv2', 'numpy'} & set(sys.modules)\n"
            "sys.exit(f'imported {heavy}' if heavy else 0)\n"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"--every TIME" in done.stdout
        assert b"examples:" in done.stdout

    def test_version(self) -> None:
        done = subprocess.run([sys.executable, "-m", "vidtext", "--version"], capture_output=True, check=False)
        assert (done.returncode, done.stdout) == (0, b"vidtext 0.1.0\n")
