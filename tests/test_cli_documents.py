"""The commands `chapters` and `summary`, as processes of their own on a film whose chapters are known."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from tests.test_cli import vidtext
from training.scenes import Actor, ToyScene
from training.world import render_film, write_video
from vidtext.media.read.probe import probe

SCENES = (
    ToyScene((Actor("red", "circle", "right"),), "black"),
    ToyScene((Actor("blue", "square"),), "white"),
    ToyScene((Actor("yellow", "star"),), "dark blue"),
)
EMBEDDED = ("--model", "embedded")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three scenes of four seconds each."""
    path = tmp_path_factory.mktemp("documents") / "film.mp4"
    write_video(path, render_film(SCENES, seconds_each=4, frame_rate=12, seed=3).pixels, frame_rate=12)
    return path


def test_chapters_are_written_as_youtube_reads_them(film: Path) -> None:
    done = vidtext("chapters", film, *EMBEDDED)

    assert done.returncode == 0
    lines = done.stdout.decode().splitlines()
    assert [line.split()[0] for line in lines] == ["0:00", "0:04", "0:08"]
    assert ["red" in lines[0], "blue" in lines[1], "yellow" in lines[2]] == [True, True, True]
    assert b"note: Chapters 1, 2 and 3 are shorter than the 10 s that YouTube wants." in done.stderr


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("a.vtt", "WEBVTT"),
        ("a.ffmeta.txt", ";FFMETADATA1"),
        ("a.txt", "0:00 "),
        ("a.md", "- **0:00**"),
        ("a.json", "{"),
    ],
)
def test_the_format_is_taken_from_the_name(film: Path, tmp_path: Path, name: str, start: str) -> None:
    done = vidtext("chapters", film, *EMBEDDED, "--count", "2", "--output", tmp_path / name)

    assert (done.returncode, done.stdout) == (0, b"")
    assert (tmp_path / name).read_text().startswith(start)


def test_the_video_is_written_with_its_chapters(film: Path, tmp_path: Path) -> None:
    done = vidtext("chapters", film, *EMBEDDED, "--format", "json", "--video", tmp_path / "with.mp4")

    titles = [chapter["title"] for chapter in json.loads(done.stdout)["chapters"]]
    with av.open(str(tmp_path / "with.mp4")) as container:
        assert [chapter["metadata"]["title"] for chapter in container.chapters()] == titles
    assert len(titles) == 3


def test_a_summary_with_its_highlights_as_a_clip(film: Path, tmp_path: Path) -> None:
    reel = tmp_path / "best.mp4"
    done = vidtext("summary", film, *EMBEDDED, "--format", "json", "--reel", reel, "--seconds", "0:06")

    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert {"red", "blue", "yellow"} <= set(document["summary"].replace(".", " ").split())
    assert len(document["highlights"]) == 3
    assert probe(reel).duration_seconds == pytest.approx(6, abs=1.6)
    assert reel.with_suffix(".srt").read_text().count("-->") == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["chapters", "{film}", "--count", "0"], b"count is 0; it must be a whole number of at least 1"),
        (["chapters", "{film}", "--count", "9", "--min", "3"], b"do not fit into a video of 0:12"),
        (["chapters", "{film}", "--format", "doc"], b"invalid choice: 'doc'"),
        (["chapters", "{film}", "--video", "{folder}/a.avi"], b"a.avi cannot hold this video unchanged"),
        (["chapters", "{film}", "--video", "{film}"], b"--video {film} is the video itself"),
        (["summary", "{film}", "--length", "epic"], b"invalid choice: 'epic'"),
        (["summary", "{film}", "--seconds", "9"], b"--seconds is how long the clip of --reel is"),
        (["summary", "{film}", "--reel", "{folder}/a.mkv"], b"a.mkv is not an MP4"),
        (["summary", "{film}", "--reel", "/nowhere/a.mp4"], b"--reel /nowhere/a.mp4 cannot be written"),
    ],
)
def test_what_cannot_be_is_one_line_before_the_work(
    film: Path, tmp_path: Path, arguments: list[str], said: bytes
) -> None:
    filled = [argument.format(film=film, folder=tmp_path) for argument in arguments]
    done = vidtext(*filled, *EMBEDDED)

    assert (done.returncode, done.stdout) == (2, b"")
    assert said.replace(b"{film}", str(film).encode()) in done.stderr
    assert done.stderr.count(b"\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "--reel best.mp4 comes with best.srt, and there is such a file."),
        (["--output", "other/../best.srt"], "--output other/../best.srt is where --reel writes best.srt."),
        (["--output", "best.mp4"], "--output best.mp4 is where --reel writes best.mp4."),
    ],
)
def test_no_file_is_lost_to_the_subtitles_of_a_reel(film: Path, tmp_path: Path, options: list[str], said: str) -> None:
    (tmp_path / "other").mkdir()
    if not options:
        (tmp_path / "best.srt").write_text("mine")
    before = {path.name for path in tmp_path.iterdir()}

    done = vidtext("summary", film, *EMBEDDED, "--reel", "best.mp4", *options, cwd=tmp_path)

    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (2, b"", 1)
    assert said in done.stderr.decode()
    assert {path.name for path in tmp_path.iterdir()} == before
    assert options or (tmp_path / "best.srt").read_text() == "mine"


def test_ctrl_c_keeps_what_is_finished(tmp_path: Path) -> None:
    """Stopped at the first chapter that is described: its words are written, those of the others are not."""
    script = (
        "import signal, sys\n"
        "from vidtext.tasks import writing\n"
        "from vidtext import cli\n"
        "inner = writing.Writer.describe\n"
        "def describe(self, clips, job):\n"
        "    if describe.calls: signal.raise_signal(signal.SIGINT)\n"
        "    describe.calls += 1\n"
        "    return inner(self, clips, job)\n"
        "describe.calls = 0\n"
        "writing.Writer.describe = describe\n"
        "sys.exit(cli.main(sys.argv[1:]))\n"
    )
    path = tmp_path / "film.mp4"
    pixels = render_film(SCENES, seconds_each=4, frame_rate=12, seed=3).pixels
    write_video(path, np.asarray(pixels), frame_rate=12)
    done = subprocess.run(
        [sys.executable, "-c", script, "chapters", path, *EMBEDDED, "--format", "json"],
        capture_output=True,
        timeout=240,
        check=False,
    )

    assert done.returncode == 128 + signal.SIGINT
    document = json.loads(done.stdout)
    assert [chapter["title"] for chapter in document["chapters"]][1:] == ["Chapter 2", "Chapter 3"]
    assert "red" in document["chapters"][0]["title"]
    assert document["notes"][-1] == "Incomplete: 1 of 3 chapters are described."
