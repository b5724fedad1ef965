"""docs/cli.md shows the help as it is, and its examples work; `python -m tests.test_cli_docs` writes the help anew."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.warm import warm_folder
from training.scenes import Actor, ToyScene
from training.world import render_film, write_video
from vidtext import cli
from vidtext.cli.arguments import parser

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"
TEXT = PAGE.read_text("utf-8")
HELP_BLOCK = re.compile(r"```\n\$ python3 -m vidtext ?(\w*) --help\n(.*?)```", re.DOTALL)
HELPS = dict(HELP_BLOCK.findall(TEXT))
EXAMPLES = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
COMMANDS = ("", "caption", "chapters", "summary", "chat", "probe", "models", "batch")


def help_of(command: str) -> str:
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        cli.main([*command.split(), "--help"])
    return said.getvalue()


@pytest.fixture
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "110")


@pytest.mark.usefixtures("_wide")
@pytest.mark.parametrize("command", COMMANDS)
def test_the_shown_help_is_the_real_one(command: str) -> None:
    assert HELPS[command] == help_of(command)


def examples_in_help() -> list[str]:
    lines = (line.strip() for command in COMMANDS for line in help_of(command).splitlines())
    return [line for line in lines if "python -m vidtext" in line and not line.startswith("usage:")]


@pytest.mark.parametrize("line", examples_in_help())
def test_examples_in_the_help_are_understood(line: str) -> None:
    """As they are typed: behind a pipe, before a redirection, and without the explanation at their end."""
    typed = re.split(r" {3,}|, for example| > ", line[line.index("python -m vidtext") :])[0]
    words = shlex.split(typed)[3:]
    assert parser().parse_args(words).command == words[0]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the examples name: films of three scenes."""
    folder = tmp_path_factory.mktemp("docs")
    scenes = (
        ToyScene((Actor("red", "circle", "right"),), "black"),
        ToyScene((Actor("blue", "square"),), "white"),
        ToyScene((Actor("yellow", "star"),), "dark blue"),
    )
    write_video(folder / "clip.mp4", render_film(scenes, seconds_each=4, frame_rate=12, seed=3).pixels, frame_rate=12)
    (folder / "clips").mkdir()
    for name in ("talk.mp4", "before.mp4", "after.mp4", "clips/a.mp4", "clips/b.mp4"):
        shutil.copy(folder / "clip.mp4", folder / name)
    return folder


@pytest.mark.parametrize("lines", EXAMPLES)
def test_examples_work(place: Path, lines: str) -> None:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", lines],
        cwd=place,
        env={
            **os.environ,
            "PATH": f"{warm_folder()}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(PAGE.parents[1]),
            "VIDTEXT_MODELS__DEFAULT": "embedded",
            "VIDTEXT_MODELS__DEFAULT_CHAT": "embedded",
        },
        capture_output=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()


def main() -> None:
    os.environ["COLUMNS"] = "110"
    written = HELP_BLOCK.sub(
        lambda found: f"```\n$ {' '.join(['python3 -m vidtext', *found[1].split(), '--help'])}\n{help_of(found[1])}```",
        TEXT,
    )
    PAGE.write_text(written, "utf-8")


if __name__ == "__main__":
    main()
