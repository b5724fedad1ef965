"""The work of a tab, which goes on whether a page follows it or not, and never says anything of another video."""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from vidtext.errors import CancelledError, VidtextError
from vidtext.ui.framework.jobs import Work
from vidtext.ui.session.results import FINISHED, GROWING, STOPPED, Kept

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vidtext.job import Progress
    from vidtext.ui.framework.requests import Kind, Order
    from vidtext.ui.session.results import Closing

Result = TypeVar("Result")

_log = logging.getLogger(__name__)

_SHORTEST_PAUSE_SECONDS = 0.1
"""A browser need not hear of news more often."""

_LOOK_UP_SECONDS = 0.1
"""How soon a stopped run is noticed while its work says nothing."""


@dataclass(frozen=True)
class News(Generic[Result]):
    """What has come since the news before.

    Attributes:
        progress: the newest report, None if there was none.
        result: the newest result, None if there was none.
        strip: all frames that were seen so far and what is left out of them, as HTML; None if there are no new ones.
    """

    progress: Progress | None
    result: Result | None
    strip: tuple[str, str] | None


class Run(Generic[Result]):
    """One run of a tab's work.

    Its results go to the visitor as they come, so that a page that is loaded again finds them. A run whose video was
    replaced is stopped, and what it still says is dropped.

    Attributes:
        order: what was asked for.
        latest: the newest result.
        error: what it failed with.
    """

    def __init__(self, kind: Kind[Result], order: Order[Result]) -> None:
        """Take the work; `start` begins it."""
        self.kind, self.order = kind, order
        self.latest: Result | None = None
        self.error: BaseException | None = None
        self._work = Work(lambda job: kind.start(order, job), order.visitor.closing)
        self._changed = threading.Condition()
        self._progress: Progress | None = None
        self._strip = "", ""
        self._reports = self._results = 0
        self._ended = False
        self._followers = 0
        before: Kept[Result] | None = order.visitor.results.get(kind.name)
        self._earlier = (
            before.changed(before.result).earlier if before and before.earlier else ()
        )  # what was changed by hand is not lost
        self._busy = ExitStack()

    def start(self) -> None:
        """Begin, in place of the visitor's run of the same kind."""
        visitor, name = self.order.visitor, self.kind.name
        self._busy.enter_context(visitor.at_work(name, self._work.job))
        visitor.runs[name] = self
        context = contextvars.copy_context()  # where Gradio keeps whose request this is, which ZeroGPU asks
        threading.Thread(target=context.run, args=[self._go], name="vidtext-page-run", daemon=True).start()

    def stop(self) -> None:
        """End the work. What is finished stays."""
        self._work.job.stop()

    @property
    def stopped(self) -> bool:
        """Whether it was asked to end."""
        return self._work.job.stopped

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self._ended or self.stopped

    @property
    def dropped(self) -> bool:
        """Whether its video was replaced, or other work of the same kind has begun."""
        visitor = self.order.visitor
        return visitor.runs.get(self.kind.name) is not self or not visitor.is_about(self.order.subject)

    def news(self) -> Iterator[News[Result]]:
        """Yield what comes, from all that there is already; an error of the work is raised here.

        Closing this iterator leaves the work alone. It ends with the work, or as soon as that is stopped.
        """
        reports = results = 0
        self._followers += 1
        try:
            while True:
                with self._changed:
                    while (reports, results) == (self._reports, self._results) and not self.ended:
                        self._changed.wait(_LOOK_UP_SECONDS)
                    new = News(
                        self._progress if reports != self._reports else None,
                        self.latest if results != self._results else None,
                        self._strip if results != self._results else None,
                    )
                    ended, reports, results = self.ended, self._reports, self._results
                if self.stopped:
                    break
                if new.progress is not None or new.result is not None:
                    yield new
                if ended:
                    break
                time.sleep(_SHORTEST_PAUSE_SECONDS)
            if self.error is not None and not self.stopped:
                raise self.error
        finally:
            self._followers -= 1

    def wait(self) -> None:
        """Wait until the last result is closed; an error of that is raised here."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended)
        if isinstance(self.error, VidtextError) and not isinstance(self.error, CancelledError):
            raise self.error

    def _go(self) -> None:
        try:
            for update in self._work.updates():
                for result in update.made:
                    self._take(result)
                if update.progress is not None:
                    with self._changed:
                        self._progress = update.progress
                        self._reports += 1
                        self._changed.notify_all()
        except BaseException as error:  # noqa: BLE001  (it is raised again by whoever follows)
            self.error = error
            if not self._followers and not isinstance(error, VidtextError):
                _log.exception("Work that no page follows failed.")
        finally:
            self._close()

    def _take(self, result: Result) -> None:
        if self.stopped or self.dropped:
            self.stop()
            return
        pictures, note = self.kind.pictures(result)
        with self._changed:
            self._strip = self._strip[0] + pictures, note or self._strip[1]
            self.latest = result
            self._results += 1
            self._keep(self.kind.after(result), GROWING)
            self._changed.notify_all()

    def _keep(self, result: Result, closing: Closing) -> None:
        visitor = self.order.visitor
        if self.dropped:
            return
        visitor.results[self.kind.name] = Kept(result, closing, self.order.subject, self._earlier)
        if self.order.subject.key:
            visitor.strip = self._strip
        if self.dropped:  # in this very moment
            visitor.results.pop(self.kind.name, None)

    def _close(self) -> None:
        """Say of the newest result that no more will come; one from before this run stays as it is."""
        try:
            if self.latest is not None:
                if self.stopped or self.error is not None:
                    self._keep(self.kind.close(self.latest), STOPPED)
                else:
                    self._keep(self.kind.after(self.latest), FINISHED)
        except VidtextError as error:
            self.error = error
        finally:
            self._busy.close()
            with self._changed:
                self._ended = True
                self._changed.notify_all()
