"""One folder for all files that a server makes: removed when it ends, and by the next one where it could not."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

if TYPE_CHECKING:
    from collections.abc import Iterator


class NoRunFolderError(Exception):
    """There is no place for temporary files, or none that may be written."""


_PREFIX = "vidtext-server-"
_LOCK = ".lock"


@contextmanager
def run_folder() -> Iterator[Path]:
    """Make a folder for this server, and have Gradio and everything else put temporary files there and nowhere else.

    It lies in `GRADIO_TEMP_DIR`, or else where the system keeps temporary files. Its lock goes with the process,
    however that ends, so folders whose lock nobody holds are those of servers that crashed: they are removed.

    Raises:
        NoRunFolderError: no folder can be made there.
    """
    try:
        parent = Path(os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir())
        parent.mkdir(parents=True, exist_ok=True)
        _remove_left(parent)
        folder = parent / f"{_PREFIX}{secrets.token_hex(16)}"
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise NoRunFolderError(str(error)) from error
    before = {name: os.environ.get(name) for name in ("GRADIO_TEMP_DIR", "TMPDIR")}
    try:
        with FileLock(folder / _LOCK):
            for name in ("shown", "private"):  # Gradio hands out what lies in its folder, to whoever knows the name
                (folder / name).mkdir()
            os.environ |= {"GRADIO_TEMP_DIR": str(folder / "shown"), "TMPDIR": str(folder / "private")}
            tempfile.tempdir = None
            yield folder
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            os.environ |= {name: value} if value is not None else {}
        tempfile.tempdir = None
        shutil.rmtree(folder, ignore_errors=True)


def _remove_left(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(Timeout, OSError), FileLock(folder / _LOCK, blocking=False):
            shutil.rmtree(folder, ignore_errors=True)
