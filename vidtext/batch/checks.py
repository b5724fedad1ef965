"""What can be found out before a batch: whether its options are within the limits, and its models available."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vidtext.models.loading import resolve_captioner, resolve_chat
from vidtext.options import check_limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vidtext.batch.items import Item
    from vidtext.settings import Settings


def check_items(items: Sequence[Item], settings: Settings) -> tuple[str, ...]:
    """Check the options, and look for every model that items name without loading any; return notes for a person.

    Raises:
        OptionError: an option is larger than the settings allow.
        UnknownModelError: no model has such a name.
        ModelUnavailableError: it is not on this machine and cannot be downloaded.
        ModelError: it writes captions and is to chat.
    """
    for item in items:
        for options in item.tasks.values():
            check_limits(options, settings)
    names = dict.fromkeys(model for item in items for model in item.models)
    notes = [(resolve_chat if chats else resolve_captioner)(name, settings).note for name, chats in names]
    return tuple(dict.fromkeys(filter(None, notes)))
