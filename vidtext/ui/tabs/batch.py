"""The Batch tab: the same tasks for several uploaded videos, and all results as one ZIP."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import gradio as gr

from vidtext.batch.archive import write_archive
from vidtext.batch.listing import Wish, named
from vidtext.batch.run import local_engine, run_batch
from vidtext.compute.leases import BATCHES, wait_for_slot
from vidtext.errors import OptionError, SourceError
from vidtext.options import options_of
from vidtext.ui.framework.errors import plain_words
from vidtext.ui.framework.fields import seconds_of
from vidtext.ui.framework.memory_line import show_plan
from vidtext.ui.framework.model_fields import ModelAndFit, build_model_and_fit
from vidtext.ui.framework.tab import UNLIMITED, Kind, Order, build_stage, connect
from vidtext.ui.session.session import BATCH
from vidtext.ui.tabs import batch_view as view
from vidtext.ui.tabs.batch_view import BatchResult
from vidtext.ui.video.panel import MORE_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vidtext.job import Job
    from vidtext.tasks.registry import AnyTask
    from vidtext.ui.surroundings import Surroundings

_ARCHIVE = "vidtext-results.zip"


def build_batch_tab(around: Surroundings) -> ModelAndFit:
    """Put the tab's content into the Blocks that are being built."""
    settings = around.settings
    engine = local_engine(around.services.tasks, settings)
    offered = [task for task in around.services.tasks.values() if not task.converses]

    def start(order: Order[BatchResult], job: Job) -> Iterator[BatchResult]:
        values = order.values
        paths = list(dict.fromkeys(Path(path) for path in values[files] or ()))
        _check(paths, order, settings.page.max_batch_videos)
        name, fit, wanted = model.chosen_model(values), model.chosen_fit(values), values[tasks]
        if not wanted:
            known = ", ".join(task.plural for task in offered)
            raise OptionError(f"Choose at least one of {known}.", option="tasks")
        chosen = {"model": name, "every_seconds": seconds_of(values[every], "every_seconds"), "fit": fit}
        asked = {task.name: _options(task, chosen) for task in offered if task.name in wanted}
        names = named([Wish(path.name, asked) for path in paths], {})
        items = [replace(item, source=path) for item, path in zip(names, paths, strict=True)]
        result = BatchResult(tuple(items), order.visitor)
        yield result
        with wait_for_slot(settings, job=job, device=BATCHES, at_once=settings.page.max_batches):
            for step in run_batch(items, engine, job):
                result = replace(result, outcomes=(*result.outcomes, step.outcome))
                yield result
        yield _with_archive(result)

    kind = Kind(
        name=BATCH,
        verb="Run",
        empty="Results appear here, with one ZIP of all files.",
        too_early="Stopped before the first video was done.",
        start=start,
        progress=view.working_html,
        html=view.batch_html,
        announcement=view.announcement,
        pictures=lambda _: ("", ""),
        close=_with_archive,
        about_video=False,
    )
    files = gr.File(
        label="Videos",
        file_count="multiple",
        file_types=["video", *MORE_SUFFIXES],
        elem_id="vt-batch-files",
        height=148,
    )
    tasks = gr.CheckboxGroup(
        [(task.plural.capitalize(), task.name) for task in offered],
        value=["caption"],
        label="Tasks",
        show_label=False,
        container=False,
        elem_classes="vt-ticks",
        elem_id="vt-batch-tasks",
    )
    stage = build_stage(kind)
    with gr.Accordion("More options", open=False, elem_classes="vt-more"):
        every = gr.Textbox(
            label="Time between captions",
            placeholder="one caption per video, or 0:05",
            max_lines=1,
            elem_id="vt-batch-every",
        )
        model = build_model_and_fit(around, BATCH)

    def keep(uploaded: list[str], request: gr.Request) -> None:
        with plain_words(otherwise=files):
            around.visitors.of(request).lists(BATCH, map(around.visitors.uploaded, uploaded))

    files.upload(keep, files, None, **UNLIMITED)
    fields = {"videos": files, "tasks": tasks, "every_seconds": every, **model.fields()}
    connect(kind, stage, around, fields.values(), fields=fields)
    show_plan(stage.plan, around, model, new_tokens=settings.tasks.description_tokens)
    return model


def _options(task: AnyTask, chosen: dict[str, Any]) -> Any:  # noqa: ANN401  of any task
    known = {option.name for option in options_of(task.options)}
    given = {name: value for name, value in chosen.items() if value is not None}  # the others have their defaults
    return task.options(**{name: value for name, value in given.items() if name in known})


def _check(paths: list[Path], order: Order[BatchResult], most: int) -> None:
    """Refuse what cannot be a batch, and files that this visitor did not bring."""
    if not paths:
        raise OptionError("Add videos first: drop them here, or click to choose them.", option="videos")
    if len(paths) > most:
        raise OptionError(f"There are {len(paths)} videos; up to {most} are allowed. Remove some.", option="videos")
    if not order.visitor.uploads.get(BATCH, frozenset()).issuperset(paths):
        raise SourceError("A video has expired on the server. Add it again.", option="videos")


def _with_archive(result: BatchResult) -> BatchResult:
    """Write the ZIP of what is done into the visitor's own folder. Its records name files, not the server's paths."""
    if not result.outcomes:
        return result
    target = result.visitor.new_folder(f"{BATCH}-{token_hex(8)}", instead_of=BATCH) / _ARCHIVE
    named_only = [
        replace(each, item=replace(each.item, source=Path(each.item.source).name)) for each in result.outcomes
    ]
    with plain_words():
        write_archive(named_only, target)
    return replace(result, archive=target)
