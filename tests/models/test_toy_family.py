"""A family is one class and one registration: InternVL, which vidtext does not know, captions and chats after that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    GotOcr2ImageProcessorFast,
    InternVLConfig,
    InternVLForConditionalGeneration,
    InternVLProcessor,
    InternVLVideoProcessor,
    InternVLVisionConfig,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    ProcessorMixin,
    Qwen2Config,
)

import vidtext
from tests.media.clips import numbered_clip
from tests.models.timed_checkpoints import QWEN_TEMPLATE
from vidtext.api.bodies import offered_models
from vidtext.errors import UnknownModelError
from vidtext.media.read.frames import Frames
from vidtext.models import families
from vidtext.models.base import ModelInfo
from vidtext.models.checkpoint_files import read_config
from vidtext.models.families.chat_inputs import text_inputs, text_tokens, written_out
from vidtext.models.family import ChatFamily, Tower, stack_of
from vidtext.settings import Settings

EDGE = 32


class InternVl(ChatFamily):
    """InternVL (Chen et al. 2023, arXiv:2312.14238): frames one after the other, each with its number before it."""

    name = "internvl"
    label = "InternVL"
    supports_prefix_cache = False
    models = (
        ModelInfo(
            id="OpenGVLab/InternVL3-1B-hf",
            family=name,
            chats=True,
            licence="Apache-2.0",
            frames_per_clip=8,
            image_size=448,
            fit="squash",
            context_tokens=8192,
            weight_bytes=0,
            description="Describes scenes.",
            tokens_per_frame=256,
        ),
    )

    def info_from_folder(self, folder: Path, config: Mapping[str, Any], known: ModelInfo | None) -> ModelInfo:
        return self._info(
            folder,
            known,
            frames_per_clip=8,
            image_size=config["vision_config"]["image_size"][0],
            fit="squash",
            context_tokens=read_config(folder).text_config.max_position_embeddings,
            tokens_per_frame=config["image_seq_length"],
        )

    def tower(self, config: PretrainedConfig, info: ModelInfo) -> Tower:
        vision = config.vision_config
        return Tower(stack_of(vision), (info.image_size // vision.patch_size[0]) ** 2 + 1)

    def frame_token_id(self, processor: ProcessorMixin) -> int:
        return int(processor.image_token_id)

    def count_tokens(self, processor: ProcessorMixin, prompt: str, clips: Sequence[Frames], _: ModelInfo) -> int:
        written = [processor.replace_video_token({"pixel_values_videos": [clip.pixels]}, 0) for clip in clips]
        return text_tokens(processor, written_out(processor, prompt, written))

    def inputs(self, processor: ProcessorMixin, prompt: str, clips: Sequence[Frames]) -> dict[str, torch.Tensor]:
        pictures = [self._normalized(processor, clip.pixels) for clip in clips]
        written = [processor.replace_video_token({"pixel_values_videos": [clip.pixels]}, 0) for clip in clips]
        inputs = text_inputs(processor.tokenizer([written_out(processor, prompt, written)]))
        return inputs | ({"pixel_values": torch.cat(pictures)} if clips else {})

    def patches(self, model: PreTrainedModel, processor: ProcessorMixin, pixels: NDArray[np.uint8]) -> torch.Tensor:
        with torch.inference_mode():
            hidden: torch.Tensor = model.model.vision_tower(self._normalized(processor, pixels)).last_hidden_state
        return hidden[:, 1:]

    @staticmethod
    def _normalized(processor: ProcessorMixin, pixels: NDArray[np.uint8]) -> torch.Tensor:
        ready: torch.Tensor = processor.video_processor([pixels], do_sample_frames=False, return_tensors="pt")[
            "pixel_values_videos"
        ]
        return ready[0]


def save_tiny_internvl(folder: Path) -> Path:
    """Save a random InternVL that sees frames of 32×32 pixels, 4 tokens each, and writes single bytes."""
    torch.manual_seed(0)
    names = {
        "start_image_token": "<img>",
        "end_image_token": "</img>",
        "context_image_token": "<IMG_CONTEXT>",
        "video_token": "<video>",
    }
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    plain = Tokenizer(models.BPE({token: index for index, token in enumerate(alphabet)}, []))
    plain.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    plain.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=plain, eos_token="<|im_end|>", pad_token="<|im_end|>", extra_special_tokens=names
    )
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    layers = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = InternVLConfig(
        vision_config=InternVLVisionConfig(**layers, image_size=[EDGE, EDGE], patch_size=[8, 8]).to_dict(),
        text_config=Qwen2Config(
            **layers,
            num_key_value_heads=2,
            vocab_size=len(tokenizer),
            max_position_embeddings=1024,
            initializer_range=0.3,
        ).to_dict(),
        image_token_id=tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>"),
        image_seq_length=4,
        downsample_ratio=0.5,
    )
    model = InternVLForConditionalGeneration(config)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.save_pretrained(folder)
    size = {"size": {"height": EDGE, "width": EDGE}}
    InternVLProcessor(
        image_processor=GotOcr2ImageProcessorFast(**size),
        video_processor=InternVLVideoProcessor(**size),
        tokenizer=tokenizer,
        image_seq_length=4,
        chat_template=QWEN_TEMPLATE.replace("<|vision_start|><|video_pad|><|vision_end|>", "<video>\n"),
    ).save_pretrained(folder)
    return folder


@pytest.fixture
def registered() -> Iterator[None]:
    families.register(InternVl())
    yield
    del families.FAMILIES[InternVl.name]
    for info in InternVl.models:
        del families.MODELS[info.id]


def test_a_new_family_captions_and_chats(registered: None, tmp_path: Path) -> None:
    folder = str(save_tiny_internvl(tmp_path / "tiny"))
    clip = numbered_clip(tmp_path / "clip.mp4")

    caption = vidtext.caption(clip, model=folder)
    chapters = vidtext.chapters(clip, model=folder)
    conversation = vidtext.chat(clip, model=folder)
    answers = ["".join(conversation.ask(question)) for question in ("What moves?", "Which way?")]

    assert caption.model == folder
    assert caption.segments[0].text
    assert chapters.segments
    assert all(answers)
    assert answers[0] != answers[1]


def test_its_models_can_be_chosen(registered: None) -> None:
    assert InternVl.models[0].id in offered_models(Settings())


def test_without_the_registration_it_is_refused_by_name(tmp_path: Path) -> None:
    folder = save_tiny_internvl(tmp_path / "tiny")
    known = "GIT, LLaVA-NeXT-Video, SmolVLM2 and Qwen3-VL are known"
    with pytest.raises(UnknownModelError, match=f"holds a 'internvl' model; {known}"):
        vidtext.load_model(str(folder))
