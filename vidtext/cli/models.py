"""The command `models`: what can be named, what is here, and what `auto` means on this machine."""

from __future__ import annotations

import json
from contextlib import redirect_stdout
from sys import stderr
from typing import TYPE_CHECKING, Any

from vidtext.cli.output import print_document
from vidtext.options import options_of
from vidtext.tasks.registry import TASKS

if TYPE_CHECKING:
    import argparse

    from vidtext.settings import Settings
    from vidtext.tasks.registry import AnyTask


def models(arguments: argparse.Namespace, settings: Settings) -> None:
    """List the models."""
    with redirect_stdout(stderr):
        from vidtext.models.catalog import MODELS
        from vidtext.models.loading import best_device, resolve, resolve_chat

        auto = {"caption": resolve("auto", settings), "chat": resolve_chat("auto", settings)}
        document = {
            "device": best_device(),
            "auto": {task: {"model": found.info.id, "note": found.note} for task, found in auto.items()},
            "models": [_facts(name) for name in MODELS],
        }
    as_json = arguments.format == "json"
    print_document(json.dumps(document, ensure_ascii=False, indent=2) + "\n" if as_json else _lines(document))


def _facts(name: str) -> dict[str, Any]:
    from vidtext.models.catalog import EMBEDDED, MODELS
    from vidtext.models.hub import cached_folder

    info = MODELS[name]
    here = "ships with vidtext" if name in EMBEDDED else "in the local cache" if cached_folder(name) else "on the hub"
    return {
        "name": name,
        "tasks": [task.name for task in TASKS.values() if _does(task, name)],
        "where": here,
        "licence": info.licence,
        "weight_bytes": info.weight_bytes,
        "sees": info.description,
    }


def _does(task: AnyTask, name: str) -> bool:
    from vidtext.models.catalog import EMBEDDED_CHAT, MODELS

    if task.converses:
        return MODELS[name].chats
    # The embedded chat model only answers.
    return name != EMBEDDED_CHAT and any(option.name == "model" for option in options_of(task.options))


def _lines(document: dict[str, Any]) -> str:
    """Write a paragraph a model: its name, what it is for, where it is, and what it sees."""
    auto = "".join(
        f"auto for {task}: {found['model']}\n{_indented(found['note'])}" for task, found in document["auto"].items()
    )
    return f"device: {document['device']}\n{auto}" + "".join(
        f"\n{each['name']}\n  {', '.join(each['tasks'])} · {each['where']} · {each['licence']}"
        f"{_size(each['weight_bytes'])}\n{_indented(each['sees'])}"
        for each in document["models"]
    )


def _indented(text: str) -> str:
    return f"  {text}\n" if text else ""


def _size(weight_bytes: int) -> str:
    return f" · {weight_bytes / 1e9:.1f} GB" if weight_bytes else ""
