"""The model families, and the models that can be chosen by name. `Family` tells how to add one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vidtext.errors import UnknownModelError
from vidtext.models.checkpoint_files import read_json
from vidtext.models.families.git import Git
from vidtext.models.families.llava_next_video import LlavaNextVideo
from vidtext.models.families.qwen3_vl import Qwen3Vl
from vidtext.models.families.served import Served
from vidtext.models.families.smolvlm import SmolVlm
from vidtext.models.family import Family, LocalFamily

if TYPE_CHECKING:
    from pathlib import Path

    from vidtext.models.base import ModelInfo

FAMILIES: dict[str, Family] = {}
"""By name. Change it through `register`."""

MODELS: dict[str, ModelInfo] = {}
"""The catalogue: the models of all families, by their ids."""


def register(family: Family) -> None:
    """Add a family and its catalogue entries."""
    FAMILIES[family.name] = family
    MODELS.update({info.id: info for info in family.models})


def local_family(info: ModelInfo) -> LocalFamily:
    """Return the family of a model that is loaded on this machine."""
    family = FAMILIES[info.family]
    if not isinstance(family, LocalFamily):
        raise ValueError(f"Models of the family {info.family} are not loaded here.")  # noqa: TRY004  a defect of ours
    return family


def info_from_folder(folder: Path, *, known: ModelInfo | None = None) -> ModelInfo:
    """Read the info of the checkpoint in a folder; what `known` says of id, licence and abilities is kept.

    Raises:
        UnknownModelError: it is of a family that is not known here, or lacks what captioning videos needs.
        ModelUnavailableError: its files cannot be read.
    """
    config = read_json(folder / "config.json")
    family = FAMILIES.get(str(config.get("model_type")))
    if isinstance(family, LocalFamily):
        return family.info_from_folder(folder, config, known)
    *others, last = [each.label for each in FAMILIES.values() if isinstance(each, LocalFamily)]
    raise UnknownModelError(
        f"{folder.name} holds a {config.get('model_type')!r} model; {', '.join(others)} and {last} are known."
    )


for each in (Git(), LlavaNextVideo(), SmolVlm(), Qwen3Vl(), Served()):
    register(each)
