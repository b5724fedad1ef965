"""The command `batch`, as processes of their own on clips whose colours are known."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.batch.clips import coloured_clips
from tests.warm import warm_python

COMMAND = [sys.executable, "-m", "vidtext", "batch"]
FULL = "Standard output cannot be written: No space left on device. Make room, or send it elsewhere."
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(Path.cwd()),
    "VIDTEXT_MODELS__DEFAULT": "embedded",
    "VIDTEXT_MODELS__DEFAULT_CHAT": "embedded",
}


def batch(*arguments: str | Path, **how: Any) -> subprocess.CompletedProcess[bytes]:
    command = [warm_python(), *COMMAND[1:]]
    return subprocess.run([*command, *arguments], capture_output=True, timeout=240, check=False, env=ENVIRONMENT, **how)


def start_batch(*arguments: str | Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT)


def records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "results.jsonl").read_text("utf-8").splitlines()]


def wait_for_lines(results: Path, count: int, running: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 240
    while not (results.exists() and results.read_bytes().count(b"\n") >= count):
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five clips, one a colour."""
    folder = tmp_path_factory.mktemp("batch") / "clips"
    coloured_clips(folder, 5)
    return folder


@pytest.fixture(scope="module")
def whole(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one run gives."""
    folder = tmp_path_factory.mktemp("whole") / "results"
    done = batch(clips, "--output", folder, "--tasks", "caption,summary")
    assert (done.returncode, done.stdout.decode().splitlines()) == (
        0,
        [str(folder / f"clip{n:02d}{end}") for n in range(5) for end in (".srt", ".vtt", "-summary.md")],
    )
    return folder


def test_every_video_has_a_line_and_its_files(clips: Path, whole: Path) -> None:
    made = records(whole)
    assert [Path(each["source"]).name for each in made] == [path.name for path in sorted(clips.iterdir())]
    said = [each["caption"]["segments"][0]["text"] for each in made]
    assert sum(colour in text for colour, text in zip(coloured_clips(whole / ".again", 5), said, strict=True)) >= 4
    for each in made:
        assert each["status"] == "done"
        assert each["caption"]["segments"][0]["text"] in (whole / f"{each['name']}.srt").read_text("utf-8")
        assert (whole / f"{each['name']}-summary.md").read_text("utf-8").startswith("## Abstract")
        assert sorted(each["files"]) == sorted(name for name in files_of(whole) if name.startswith(each["name"]))


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_a_batch_that_was_ended_half_way_and_resumed_gives_what_one_run_gives(
    clips: Path, whole: Path, tmp_path: Path, end: signal.Signals
) -> None:
    folder = tmp_path / "results"
    running = start_batch(clips, "--output", folder, "--tasks", "caption,summary")
    wait_for_lines(folder / "results.jsonl", 2, running)
    running.send_signal(end)
    running.communicate(timeout=60)
    assert running.returncode == (130 if end == signal.SIGINT else -end)
    finished = (folder / "results.jsonl").read_bytes().count(b"\n")
    assert 2 <= finished < 5

    done = batch(clips, "--output", folder, "--tasks", "caption,summary", "--resume")

    assert done.returncode == 0
    assert f"vidtext: {finished} of 5 videos are done already.".encode() in done.stderr
    assert done.stdout.count(b".srt\n") == 5 - finished
    assert files_of(folder) == files_of(whole)


def test_a_bad_video_is_recorded_and_tried_again(clips: Path, tmp_path: Path) -> None:
    videos, folder = tmp_path / "videos", tmp_path / "results"
    videos.mkdir()
    shutil.copy(clips / "clip00.mp4", videos / "a.mp4")
    (videos / "bad.mp4").write_text("These are words. " * 50)
    shutil.copy(clips / "clip01.mp4", videos / "c.mp4")

    done = batch(videos, "--output", folder, "--json")

    assert done.returncode == 6
    assert b"bad failed:" in done.stderr
    assert b"1 of 3 videos failed" in done.stderr
    assert [json.loads(line)["status"] for line in done.stdout.splitlines()] == ["done", "failed", "done"]
    error = records(folder)[1]["error"]
    assert error["kind"] == "UnreadableMediaError"
    assert "bad.mp4" in error["message"]

    shutil.copy(clips / "clip02.mp4", videos / "bad.mp4")
    again = batch(videos, "--output", folder, "--resume")

    assert (again.returncode, again.stdout.decode().split()) == (0, [f"{folder}/bad.srt", f"{folder}/bad.vtt"])
    assert [(each["name"], each["status"]) for each in records(folder)] == [
        ("a", "done"), ("bad", "done"), ("c", "done"),
    ]  # fmt: skip


def test_a_full_disk_behind_standard_output_ends_no_batch(clips: Path, tmp_path: Path) -> None:
    arguments = [clips / "clip00.mp4", clips / "clip01.mp4", "--output", tmp_path / "results"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE, timeout=240, check=False, env=ENVIRONMENT
        )

    assert done.returncode == 1
    said = done.stderr.decode().splitlines()
    assert [line for line in said if " is done." not in line] == [
        f"vidtext: {FULL} The batch goes on.",
        f"vidtext: Standard output lacks results; {tmp_path / 'results'} has all of them.",
    ]
    assert [each["status"] for each in records(tmp_path / "results")] == ["done", "done"]


def test_a_list_with_options_comes_through_a_pipe(clips: Path, tmp_path: Path) -> None:
    lines = [
        {"source": str(clips / "clip00.mp4"), "caption": {"every_seconds": 1}, "chapters": {}},
        {"source": str(clips / "clip01.mp4"), "chat": {"questions": ["Who is it?"]}},
        {"source": str(clips / "clip02.mp4")},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines).encode()

    done = batch("-", "--output", tmp_path / "results", "--tasks", "summary", input=text)

    assert done.returncode == 0, done.stderr
    first, second, third = records(tmp_path / "results")
    assert first["asked"]["caption"]["every_seconds"] == 1
    assert {"caption", "chapters"} < first.keys()
    assert second["chat"]["turns"][0]["answer"] == "I cannot tell."
    assert "summary" in third
    assert "summary" not in first


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere", "--output", "new"], 2, b"There is no file or folder 'nowhere'"),
        (["*.mp4", "--output", "new"], 2, b"There is no video in *.mp4"),
        (["clips"], 2, b"the following arguments are required: --output"),
        (["clips", "--output", "used"], 2, b"used has files that no batch wrote"),
        (["clips", "--output", "before"], 2, b"before has the results of a batch. Add --resume"),
        (["clips", "--output", "new", "--tasks", "sing"], 2, b"'sing' is not a task"),
        (["clips", "--output", "new", "--model", "nobody/knows"], 5, b"There is no model 'nobody/knows'"),
        (["clips", "--output", "new", "--workers", "2"], 2, b"add --engine ray"),
        (["bad.jsonl", "--output", "new"], 2, b'line 2 of bad.jsonl, caption: every_seconds is "x"'),
    ],
)
def test_what_cannot_be_is_one_line_before_the_work(
    clips: Path, tmp_path: Path, arguments: list[str], code: int, said: bytes
) -> None:
    (tmp_path / "clips").symlink_to(clips)
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "mine.txt").touch()
    (tmp_path / "before").mkdir()
    (tmp_path / "before" / "results.jsonl").touch()
    (tmp_path / "bad.jsonl").write_text('{"source": "a"}\n{"source": "b", "caption": {"every_seconds": "x"}}\n')

    done = batch(*arguments, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (code, b"")
    assert said in done.stderr
    assert done.stderr.count(b"\n") == 1
