"""What can be found out before a night's work: whether the models that it needs can be had."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vidtext.models.loading import resolve_captioner, resolve_chat

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vidtext.batch.items import Item
    from vidtext.settings import Settings


def check_models(items: Iterable[Item], settings: Settings) -> tuple[str, ...]:
    """Look for every model that items name, without loading any; return what a person must know of them.

    Raises:
        UnknownModelError: no model has such a name.
        ModelUnavailableError: it is not on this machine and cannot be downloaded.
        ModelError: it writes captions and is to chat.
    """
    names = dict.fromkeys(model for item in items for model in item.tasks.models)
    notes = [(resolve_chat if chats else resolve_captioner)(name, settings).note for name, chats in names]
    return tuple(dict.fromkeys(filter(None, notes)))
