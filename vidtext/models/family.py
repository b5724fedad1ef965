"""What every model family provides: the base classes, and how to add one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from vidtext.compute.memory import ModelDims, Stack
from vidtext.models.base import ModelInfo
from vidtext.models.checkpoint import TRANSFORMERS, input_device
from vidtext.models.checkpoint_files import parameter_count, read_config

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import torch
    from numpy.typing import NDArray
    from transformers import PretrainedConfig, PreTrainedModel, ProcessorMixin

    from vidtext.media.read.frames import Frames
    from vidtext.models.base import Captioner
    from vidtext.models.model_cache import LoadedModel
    from vidtext.settings import Settings


class Family(ABC):
    """A model family: one architecture, or one way to reach models.

    How to add a family whose checkpoints transformers' `AutoModelForImageTextToText` loads:

    1. Add a module to `vidtext/models/families/` with a subclass of `ChatFamily` if its models answer messages, or of
       `LocalFamily` if they only write captions.
    2. Set `name` to the `model_type` of its `config.json`, `label` to what people call it, and `models` to the
       checkpoints that may be chosen by their ids on the hub; `models` may be empty.
    3. Implement `info_from_folder`, which reads a `ModelInfo` off a checkpoint, and what the base class leaves
       abstract. Import torch and transformers inside the methods: the page lists models without them.
    4. Add an instance to the tuple at the end of `vidtext/models/families/__init__.py`, or call `register` from your
       own program.

    The catalogue, loading, memory plans, tasks, the command line, the HTTP API and the page then use it
    (`tests/models/test_toy_family.py`). Families are stateless, and pickle.

    Attributes:
        name: the key of the registry, and `ModelInfo.family`.
        label: the name in sentences.
        models: the catalogue entries.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    models: ClassVar[tuple[ModelInfo, ...]] = ()


class RemoteFamily(Family):
    """Models on another machine. They have a `host`, and nothing is loaded here."""

    @abstractmethod
    def info_from_name(self, name: str, settings: Settings) -> ModelInfo | None:
        """Return the info of a model whose name says where it is; None for a name of another form.

        Raises:
            UnknownModelError: the name has the family's form and is malformed.
        """

    @abstractmethod
    def connect(self, info: ModelInfo, settings: Settings) -> Captioner:
        """Return the model."""


class LocalFamily(Family):
    """Models that are loaded from a folder with a transformers checkpoint."""

    @abstractmethod
    def info_from_folder(self, folder: Path, config: Mapping[str, Any], known: ModelInfo | None) -> ModelInfo:
        """Read the info off a checkpoint.

        Args:
            folder: its files.
            config: its `config.json`.
            known: the catalogue's entry, whose id, licence and description are kept.

        Raises:
            UnknownModelError: the checkpoint lacks what captioning videos needs.
            ModelUnavailableError: its files cannot be read.
        """

    @abstractmethod
    def dims(self, folder: Path, info: ModelInfo) -> ModelDims:
        """Read off a checkpoint what its memory depends on.

        Raises:
            ModelUnavailableError: its files cannot be read.
        """

    @abstractmethod
    def captioner(self, info: ModelInfo, loaded: LoadedModel, settings: Settings) -> Captioner:
        """Return what runs the model."""

    @abstractmethod
    def patches(self, model: PreTrainedModel, processor: ProcessorMixin, pixels: NDArray[np.uint8]) -> torch.Tensor:
        """Return `(n, patches, D)`: what the vision tower makes of `(n, edge, edge, 3)` frames, each on its own."""

    def _info(self, folder: Path, known: ModelInfo | None, **facts: Any) -> ModelInfo:  # noqa: ANN401  fields of ModelInfo
        """Return the info: `facts` from the folder, the rest from the catalogue where it has the model."""
        return ModelInfo(
            id=known.id if known else str(folder),
            family=self.name,
            chats=isinstance(self, ChatFamily),
            licence=known.licence if known else "see the folder",
            weight_bytes=sum(path.stat().st_size for path in folder.glob("*.safetensors")),
            description=known.description if known else "See the model card in its folder.",
            **facts,
        )


