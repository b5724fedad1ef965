"""A conversation with a model that reads frames among words: what is the same for all chat families."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from transformers import DynamicCache

from vidtext.compute.gpu import GpuTimeEstimate, on_gpu
from vidtext.compute.out_of_memory import translate_oom
from vidtext.counts import count
from vidtext.errors import ModelError, OptionError
from vidtext.media.read.resize import fit_square
from vidtext.models.base import Message, collect_reply, cut_short
from vidtext.models.chat_template import render
from vidtext.models.checkpoint import input_device
from vidtext.models.local_model import LocalModel
from vidtext.models.prefix_cache import PREFIXES, CachedPrefix, PromptTokens, can_be_kept, fingerprints
from vidtext.models.reasoning import AnswerFilter, no_answer, opens_reasoning
from vidtext.models.streaming import TextPieces, stream_generate
from vidtext.text.prompts import CAPTION

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    import torch

    from vidtext.job import Job
    from vidtext.media.read.frames import Frames
    from vidtext.models.base import GenerationOptions, ModelInfo
    from vidtext.models.family import ChatFamily
    from vidtext.models.model_cache import LoadedModel

_START_SECONDS = 20.0
"""What moving 14 GB of weights to a ZeroGPU device and reading the prompt take at most: an estimate."""

_SECONDS_A_TOKEN = 0.05
"""What a token takes there with room to spare, until it was measured: an estimate for 7 B parameters in bf16."""


@dataclass(frozen=True)
class Prompt:
    """What is to be answered: a text with a mark for each clip; frames are squares of the model's edge."""

    text: str
    clips: tuple[Frames, ...]
    tokens_per_frame: int


@dataclass(frozen=True)
class ChatChunk:
    """How far an answer is: how many tokens it has, and the text that became certain since the step before.

    `cut` tells of the last step whether the answer was ended by its number of tokens.
    """

    tokens: int
    piece: str
    cut: bool = False


