"""What a tab's work is, and what is asked of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator  # noqa: TC003  (values of these types are fields)
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import gradio as gr  # noqa: TC002  (as above)

from vidtext.ui.session.results import Closing, Subject  # noqa: TC001  (as above)

if TYPE_CHECKING:
    from pathlib import Path

    from gradio.components import Component

    from vidtext.job import Job, Progress
    from vidtext.ui.framework.editing import Edit
    from vidtext.ui.session.session import Visitor

Result = TypeVar("Result")

QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
"""How the page's own events run: programs cannot call them, and Gradio draws nothing over what they change."""

UNLIMITED: dict[str, Any] = {**QUIET, "concurrency_limit": None}
"""How those of them run that may refuse: without Gradio's queue, a refusal would be an HTTP 500."""

CLEARED = "The results of the video before were cleared. Press {verb} for this one."


@dataclass(frozen=True)
class Order(Generic[Result]):
    """What is to be worked on.

    Attributes:
        visitor: whose it is.
        source: the video; the visitor's own folder where the work is not about the one on the left.
        subject: what the result will be about.
        values: of the form.
        result: the newest one of the tab, None if there is none.
        event: what the page sent along with the click.
    """

    visitor: Visitor
    source: Path
    subject: Subject
    values: dict[Component, Any]
    result: Result | None
    event: gr.EventData | None = None

    @property
    def name(self) -> str:
        """What the video is called."""
        return self.subject.name

    def sent(self, name: str) -> object:
        """Return what the page sent along with the click under this name, None for nothing. It may be anything."""
        try:
            return getattr(self.event, name)
        except (AttributeError, TypeError):  # Gradio's event of a plain click has no data at all
            return None


@dataclass(frozen=True)
class Kind(Generic[Result]):
    """The work of a tab.

    Attributes:
        name: what the visitor's job and result go by, and the ids on the page.
        verb: what the button says.
        empty: what stands where the result will be.
        too_early: what stands there after a Stop before anything was made.
        start: begins the work.
        progress: the status, from a report and what was made so far.
        html: the result as far as it is, with the name of the video.
        announcement: what a screen reader is told of a result.
        pictures: the strip's new pictures of a result, and a sentence on what the strip leaves out.
        below: what stands below a result of which no more will come: what made it, and its files.
        edit: what a change by hand makes of a result; None where it cannot be changed.
        beside: what else changes with a result, or with there being none: values of the components given to `connect`.
        close: what is kept of a result that was stopped, or that failed, while it grew.
        after: what is kept of a result once it is shown.
        cleared: what stands there once another video has taken the place of the one that the result was of.
        about_video: whether the work is about the video on the left. Other work goes on when that changes, and shows no
            frames in its strip.
    """

    name: str
    verb: str
    empty: str
    too_early: str
    start: Callable[[Order[Result], Job], Iterator[Result]]
    progress: Callable[[Progress, Result | None], str]
    html: Callable[[Result, str, Closing], str]
    announcement: Callable[[Result], str]
    pictures: Callable[[Result], tuple[str, str]]
    below: Callable[[Result, str, Closing], str] = lambda *_: ""
    edit: Callable[[Result, Edit, Path], Result] | None = None
    beside: Callable[[Result | None, Subject, Closing], tuple[Any, ...]] = lambda *_: ()
    close: Callable[[Result], Result] = lambda result: result
    after: Callable[[Result], Result] = lambda result: result
    cleared: str = CLEARED
    about_video: bool = True
