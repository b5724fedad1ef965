"""One folder for all files that a server makes: removed when it ends, and by the next one where it could not."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
import tempfile
import threading
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
_SHOWN, _PRIVATE = "shown", "private"
"""Gradio hands out what lies in its folder, to whoever knows the name; nobody is handed what lies in the other one."""


class RunFolder:
    """The folder of one server.

    Attributes:
        path: where it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: FileLock | None = None
        self._renewing = threading.Lock()

    def renew(self) -> None:
        """Make what is missing of it, such as what a program that cleans up has removed: private to this user.

        Raises:
            OSError: it cannot be made, or something of somebody else is in its place.
        """
        if all((self.path / name).exists() for name in (_LOCK, _SHOWN, _PRIVATE)):
            return
        with self._renewing:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            for folder in (self.path, self.path / _SHOWN, self.path / _PRIVATE):
                with contextlib.suppress(FileExistsError):
                    folder.mkdir(mode=0o700)
                found = folder.lstat()
                if not stat.S_ISDIR(found.st_mode) or (hasattr(os, "getuid") and found.st_uid != os.getuid()):
                    raise OSError(errno.EEXIST, "It is not this server's", str(folder))
            if not (self.path / _LOCK).exists():  # without a lock the next server would take it for one that crashed
                self.release()
                self._lock = FileLock(self.path / _LOCK)
                self._lock.acquire()

    def release(self) -> None:
        """Let go of the lock."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None


@contextmanager
def run_folder() -> Iterator[RunFolder]:
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
        folder = RunFolder(parent / f"{_PREFIX}{secrets.token_hex(16)}")
        folder.renew()
    except OSError as error:
        raise NoRunFolderError(str(error)) from error
    before = {name: os.environ.get(name) for name in ("GRADIO_TEMP_DIR", "TMPDIR")}
    try:
        os.environ |= {"GRADIO_TEMP_DIR": str(folder.path / _SHOWN), "TMPDIR": str(folder.path / _PRIVATE)}
        tempfile.tempdir = None
        yield folder
    finally:
        folder.release()
        for name, value in before.items():
            os.environ.pop(name, None)
            os.environ |= {name: value} if value is not None else {}
        tempfile.tempdir = None
        shutil.rmtree(folder.path, ignore_errors=True)


def _remove_left(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(Timeout, OSError), FileLock(folder / _LOCK, blocking=False):
            shutil.rmtree(folder, ignore_errors=True)
