"""What clients have uploaded: how much of the disk each may take, for itself and beside others."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from vidtext.api.gate import DISK_FULL, free_disk_bytes
from vidtext.api.problems import ProblemError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vidtext.settings import Settings

_MOST_OF_FREE = 3
"""How many times the space that stays free one client's files may take: three quarters of the disk while it is alone, a
smaller part beside others. So no client's uploads leave another one without room."""


@dataclass
class _Upload:
    client: str
    nbytes: int
    claimed: bool


class Uploads:
    """The uploads of all clients that come, or lie on the disk; safe to use from several threads.

    An upload is claimed once a visit of the page shows or lists it, or a program's call works with it. From then on it
    goes with that visit or call; until then it counts against its client's quota.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stored: dict[Path, _Upload] = {}
        self._coming: dict[str, int] = {}

    def coming(self, client: str, nbytes: int) -> None:
        """Count bytes of a file that is still being received; a negative number once it is stored or has failed."""
        with self._lock:
            self._coming[client] = self._coming.get(client, 0) + nbytes
            if not self._coming[client]:
                del self._coming[client]

    def stored(self, client: str, files: Iterable[Path], *, claimed: bool = False) -> None:
        """Count files that have been received, each of which has a folder to itself."""
        with self._lock:
            for file in files:
                self._stored[_real(file.parent)] = _Upload(client, file.stat().st_size, claimed)

    def claim(self, file: Path) -> None:
        """Note that a visit or a call has an upload."""
        with self._lock:
            upload = self._stored.get(_real(file.parent))
            if upload is not None:
                upload.claimed = True

    def refusal(self, client: str, more_bytes: int, settings: Settings) -> ProblemError | None:
        """Return why a client may not upload so much more, None if it may."""
        free_bytes = free_disk_bytes() - more_bytes - settings.server.min_free_disk_bytes
        with self._lock:
            self._forget_deleted()
            own = [upload for upload in self._stored.values() if upload.client == client]
            coming = self._coming.get(client, 0) + more_bytes
        unclaimed = [upload.nbytes for upload in own if not upload.claimed]
        if sum(unclaimed) + coming > settings.page.unclaimed_bytes_per_client or (
            len(unclaimed) >= settings.page.unclaimed_uploads_per_client
        ):
            minutes = settings.page.keep_unclaimed_seconds / 60
            return ProblemError(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"{len(unclaimed)} of your uploads are not in use, {sum(unclaimed):,} bytes, and {coming:,} bytes are "
                f"coming; {settings.page.unclaimed_uploads_per_client} and "
                f"{settings.page.unclaimed_bytes_per_client:,} bytes are allowed. "
                f"Use them, or wait: uploads are deleted after {minutes:.0f} minutes without use.",
                "TooManyUploads",
                headers=(("Retry-After", str(round(settings.page.keep_unclaimed_seconds))),),
            )
        if free_bytes < 0 or sum(upload.nbytes for upload in own) + coming > _MOST_OF_FREE * free_bytes:
            return ProblemError(
                HTTPStatus.INSUFFICIENT_STORAGE, DISK_FULL, "DiskFull", headers=(("Retry-After", "60"),)
            )
        return None

    def _forget_deleted(self) -> None:
        for folder in [folder for folder in self._stored if not folder.is_dir()]:
            del self._stored[folder]


def _real(folder: Path) -> Path:
    return Path(os.path.realpath(folder))


UPLOADS = Uploads()
"""The ones of this process."""
