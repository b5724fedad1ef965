"""The training's forward pass against the model's own, and auxiliary targets against hand-made ones."""

import numpy as np
import torch
from transformers import GitForCausalLM

from training import model as parts
from training.forward import attention_mask, forward
from training.scenes import Motion
from training.train import flow_target


def test_it_computes_what_the_model_itself_computes() -> None:
    torch.manual_seed(0)
    model = GitForCausalLM(parts.make_config()).eval()
    pixels = torch.randn(2, parts.FRAMES, 3, parts.IMAGE_PIXELS, parts.IMAGE_PIXELS)
    parts.initialise(model, pixels.flatten(0, 1))
    words = torch.randint(5, 60, (2, 9))
    with torch.inference_mode():
        ours = forward(model, pixels, words, attention_mask(9)).logits
        theirs = model(pixel_values=pixels, input_ids=words).logits[:, -9:]
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


def test_the_aimed_heads_tell_one_order_of_frames_from_another() -> None:
    torch.manual_seed(0)
    model = GitForCausalLM(parts.make_config()).eval()
    pixels = torch.randn(1, parts.FRAMES, 3, parts.IMAGE_PIXELS, parts.IMAGE_PIXELS)
    parts.initialise(model, pixels.flatten(0, 1))
    with torch.inference_mode():
        told, backwards = (
            forward(model, each, torch.tensor([[2]]), attention_mask(1)).logits for each in (pixels, pixels.flip(1))
        )
    assert not torch.allclose(told, backwards, atol=1e-3)


def test_every_word_of_the_grammar_is_one_token() -> None:
    tokenizer = parts.make_processor().tokenizer
    sentence = "First an orange star appears, then two white circles; the camera tilts up."
    assert tokenizer.decode(tokenizer(sentence).input_ids, skip_special_tokens=True).split()[:4] == [
        "first",
        "an",
        "orange",
        "star",
    ]
    assert tokenizer.unk_token_id not in tokenizer(sentence).input_ids


def test_the_content_flows_against_the_camera() -> None:
    camera = np.zeros((parts.FRAMES, 3), dtype=np.float32)
    camera[:, 0] = 0.1 * np.arange(parts.FRAMES)
    flow = flow_target(Motion(camera, np.zeros((0, parts.FRAMES, 2), dtype=np.float32)))
    np.testing.assert_allclose(flow[:-1, :, 0], np.arcsinh(-0.1 * parts.IMAGE_PIXELS), rtol=1e-5)
    np.testing.assert_allclose(flow[:-1, :, 1], 0.0)


def test_moving_closer_drives_the_corners_outwards() -> None:
    camera = np.zeros((parts.FRAMES, 3), dtype=np.float32)
    camera[:, 2] = 0.1 * np.arange(parts.FRAMES)
    flow = flow_target(Motion(camera, np.zeros((0, parts.FRAMES, 2), dtype=np.float32)))
    assert (flow[0, 0] < 0).all()
    assert (flow[0, -1] > 0).all()
