"""The command `batch`: many videos, whose results go into a folder and, as they come, to standard output."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from vidtext.cli.options import read_options
from vidtext.cli.output import print_document
from vidtext.cli.terminal import at_work, say, say_notes
from vidtext.errors import IncompleteBatchError, OptionError, VidtextError
from vidtext.tasks.registry import TASKS

if TYPE_CHECKING:
    import argparse
    from typing import TextIO

    from vidtext.batch.items import Tasks
    from vidtext.batch.run import Engine, Step
    from vidtext.settings import Settings


def batch(arguments: argparse.Namespace, settings: Settings) -> None:
    """Do all videos; each is kept as it is finished, whatever ends the batch."""
    if arguments.engine != "ray" and (arguments.address or arguments.workers):
        raise OptionError("--address and --workers are about Ray; add --engine ray.")
    out = sys.stdout
    with at_work() as job:
        from vidtext.batch.checks import check_items
        from vidtext.batch.listing import named, read_wishes
        from vidtext.batch.results import open_results
        from vidtext.batch.run import run_batch

        wishes = read_wishes(arguments.sources, _tasks(arguments, settings), settings)
        with open_results(arguments.output, resume=arguments.resume) as results:
            items = named(wishes, results.names)
            say_notes(check_items(items, settings))
            left = results.begin(items)
            if len(left) < len(items):
                say(f"{len(items) - len(left)} of {len(items)} videos are done already.")
            failures, unprinted = 0, False
            for step in run_batch(left, _engine(arguments, settings), job):
                results.add(step.outcome)
                failures += step.outcome.failure is not None
                _tell(step)
                try:
                    _print(step, arguments, out)
                except VidtextError as error:  # the results are in the folder: no reason to lose a night's work
                    say(f"{error} The batch goes on.")
                    unprinted = True
            results.finish(items)
    if failures:
        raise IncompleteBatchError(
            f"{failures} of {len(items)} videos failed; {arguments.output / 'results.jsonl'} has the reasons. "
            "Run the same command with --resume to try them again."
        )
    if unprinted:
        raise VidtextError(f"Standard output lacks results; {arguments.output} has all of them.")


def _tell(step: Step) -> None:
    """Say what became of an item: at a terminal only of one that failed, since progress is seen there."""
    failure, name = step.outcome.failure, step.outcome.item.name
    if failure:
        say(f"{step.summary}: {name} failed: {failure.message}")
    elif not sys.stderr.isatty():
        say(f"{step.summary}: {name} is done.")


def _print(step: Step, arguments: argparse.Namespace, out: TextIO) -> None:
    """Print the item's line of results.jsonl, or the paths of its files."""
    from vidtext.batch.results import line_of

    if arguments.format == "json":
        print_document(line_of(step.outcome), out)
    else:
        files = (arguments.output / f"{step.outcome.item.name}{each.suffix}" for each in step.outcome.documents)
        print_document("".join(f"{file}\n" for file in files), out)


def _engine(arguments: argparse.Namespace, settings: Settings) -> Engine:
    if arguments.engine == "ray":
        from vidtext.batch.ray_engine import ray_engine

        return ray_engine(settings, address=arguments.address, workers=arguments.workers)
    from vidtext.batch.run import local_engine

    return local_engine(TASKS, settings)


def _tasks(arguments: argparse.Namespace, settings: Settings) -> Tasks:
    asked = {}
    for task in TASKS.values():
        if task.converses and arguments.ask:
            model = arguments.chat_model or settings.models.default_chat
            asked[task.name] = task.options(model=model, fit=arguments.fit, questions=tuple(arguments.ask))
        elif task.name in arguments.tasks:
            asked[task.name] = read_options(arguments, task.options, settings.models.default)
    return asked
