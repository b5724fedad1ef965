"""Work done in threads: for a request that waits, for one that reads along, and for one that asks again later."""

from __future__ import annotations

import contextvars
import secrets
import threading
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from vidtext.api.problems import ProblemError, defect, problem_of
from vidtext.errors import CancelledError, VidtextError
from vidtext.job import WAITING, Job, Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vidtext.settings import Settings

    Documents = Callable[[Job], Iterator[dict[str, Any]]]
    """Work that yields growing documents; the last one is the result."""

_ID_BYTES = 24


@dataclass
class Run:
    """One piece of work and how far it is. `changed` is notified whenever something of it changes.

    Attributes:
        client: whose it is.
        nbytes: how much memory the request takes while the work goes on.
        job: stops it.
        progress: the newest report.
        document: the newest one.
        problem: why it failed.
        ended_seconds: when it ended, by `time.monotonic`; None while it goes on.
    """

    client: str
    nbytes: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)
    job: Job = field(default_factory=Job)
    progress: Progress | None = None
    document: dict[str, Any] | None = None
    problem: ProblemError | None = None
    ended_seconds: float | None = None

    @property
    def status(self) -> str:
        """Say in one word how it is."""
        if self.ended_seconds is None:
            waits = self.progress is not None and self.progress.doing.startswith(WAITING)
            return "waiting" if waits else "running"
        if self.problem is None:
            return "done"
        return "cancelled" if self.problem.kind == CancelledError.__name__ else "failed"

    @property
    def report(self) -> dict[str, Any]:
        """Everything about it as JSON; a result that still grows is there as far as it is."""
        report: dict[str, Any] = {"status": self.status}
        if self.progress and self.ended_seconds is None:
            report["progress"] = progress_document(self.progress)
        if self.document is not None:
            report["result"] = self.document
        if self.problem is not None:
            report["error"] = self.problem.document
        return report


def progress_document(progress: Progress) -> dict[str, Any]:
    """Return a report as JSON."""
    return {"doing": progress.doing, "done": progress.done, "total": progress.total}


class Runs:
    """The work of all clients, and for some time its results; safe to use from several threads."""

    def __init__(self, settings: Settings, closing: Job) -> None:
        self._settings, self._closing = settings, closing
        self._lock = threading.Lock()
        self._kept: dict[str, Run] = {}
        self._going: list[Run] = []

    def begin(self, client: str, work: Documents, *, keep: bool = False, nbytes: int = 0) -> tuple[str, Run]:
        """Begin work in a thread. Returns what to ask for it by, "" unless it is kept, and the work.

        Args:
            client: whose work it is.
            work: makes the documents.
            keep: whether its result can be asked for later.
            nbytes: how much memory the request takes that asks for it.

        Raises:
            ProblemError: the client has too much work here already, or all requests together take too much memory.
        """
        run = Run(client, nbytes)
        run.job = Job(lambda progress: self._note(run, progress=progress), self._closing)
        with self._lock:
            self._forget()
            going = sum(each.client == client for each in self._going)
            kept = sum(each.client == client for each in self._kept.values())
            if going >= self._settings.api.max_jobs_per_client or (
                keep and kept >= self._settings.api.max_results_per_client
            ):
                raise ProblemError(
                    HTTPStatus.TOO_MANY_REQUESTS,
                    f"{going} of your jobs are at work and {kept} are kept; "
                    f"{self._settings.api.max_jobs_per_client} and "
                    f"{self._settings.api.max_results_per_client} are allowed. Wait for one to end, or delete one.",
                    "TooManyJobs",
                    headers=(("Retry-After", "10"),),
                )
            if nbytes + sum(each.nbytes for each in self._going) > self._settings.server.received_bytes:
                raise ProblemError(
                    HTTPStatus.SERVICE_UNAVAILABLE,
                    f"The requests at work take {self._settings.server.received_bytes:,} bytes, all that is allowed. "
                    "Send the video as multipart/form-data, or try again later.",
                    "TooManyBytes",
                    headers=(("Retry-After", "10"),),
                )
            self._going.append(run)
            name = secrets.token_urlsafe(_ID_BYTES) if keep else ""
            if keep:
                self._kept[name] = run
        context = contextvars.copy_context()  # where ZeroGPU finds whose request this is
        threading.Thread(target=context.run, args=(self._do, run, work), name="vidtext-api-work", daemon=True).start()
        return name, run

    def named(self, name: str) -> Run:
        """Return the work that is kept by a name.

        Raises:
            ProblemError: there is none, or no longer.
        """
        with self._lock:
            self._forget()
            if name in self._kept:
                return self._kept[name]
        minutes = self._settings.page.keep_files_seconds / 60
        raise ProblemError(
            HTTPStatus.NOT_FOUND, f"There is no such job. Results are kept for {minutes:.0f} minutes.", "UnknownJob"
        )

    def drop(self, name: str) -> None:
        """Stop the work that is kept by a name, and forget it."""
        run = self.named(name)
        run.job.stop()
        with self._lock:
            self._kept.pop(name, None)

    def _forget(self) -> None:
        earliest = time.monotonic() - self._settings.page.keep_files_seconds
        for name, run in list(self._kept.items()):
            if run.ended_seconds is not None and run.ended_seconds < earliest:
                del self._kept[name]

    def _note(self, run: Run, **changes: Any) -> None:  # noqa: ANN401
        with run.changed:
            for name, value in changes.items():
                setattr(run, name, value)
            run.changed.notify_all()

    def _do(self, run: Run, work: Documents) -> None:
        problem = None
        try:
            for document in work(run.job):
                self._note(run, document=document)
        except ProblemError as error:
            problem = error
        except VidtextError as error:
            problem = problem_of(error)
        except Exception as error:  # noqa: BLE001  (logged in full, and told as a defect)
            problem = defect(error)
        with self._lock:
            self._going.remove(run)
        self._note(run, problem=problem, ended_seconds=time.monotonic())