class VideoChat(LocalModel["ChatFamily"]):
    """A `ChatModel` of any family. A clip may have any number of frames that the context has room for.

    `kept_bytes` is the most memory for what this and other models keep of conversations that have a `memory_key`.
    """

    def __init__(self, family: ChatFamily, info: ModelInfo, loaded: LoadedModel, *, kept_bytes: int) -> None:
        super().__init__(family, info, loaded)
        self._kept_bytes = kept_bytes

    def reply(self, messages: Sequence[Message], options: GenerationOptions, job: Job) -> Generator[str, None, str]:
        """Yield the pieces of the answer to the last message, return a note; closing ends the generation.

        Raises:
            OptionError: the messages and the answer do not fit into `info.context_tokens`; raised before the first
                piece is asked for.
            ModelError: the model only reasoned.
            NoMemoryError: memory ran out.
            CancelledError: the job was stopped.
        """
        prompt, prompt_tokens = self._read(messages)
        frames = sum(len(clip) for message in messages for clip in message.clips)
        if prompt_tokens + options.max_new_tokens > self.info.context_tokens:
            of_frames = f", {frames * self.info.tokens_per_frame:,} of them for {frames} frames," if frames else ""
            raise OptionError(
                f"The conversation takes {prompt_tokens:,} tokens{of_frames} and its answer up to "
                f"{options.max_new_tokens:,}; {self.info.id} has room for {self.info.context_tokens:,}. "
                "Use fewer frames or words, or ask for a shorter answer."
            )
        return self._spoken(prompt, messages, options, job)

    def caption(self, clips: Sequence[Frames], options: GenerationOptions, job: Job) -> list[str]:
        """Return one text for each clip, asked for one after the other.

        Raises:
            OptionError: a clip and its caption do not fit into `info.context_tokens`.
            CancelledError: the job was stopped.
        """
        return [collect_reply(self.reply([Message("user", CAPTION, (clip,))], options, job)).text for clip in clips]

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return how much of the context the messages take, the frames of their clips included.

        Raises:
            OptionError: the model's template does not take the conversation.
        """
        return self._read(messages)[1]

    def _read(self, messages: Sequence[Message]) -> tuple[str, int]:
        """Return the prompt, and how many tokens it will have once its marks stand for the frames of the clips."""
        clips = [clip for message in messages for clip in message.clips]
        prompt = render(self._loaded.processor, messages)
        return prompt, self._family.count_tokens(self._loaded.processor, prompt, clips, self.info)

    def _spoken(
        self, text: str, messages: Sequence[Message], options: GenerationOptions, job: Job
    ) -> Generator[str, None, str]:
        job.check()
        fit = options.fit or self.info.fit
        clips = tuple(
            replace(clip, pixels=fit_square(clip.pixels, self.info.image_size, fit))
            for message in messages
            for clip in message.clips
        )
        prompt = Prompt(text, clips, self.info.tokens_per_frame)
        steps = generate_reply(self._loaded, self._family, prompt, options, self._kept_bytes)
        count("frames", sum(len(clip) for clip in clips))
        cut = False
        answer = AnswerFilter(opened=opens_reasoning(text))
        with translate_oom(self.info.id), closing(steps):
            for step in steps:
                job.report("writing", step.tokens, options.max_new_tokens)
                count("tokens")
                cut = step.cut
                if piece := answer.added(step.piece):
                    yield piece
        if piece := answer.ended(cut=cut):
            yield piece
        if answer.reasoned and not answer.answered:
            raise no_answer(self.info.id, options.max_new_tokens if cut else None)
        return cut_short(options.max_new_tokens) if cut else ""


def _effort(
    loaded: LoadedModel,
    family: ChatFamily,  # noqa: ARG001  on_gpu passes all
    prompt: Prompt,  # noqa: ARG001
    options: GenerationOptions,
    kept_bytes: int,  # noqa: ARG001
) -> GpuTimeEstimate:
    return GpuTimeEstimate(
        f"{loaded.checkpoint.folder}, answers", _START_SECONDS, options.max_new_tokens + 1, _SECONDS_A_TOKEN
    )


@on_gpu(_effort)
def generate_reply(
    loaded: LoadedModel, family: ChatFamily, prompt: Prompt, options: GenerationOptions, kept_bytes: int
) -> Generator[ChatChunk, None, None]:
    """Answer a prompt: one step a token, and a last one. What was kept under `options.memory_key` is not read again.

    Raises:
        ModelError: the processor does not write `prompt.tokens_per_frame` tokens for each frame.
    """
    model, processor = loaded.model, loaded.processor
    inputs = family.inputs(processor, prompt.text, prompt.clips)
    ids, frame_token = inputs["input_ids"][0], family.frame_token_id(processor)
    written = int((ids == frame_token).sum())
    expected = sum(family.frames_read(len(clip)) for clip in prompt.clips) * prompt.tokens_per_frame
    if written != expected:
        raise ModelError(f"The model's processor writes {written} tokens for frames that should take {expected}.")
    pieces = TextPieces(processor.tokenizer)
    tokens, answer = inputs["input_ids"], ids[:0]
    with ExitStack() as stack:
        stack.enter_context(loaded.use)
        states: dict[str, DynamicCache] = {}
        if options.memory_key and family.supports_prefix_cache and can_be_kept(model.config.text_config):
            read = PromptTokens(
                ids, fingerprints([clip.pixels for clip in prompt.clips]), frame_token, prompt.tokens_per_frame
            )
            empty = CachedPrefix(DynamicCache(config=model.config))
            kept = stack.enter_context(PREFIXES.checkout(loaded.checkpoint, options.memory_key, empty, kept_bytes))
            inputs = _not_kept(inputs, read, kept)
            stack.callback(lambda: kept.hold(tokens[0], read.frames))
            states = {"past_key_values": kept.states}
        device = input_device(model)
        steps = stream_generate(
            model,
            **{
                name: each.to(device, model.dtype if each.is_floating_point() else None)
                for name, each in inputs.items()
            },
            **states,
            **({"temperature": options.temperature, "top_p": options.top_p, "top_k": 0} if options.temperature else {}),
            max_new_tokens=options.max_new_tokens,
            do_sample=options.temperature > 0,
            num_beams=1,
        )
        for tokens in stack.enter_context(closing(steps)):
            answer = tokens[0, len(ids) :]
            yield ChatChunk(len(answer), pieces.grown(answer))
    ends = model.generation_config.eos_token_id
    cut = len(answer) == options.max_new_tokens and int(answer[-1]) not in (ends if isinstance(ends, list) else [ends])
    yield ChatChunk(len(answer), pieces.finished(answer), cut)


def _not_kept(inputs: dict[str, torch.Tensor], read: PromptTokens, kept: CachedPrefix) -> dict[str, torch.Tensor]:
    """Cut what was kept to what the prompt begins with; return the inputs without the pixels of frames in it.

    `generate` takes the whole prompt and feeds what the cache does not hold. It would put the pixels of all frames
    into the places of the video tokens that it feeds: they must be those of the same frames.
    """
    tokens, frames = read.shared_with(kept)
    kept.cut(tokens)
    # Pixels are (1, frames, …).
    pixels = {name: values[:, frames:] for name, values in inputs.items() if name.startswith("pixel_")}
    others = {name: values for name, values in inputs.items() if name not in pixels}
    return others | (pixels if frames < len(read.frames) else {})
