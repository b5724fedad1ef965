"""The models that go by a name."""

from __future__ import annotations

from pathlib import Path

from vidtext.models.base import ModelCard

EMBEDDED_FOLDER = Path(__file__).parent / "embedded" / "captioner"

AUTO = "auto"

FULL_CAPTIONER = "microsoft/git-base-vatex"
"""What `auto` takes where it can be had: the smallest GIT that was trained on captions of videos."""

MODELS: dict[str, ModelCard] = {
    "embedded": ModelCard(
        id="embedded",
        family="git",
        licence="Apache-2.0",
        frames_per_clip=6,
        frame_edge_pixels=64,
        fit="squash",
        context_tokens=48,
        weight_bytes=0,
        sees="Sees light, main colours, movement of the camera, and large plain shapes; not objects, people or text.",
    ),
    FULL_CAPTIONER: ModelCard(
        id=FULL_CAPTIONER,
        family="git",
        licence="MIT",
        frames_per_clip=6,
        frame_edge_pixels=224,
        fit="crop",
        context_tokens=1024,
        weight_bytes=707_000_000,
        sees="Names what people, animals and things do in one short sentence; does not read text or hear sound.",
    ),
    "microsoft/git-large-vatex": ModelCard(
        id="microsoft/git-large-vatex",
        family="git",
        licence="MIT",
        frames_per_clip=6,
        frame_edge_pixels=224,
        fit="crop",
        context_tokens=1024,
        weight_bytes=1_580_000_000,
        sees="As git-base-vatex, with better words; more than twice as large and as slow.",
    ),
}

REVISIONS: dict[str, str] = {}
"""Hub id → commit to load. An id that is not here is loaded at its main branch."""
