"""The work on one video of a batch: from an item to what is written about it, or the reason why there is nothing."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vidtext.batch.items import as_json
from vidtext.errors import CancelledError, VidtextError
from vidtext.media.source.inputs import open_source
from vidtext.tasks.results import last_result
from vidtext.text.names import tail_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vidtext.batch.items import Item
    from vidtext.job import Job
    from vidtext.settings import Settings
    from vidtext.tasks.registry import AnyTask

_log = logging.getLogger(__name__)

DONE, FAILED = "done", "failed"


@dataclass(frozen=True)
class Document:
    """A file about a video: how its name ends, behind the item's, and what is in it."""

    suffix: str
    text: str


@dataclass(frozen=True)
class Failure:
    """Why an item has no results.

    Attributes:
        kind: the name of the error's class, such as "UnreadableMediaError".
        message: a sentence for a person.
    """

    kind: str
    message: str


@dataclass(frozen=True)
class Outcome:
    """What became of an item. It pickles, so that another machine can send it.

    Attributes:
        item: what was asked.
        made: what each task made, by its name, as the task's JSON document has it; empty if the item failed.
        documents: the files about it.
        failure: why there is nothing; None if all went well.
    """

    item: Item
    made: dict[str, Any]
    documents: tuple[Document, ...]
    failure: Failure | None = None

    @property
    def record(self) -> dict[str, Any]:
        """Everything as one JSON object: the line of `results.jsonl`."""
        item = self.item
        about = {"name": item.name, "source": str(item.source), "asked": as_json(item.tasks)}
        if self.failure:
            why = {"kind": self.failure.kind, "message": self.failure.message}
            return {**about, "status": FAILED, "error": why}
        files = [f"{item.name}{document.suffix}" for document in self.documents]
        return {**about, "status": DONE, **self.made, "files": files}


def failed(item: Item, error: BaseException) -> Outcome:
    """Return what became of an item that an error ended."""
    message = str(error) if isinstance(error, VidtextError) else f"{type(error).__name__}: {error}"
    return Outcome(item, {}, (), Failure(type(error).__name__, message))


def work_on(item: Item, tasks: Mapping[str, AnyTask], settings: Settings, job: Job) -> Outcome:
    """Do all tasks of an item; an error, also a defect, is the item's outcome and ends nothing else.

    Raises:
        CancelledError: the job was stopped.
    """
    try:
        return _done(item, tasks, settings, job)
    except CancelledError:
        raise
    except VidtextError as error:
        return failed(item, error)
    except Exception as error:  # noqa: BLE001  (logged in full: one defect must not cost a night's work)
        _log.exception("%s met a defect of vidtext", item.source)
        return failed(item, error)


def _done(item: Item, tasks: Mapping[str, AnyTask], settings: Settings, job: Job) -> Outcome:
    made: dict[str, Any] = {}
    documents: list[Document] = []
    with open_source(item.source, settings=settings, job=job) as file:  # once, for all tasks
        for name, options in item.tasks.items():
            task = tasks[name]
            content = task.content(last_result(task.run(file, options, settings=settings, job=job)))
            made[name] = task.document(content)
            documents += [
                Document(tail_of(task.plural, form.suffix), form.write(content))
                for form in task.formats.values()
                if form.in_batches
            ]
    return Outcome(item, made, tuple(documents))
