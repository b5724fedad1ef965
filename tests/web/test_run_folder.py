"""Where a server keeps its files, and what becomes of them."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from filelock import FileLock

from vidtext.web.run_folder import run_folder


@pytest.fixture(autouse=True)
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "files"))
    return tmp_path / "files"


def test_all_temporary_files_are_in_it_and_it_goes_at_the_end(parent: Path) -> None:
    before = tempfile.gettempdir()
    with run_folder() as run:
        folder = run.path
        assert folder.parent == parent
        assert folder.stat().st_mode & 0o777 == 0o700
        assert Path(os.environ["GRADIO_TEMP_DIR"]) == folder / "shown"
        assert Path(tempfile.mkdtemp()).parent == folder / "private"
    assert list(parent.iterdir()) == []
    assert tempfile.gettempdir() == before
    assert os.environ["GRADIO_TEMP_DIR"] == str(parent)


def test_what_a_server_that_crashed_left_is_removed_and_nothing_else(parent: Path) -> None:
    crashed, other = parent / "vidtext-server-crashed", parent / "a-folder-of-somebody"
    for folder in (crashed, other):
        folder.mkdir(parents=True)
        (folder / "film.mp4").touch()
    (crashed / ".lock").touch()
    living = parent / "vidtext-server-living"
    living.mkdir()
    with FileLock(living / ".lock"), run_folder() as mine:
        assert sorted(path.name for path in parent.iterdir()) == sorted([other.name, living.name, mine.path.name])


@pytest.mark.parametrize("gone", [".", "private", "shown", ".lock"])
def test_what_is_removed_is_made_again(parent: Path, gone: str) -> None:
    with run_folder() as run:
        lost = run.path / gone
        lost.unlink() if lost.is_file() else shutil.rmtree(lost)
        run.renew()
        for folder in (run.path, run.path / "private", run.path / "shown"):
            assert folder.stat().st_mode & 0o777 == 0o700
        Path(tempfile.mkdtemp())
        with run_folder() as other:  # which takes the first one for that of a living server
            assert run.path.is_dir()
            assert other.path != run.path
    assert list(parent.iterdir()) == []


def test_what_somebody_else_put_in_its_place_is_not_used(parent: Path, tmp_path: Path) -> None:
    with run_folder() as run:
        shutil.rmtree(run.path)
        run.path.symlink_to(tmp_path)
        with pytest.raises(OSError, match="not this server's"):
            run.renew()
        run.path.unlink()
