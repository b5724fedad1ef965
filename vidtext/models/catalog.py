"""The models that go by a name, and those that `auto` chooses among."""

from __future__ import annotations

from pathlib import Path

from vidtext.models.families import MODELS

__all__ = [
    "AUTO",
    "EMBEDDED",
    "EMBEDDED_CHAT",
    "EMBEDDED_CHAT_FOLDER",
    "EMBEDDED_FOLDER",
    "FULL_CAPTIONER",
    "FULL_CHAT",
    "MODELS",
    "SMALL_CHAT",
]

EMBEDDED_FOLDER = Path(__file__).parent / "embedded" / "captioner"

EMBEDDED_CHAT_FOLDER = EMBEDDED_FOLDER.parent / "chat"

AUTO = "auto"

FULL_CAPTIONER = "microsoft/git-base-vatex"
"""What `auto` takes where it can be had: the smallest GIT that was trained on captions of videos."""

FULL_CHAT = "llava-hf/LLaVA-NeXT-Video-7B-hf"
"""What `auto` takes for a conversation where it can be had and a GPU has room for it."""

SMALL_CHAT = "HuggingFaceTB/SmolVLM2-500M-Video-Instruct"
"""What `auto` takes for a conversation where it can be had and there is no such GPU."""

EMBEDDED_CHAT = "embedded-chat"

EMBEDDED = ("embedded", EMBEDDED_CHAT)
"""Those that ship."""