@dataclass(frozen=True)
class Tower:
    """What memory depends on of a vision tower.

    Attributes:
        stack: its layers.
        patches: vectors per frame.
        output_hidden_layers: layers whose output is held until the tower has ended.
    """

    stack: Stack
    patches: int
    output_hidden_layers: int = 0


class ChatFamily(LocalFamily):
    """Models that read frames among words and answer messages, with a text model like Llama's. `VideoChat` runs them.

    `clips` are frames that are squares of the model's size already.

    Attributes:
        supports_prefix_cache: whether the states of a prompt can be used again for one that begins in the same way.
    """

    supports_prefix_cache: ClassVar[bool] = True

    @abstractmethod
    def tower(self, config: PretrainedConfig, info: ModelInfo) -> Tower:
        """Describe the vision tower."""

    @abstractmethod
    def frame_token_id(self, processor: ProcessorMixin) -> int:
        """Return the token that stands for a part of a frame."""

    def frames_read(self, frames: int) -> int:
        """Return for how many frames a clip of `frames` has tokens."""
        return frames

    @abstractmethod
    def count_tokens(self, processor: ProcessorMixin, prompt: str, clips: Sequence[Frames], info: ModelInfo) -> int:
        """Return how long `inputs` will be, without looking at any pixel."""

    @abstractmethod
    def inputs(self, processor: ProcessorMixin, prompt: str, clips: Sequence[Frames]) -> dict[str, torch.Tensor]:
        """Return what the model reads: `input_ids` and `attention_mask` `(1, length)`, and values for the frames.

        With `supports_prefix_cache`, values whose names begin with `pixel_` are `(1, frames of all clips, …)`.
        """

    def dims(self, folder: Path, info: ModelInfo) -> ModelDims:
        """Read off a checkpoint what its memory depends on.

        Raises:
            ModelUnavailableError: its files cannot be read.
        """
        config = read_config(folder)
        tower, text = self.tower(config, info), config.text_config
        head_width = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
        return ModelDims(
            parameters=parameter_count(folder),
            image_size=info.image_size,
            tower=tower.stack,
            patches=tower.patches,
            output_hidden_layers=tower.output_hidden_layers,
            text=stack_of(text),
            kv_dim=text.num_key_value_heads * head_width,
            frame_tokens=info.tokens_per_frame,
            vocabulary=text.vocab_size,
            embedding_params=0 if getattr(text, "tie_word_embeddings", True) else text.vocab_size * text.hidden_size,
            smaller_image_size=info.smaller_image_size,
        )

    def captioner(self, info: ModelInfo, loaded: LoadedModel, settings: Settings) -> Captioner:
        """Return what runs the model."""
        with TRANSFORMERS:
            from vidtext.models.video_chat import VideoChat
        return VideoChat(self, info, loaded, kept_bytes=settings.models.prefix_cache_bytes)


def stack_of(config: PretrainedConfig) -> Stack:
    """Return the layers of a text model or vision tower whose config has the usual names."""
    return Stack(config.num_hidden_layers, config.hidden_size, config.intermediate_size)


def tower_patches(tower: PreTrainedModel, values: torch.Tensor) -> torch.Tensor:
    """Return `(n, patches, D)` without the class token.

    Args:
        tower: a vision tower with square frames and patches, such as CLIP's.
        values: `(n, 3, edge, edge)` normalized.
    """
    import torch

    patches = (tower.config.image_size // tower.config.patch_size) ** 2
    with torch.inference_mode():
        hidden: torch.Tensor = tower(pixel_values=values.to(input_device(tower), tower.dtype)).last_hidden_state
    return hidden[:, -patches:]  # a class token, where a tower has one, comes first
