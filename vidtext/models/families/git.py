"""GIT (Wang et al. 2022, arXiv:2205.14100): a vision tower for each frame, and a text decoder that reads them all."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from vidtext.compute.gpu import GpuTimeEstimate, on_gpu
from vidtext.compute.memory import ModelDims
from vidtext.compute.out_of_memory import translate_oom
from vidtext.counts import count
from vidtext.errors import NoMemoryError, OptionError, UnknownModelError
from vidtext.media.read.resize import fit_square
from vidtext.models.base import ModelInfo
from vidtext.models.checkpoint import TRANSFORMERS, input_device
from vidtext.models.checkpoint_files import parameter_count, read_config, read_json
from vidtext.models.family import LocalFamily, stack_of, tower_patches
from vidtext.models.local_model import LocalModel

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from pathlib import Path

    import torch
    from numpy.typing import NDArray
    from transformers import PreTrainedModel, ProcessorMixin

    from vidtext.job import Job
    from vidtext.media.read.frames import Frames
    from vidtext.models.base import GenerationOptions
    from vidtext.models.model_cache import LoadedModel
    from vidtext.settings import Settings

_STEP_SECONDS_A_CLIP = 0.05
"""What a token of each clip takes on a ZeroGPU device with room to spare, until it was measured: an estimate."""

_START_SECONDS = 10.0
"""What moving the weights to the device takes at most."""


_CONFIG_KEYS = ("num_image_with_embedding", "vision_config", "max_position_embeddings")
"""What the config must have: without the first, a GIT captions single images."""


class Git(LocalFamily):
    """GIT: writes captions and answers no messages. A clip has as many frames as in training, and never others."""

    name = "git"
    label = "GIT"
    models = (
        ModelInfo(
            id="embedded",
            family=name,
            licence="Apache-2.0",
            frames_per_clip=6,
            image_size=64,
            fit="squash",
            context_tokens=48,
            weight_bytes=0,
            description="Sees light, main colours, movement of the camera, and large plain shapes; not objects, people "
            "or text.",
            min_frames=6,
            requires_exact_frames=True,
        ),
        ModelInfo(
            id="microsoft/git-base-vatex",
            family=name,
            licence="MIT",
            frames_per_clip=6,
            image_size=224,
            fit="crop",
            context_tokens=1024,
            weight_bytes=707_000_000,
            description="Names what people, animals and things do in one short sentence; does not read text or hear "
            "sound.",
            min_frames=6,
            requires_exact_frames=True,
        ),
        ModelInfo(
            id="microsoft/git-large-vatex",
            family=name,
            licence="MIT",
            frames_per_clip=6,
            image_size=224,
            fit="crop",
            context_tokens=1024,
            weight_bytes=1_580_000_000,
            description="As git-base-vatex, with better words; more than twice as large and as slow.",
            min_frames=6,
            requires_exact_frames=True,
        ),
    )

    def info_from_folder(self, folder: Path, config: Mapping[str, Any], known: ModelInfo | None) -> ModelInfo:
        """Read the info from the JSON files alone, without transformers."""
        missing = [key for key in _CONFIG_KEYS if not config.get(key)]
        if missing:
            raise UnknownModelError(f"The GIT in {folder.name} captions no videos: its config has no {missing[0]}.")
        frames = int(config["num_image_with_embedding"])
        return self._info(
            folder,
            known,
            frames_per_clip=frames,
            image_size=config["vision_config"]["image_size"],
            fit="crop" if _image_processor_config(folder).get("do_center_crop") else "squash",
            context_tokens=config["max_position_embeddings"],
            min_frames=frames,
            requires_exact_frames=True,
        )

    def dims(self, folder: Path, info: ModelInfo) -> ModelDims:
        """Describe a decoder that reads all patches of all frames as text, with attention that is spelled out."""
        config = read_config(folder)
        patches = (info.image_size // config.vision_config.patch_size) ** 2 + 1
        return ModelDims(
            parameters=parameter_count(folder),
            image_size=info.image_size,
            tower=stack_of(config.vision_config),
            patches=patches,
            output_hidden_layers=0,
            text=stack_of(config),
            kv_dim=config.hidden_size,
            frame_tokens=patches,
            vocabulary=config.vocab_size,
            embedding_params=config.vocab_size * config.hidden_size,
            eager_attention_heads=config.num_attention_heads,
        )

    def captioner(self, info: ModelInfo, loaded: LoadedModel, settings: Settings) -> GitCaptioner:  # noqa: ARG002
        """Return what runs the model."""
        with TRANSFORMERS:
            import vidtext.models.streaming  # noqa: F401  (transformers' parts are imported by one thread at a time)
        return GitCaptioner(self, info, loaded)

    def patches(self, model: PreTrainedModel, processor: ProcessorMixin, pixels: NDArray[np.uint8]) -> torch.Tensor:
        """Ask the CLIP tower."""
        return tower_patches(model.git.image_encoder, pixel_values(processor, pixels[None])[0])


def _image_processor_config(folder: Path) -> dict[str, Any]:
    """Read how images are prepared: transformers 5 saves it within the processor's file, earlier ones in its own."""
    whole = folder / "processor_config.json"
    inner: dict[str, Any] = read_json(whole).get("image_processor", {}) if whole.is_file() else {}
    return inner or read_json(folder / "preprocessor_config.json")


