"""What the embedded chat model is trained on, and the training's forward pass against the model's own."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import LlavaNextVideoForConditionalGeneration, LlavaNextVideoProcessor

from training import chat_model as parts
from training.chat_batches import IGNORED, Batches
from training.chat_forward import LOOKING_HEAD, LOOKING_LAYER, PREFIX, forward
from training.dataset import Sample
from training.model import FRAMES
from training.palette import measure_look
from training.scenes import Actor, Motion, Truth

ACTORS = (Actor("red", "circle", "right"), Actor("blue", "star", "up"))
LAST_CELLS = {"circle": (3, 0), "star": (1, 2)}
"""Column and row of the cell, of four by four, in which each is at the end."""


@pytest.fixture(scope="module")
def processor() -> LlavaNextVideoProcessor:
    return parts.make_processor()


def sample() -> Sample:
    tracks = np.zeros((2, FRAMES, 2), np.float32)
    tracks[0] = np.linspace((0.1, 0.1), (0.9, 0.1), FRAMES)
    tracks[1] = np.linspace((0.4, 0.9), (0.4, 0.6), FRAMES)
    pixels = np.zeros((FRAMES, parts.IMAGE_PIXELS, parts.IMAGE_PIXELS, 3), np.uint8)
    truth = Truth("toy", measure_look(pixels), background="black", actors=ACTORS)
    return Sample(pixels, truth, Motion(np.zeros((FRAMES, 3), np.float32), tracks))


def test_words_that_tell_a_motion_look_at_what_moves(processor) -> None:
    batches = Batches([], processor, seed=0, text_tokens=4000)
    packed = batches._packed(sample())
    words = processor.tokenizer.convert_ids_to_tokens(packed["input_ids"].tolist())
    told = np.flatnonzero(packed["looks"] != IGNORED)

    assert len(told) > 50
    for place in told:
        start = place
        while words[start] != "The":
            start -= 1
        _, _, shape, verb = words[start : start + 4]
        column, row = LAST_CELLS[shape]
        assert packed["looks"][place] == (FRAMES - 1) * parts.CELLS + row * parts.GRID + column
        assert verb == "moves"
        assert place >= start + 2  # with the name before it
        next_word = processor.tokenizer.convert_ids_to_tokens(int(packed["labels"][place]))
        assert next_word in ("moves", "to", "the", "right", "up")


@pytest.fixture(scope="module")
def model() -> LlavaNextVideoForConditionalGeneration:
    torch.manual_seed(0)
    model = LlavaNextVideoForConditionalGeneration(parts.make_config()).eval()
    model.set_attn_implementation("eager")
    return model


def test_the_forward_pass_is_that_of_the_model(model, processor) -> None:
    talk = "USER: <video>\nWhat moves? ASSISTANT: A red circle."
    frames = np.random.default_rng(0).integers(0, 255, (FRAMES, 64, 64, 3), dtype=np.uint8)
    inputs = processor(text=talk, videos=[frames], return_tensors="pt")
    words = inputs["input_ids"][:, PREFIX:]
    places = torch.arange(PREFIX, PREFIX + words.shape[1])[None]
    with torch.inference_mode():
        theirs = model(**inputs, output_attentions=True)
        ours = forward(model, inputs["pixel_values_videos"], words, places, torch.ones_like(words))

    assert torch.allclose(ours.logits, theirs.logits[:, PREFIX:], atol=1e-4)
    attention = theirs.attentions[LOOKING_LAYER][:, LOOKING_HEAD, PREFIX:, 2:PREFIX]
    assert torch.allclose(ours.looks.exp(), attention, atol=1e-5)
