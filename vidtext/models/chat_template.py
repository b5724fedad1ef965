"""From messages to the one text that a chat model reads: by the checkpoint's own chat template, never by ours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateError

from vidtext.errors import ModelError, OptionError
from vidtext.models.base import Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers import PreTrainedTokenizerBase, ProcessorMixin

_STAND_IN = "\N{OBJECT REPLACEMENT CHARACTER}"
"""The text of messages that only show what a template writes around it."""

_TURNS = (Message("user", _STAND_IN), Message("assistant", _STAND_IN), Message("user", _STAND_IN))


def render(processor: ProcessorMixin, messages: Sequence[Message]) -> str:
    """Return the prompt for the answer to the last message, with one `<video>` for each clip.

    What somebody wrote cannot change the order of the conversation. Marks that mean something to the model are broken
    up where they stand in a message, by a space before their last character: `<video >`, `</s >`, `USER :`,
    `[/INST ]`. A space is what every tokenizer knows; a zero-width joiner would become three odd bytes for Llama's.
    transformers' own `sanitize_control_tokens` is no help here: it refuses tokenizers that begin a text with `<s>` by
    themselves, as Llama's does, and does not know marks that are plain text, such as Vicuna's `USER:`.

    Raises:
        OptionError: there is no message, or the template does not take the conversation.
        ModelError: the template leaves clips out.
    """
    if not messages:
        raise OptionError("There is nothing to answer: a conversation needs at least one message.")
    marks = _marks(processor)
    whole = [Message(message.role, broken_up(message.text, marks), message.clips) for message in messages]
    prompt = _applied(processor, whole)
    places, clips = prompt.count(processor.video_token), sum(len(message.clips) for message in messages)
    if places != clips:
        raise ModelError(f"The model's chat template has room for {places} clips where there are {clips}.")
    return prompt


def begins_with_bos(tokenizer: PreTrainedTokenizerBase, prompt: str) -> bool:
    """Tell whether a prompt already has the token that the tokenizer begins a text with, which must stand only once.

    It is the rule that transformers' `apply_chat_template` follows when it makes tokens itself.
    """
    return tokenizer.bos_token is not None and prompt.startswith(tokenizer.bos_token)


def broken_up(text: str, marks: frozenset[str]) -> str:
    """Put a space before the last character of each mark in a text.

    Marks have two characters or more and no white space, so that each step leaves fewer places for another one.
    """
    longest_first = sorted(marks, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)) or "(?!)")
    while (changed := pattern.sub(lambda found: f"{found[0][:-1]} {found[0][-1]}", text)) != text:
        text = changed
    return text


def _applied(processor: ProcessorMixin, messages: Sequence[Message]) -> str:
    conversation: list[dict[str, Any]] = [
        {
            "role": message.role,
            "content": [*({"type": "video"} for _ in message.clips), {"type": "text", "text": message.text}],
        }
        for message in messages
    ]
    try:
        prompt: str = processor.apply_chat_template(conversation, add_generation_prompt=True)
    except TemplateError as error:
        raise OptionError(f"The model does not take this conversation: {error}") from error
    return prompt


def _marks(processor: ProcessorMixin) -> frozenset[str]:
    """Collect what means something to the model: special tokens, and what the template writes between two turns.

    The template is asked, not read: a conversation of stand-ins shows what stands around them. What comes before the
    first one may be a system prompt in plain language, and is left out.
    """
    added = processor.tokenizer.added_tokens_decoder.values()
    special = {token.content for token in added if token.special} | {processor.video_token, processor.image_token}
    between = " ".join(_applied(processor, _TURNS).split(_STAND_IN)[1:])
    words = re.split("|".join([r"\s+", *map(re.escape, special)]), between)
    plain = {word for word in [*words, *(token.content for token in added)] if _is_no_word(word)}
    return frozenset(mark for mark in special | plain if len(mark) > 1 and not re.search(r"\s", mark))


def _is_no_word(text: str) -> bool:
    """Tell `USER:` and `[INST]`, which nobody writes by chance, from words and from punctuation."""
    return not text.isalnum() and any(character.isalpha() for character in text)