@dataclass(frozen=True)
class CaptionChunk:
    """How far a batch of captions is: how many tokens each has, and the texts once they are finished."""

    tokens: int
    texts: tuple[str, ...] = ()


class GitCaptioner(LocalModel["Git"]):
    """A `Captioner` that runs GIT."""

    def caption(self, clips: Sequence[Frames], options: GenerationOptions, job: Job) -> list[str]:
        """Return one text for each clip, made in one batch; should memory run out, one after the other.

        Raises:
            OptionError: a clip does not have `info.frames_per_clip` frames.
            NoMemoryError: there is no memory for a single clip.
            CancelledError: the job was stopped.
        """
        for clip in clips:
            if len(clip) != self.info.frames_per_clip:
                raise OptionError(
                    f"{self.info.id} takes clips of {self.info.frames_per_clip} frames; got one of {len(clip)}."
                )
        fit = options.fit or self.info.fit
        pixels = np.stack([fit_square(clip.pixels, self.info.image_size, fit) for clip in clips])
        tokens = min(options.max_new_tokens, self.info.context_tokens - 1)  # one position is the start token's
        steps = generate_captions(self._loaded, pixels, tokens)
        texts: tuple[str, ...] = ()
        try:
            with translate_oom(self.info.id), closing(steps):
                for step in steps:
                    texts = step.texts
                    job.report("writing", step.tokens, tokens)
                    count("tokens", len(clips))
        except NoMemoryError:
            if len(clips) == 1:
                raise
        else:
            count("frames", sum(len(clip) for clip in clips))
            return list(texts)
        return [text for clip in clips for text in self.caption([clip], options, job)]


def _effort(loaded: LoadedModel, pixels: NDArray[np.uint8], max_new_tokens: int) -> GpuTimeEstimate:
    of, clips = f"{loaded.checkpoint.folder}, {len(pixels)} clips", len(pixels)
    return GpuTimeEstimate(of, _START_SECONDS, max_new_tokens + 1, _STEP_SECONDS_A_CLIP * clips)


@on_gpu(_effort)
def generate_captions(
    loaded: LoadedModel, pixels: NDArray[np.uint8], max_new_tokens: int
) -> Generator[CaptionChunk, None, None]:
    """Caption a batch of clips: `(B, F, edge, edge, 3)` uint8 RGB, F frames a clip. The last step has the texts."""
    import torch

    from vidtext.models.streaming import stream_generate

    with loaded.use:
        model, processor = loaded.model, loaded.processor
        values = pixel_values(processor, pixels).to(input_device(model), model.dtype)
        tokens = torch.empty(0)
        with closing(stream_generate(model, pixel_values=values, max_new_tokens=max_new_tokens)) as steps:
            for tokens in steps:
                yield CaptionChunk(tokens.shape[1] - 1)
        texts = processor.batch_decode(tokens, skip_special_tokens=True)
        yield CaptionChunk(tokens.shape[1] - 1, tuple(_tidied(text) for text in texts))


def pixel_values(processor: ProcessorMixin, pixels: NDArray[np.uint8]) -> torch.Tensor:
    """Normalize clips with the checkpoint's own processor, without its resizing: `fit_square` has done that.

    Returns:
        `(B, F, 3, edge, edge)`: with one dimension less, GIT would caption each frame on its own. Some checkpoints
        come with CLIP's processor, which returns `(B·F, 3, …)`, some with VideoMAE's, which returns `(1, B·F, 3, …)`.
    """
    clips, frames, height, width, channels = pixels.shape
    images = list(pixels.reshape(clips * frames, height, width, channels))
    ready = processor.image_processor(images, do_resize=False, do_center_crop=False, return_tensors="pt")
    values: torch.Tensor = ready["pixel_values"].reshape(clips, frames, channels, height, width)
    return values


def _tidied(text: str) -> str:
    """Undo the spaces that a BERT tokenizer leaves before punctuation."""
    for mark in ",;.:!?":
        text = text.replace(f" {mark}", mark)
    return text.strip()
