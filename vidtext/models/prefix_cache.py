"""What a chat model keeps of a conversation between its turns, so that the next question does not pay for the video.

A text model computes keys and values for each token of its prompt, and those of one token depend only on the tokens
before it. The prompt of a turn begins as the prompt before it did, so that the keys and values of the part that both
share can be used again: with them come the frames, which are most of a conversation and the costliest to read.
"""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import torch
    from numpy.typing import NDArray
    from transformers import DynamicCache, PretrainedConfig

    from vidtext.models.checkpoint import Checkpoint

_ROPE_OF_ANY_LENGTH = ("dynamic", "longrope")
"""The kinds of rope scaling that turn the keys of a long text otherwise than those of its beginning alone."""


@dataclass(frozen=True)
class PromptTokens:
    """What a prompt consists of for the cache.

    Attributes:
        ids: all tokens, frames included, `(length,)`.
        frames: the fingerprints of the frames that the video tokens stand for, in their order.
        video_token_id: the token that stands for a part of a frame.
        tokens_per_frame: how many of them one frame has.
    """

    ids: torch.Tensor
    frames: tuple[bytes, ...]
    video_token_id: int
    tokens_per_frame: int

    def shared_with(self, kept: CachedPrefix) -> tuple[int, int]:
        """Return how many tokens, and how many frames among them, are the same as the kept ones from the beginning.

        At least one token is left to feed, and no frame is cut in two.
        """
        most = min(len(self.ids) - 1, len(kept.ids))
        differ = (self.ids[:most] != kept.ids[:most]).nonzero()
        tokens = int(differ[0]) if len(differ) else most
        places = (self.ids[:tokens] == self.video_token_id).nonzero()[:, 0]
        same = len([*itertools.takewhile(lambda pair: pair[0] == pair[1], zip(self.frames, kept.frames, strict=False))])
        frames = min(len(places) // self.tokens_per_frame, same)
        if len(places) > frames * self.tokens_per_frame:
            tokens = int(places[frames * self.tokens_per_frame])
        return tokens, frames


def _no_tokens() -> torch.Tensor:
    import torch

    return torch.empty(0, dtype=torch.long)


@dataclass
class CachedPrefix:
    """Keys and values, and what they were computed from: nothing at first.

    Attributes:
        states: transformers' own cache; a model's `generate` goes on from it, and grows it.
        ids: the tokens whose keys and values it holds, `(length,)`.
        frames: the fingerprints of the frames that these tokens stand for.
    """

    states: DynamicCache
    ids: torch.Tensor = field(default_factory=_no_tokens)
    frames: tuple[bytes, ...] = ()

    def cut(self, tokens: int) -> None:
        """Forget all but the first tokens."""
        surplus = self.states.get_seq_length() - tokens
        if surplus > 0:
            self.states.crop(-surplus)  # a positive number would be refused

    def hold(self, ids: torch.Tensor, frames: tuple[bytes, ...]) -> None:
        """Note what the states were computed from, now that they have grown.

        `generate` may have gone further than whoever reads its tokens, and has not fed the last of them to the model.
        """
        length = min(len(ids), self.states.get_seq_length())
        self.cut(length)
        self.ids, self.frames = ids[:length].cpu(), frames

    @property
    def nbytes(self) -> int:
        """How much memory the keys and values take."""
        states = [state for layer in self.states.layers if layer.is_initialized for state in (layer.keys, layer.values)]
        return sum(state.untyped_storage().nbytes() for state in states)


Key = tuple["Checkpoint", str]


class PrefixCache:
    """The conversations that were kept last, as many as there is room for; safe to use from several threads.

    What is kept is taken out while an answer is written, so that nobody else's answer grows the same states: of two
    answers under one key at the same time, the second starts afresh, and it is the one that is kept.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, CachedPrefix] = OrderedDict()
        self._borrowers: dict[Key, object] = {}

    @contextmanager
    def checkout(
        self, checkpoint: Checkpoint, memory_key: str, empty: CachedPrefix, most_bytes: int
    ) -> Iterator[CachedPrefix]:
        """Lend what is kept, else `empty`, and keep it again at the end, unless it was forgotten in the meantime.

        An answer that was stopped is kept as well. After any other exception the states may be in disorder, and are
        dropped. The conversations that have not been used for longest are dropped until the rest fits `most_bytes`.
        """
        key = (checkpoint, memory_key)
        borrower = object()
        with self._lock:
            self._borrowers[key] = borrower
            kept = self._kept.pop(key, empty)
        in_order = False
        try:
            yield kept
            in_order = True
        except GeneratorExit:
            in_order = True
            raise
        finally:
            with self._lock:
                if self._borrowers.get(key) is borrower:
                    del self._borrowers[key]
                    if in_order and len(kept.ids):
                        self._kept[key] = kept
                while sum(each.nbytes for each in self._kept.values()) > most_bytes:
                    self._kept.popitem(last=False)

    def forget(self, memory_key: str) -> None:
        """Drop what any model keeps under a key, also what an answer that is being written would keep."""
        with self._lock:
            for keys in (self._kept, self._borrowers):
                for key in [key for key in keys if key[1] == memory_key]:
                    del keys[key]

    def drop(self) -> None:
        """Drop all that is kept, because its memory is needed: the next answers read their videos again."""
        with self._lock:
            self._kept.clear()

    @property
    def nbytes(self) -> int:
        """How much memory the kept conversations take."""
        with self._lock:
            return sum(each.nbytes for each in self._kept.values())

    def __len__(self) -> int:
        with self._lock:
            return len(self._kept)


PREFIXES = PrefixCache()
"""The one of this process. In the process of its own that a ZeroGPU Space makes for each call, it is empty."""


def forget(memory_key: str) -> None:
    """Drop what the models of this process keep of a conversation, because it is over."""
    PREFIXES.forget(memory_key)


def can_be_kept(text: PretrainedConfig) -> bool:
    """Tell whether the states of a text model may be used again for another text that begins in the same way."""
    rope = getattr(text, "rope_parameters", None) or {}
    return rope.get("rope_type") not in _ROPE_OF_ANY_LENGTH and not getattr(text, "sliding_window", None)


def fingerprints(clips: Sequence[NDArray[np.uint8]]) -> tuple[bytes, ...]:
    """Return what tells each frame of `(F, height, width, 3)` clips from all others, in their order."""
    return tuple(hashlib.blake2b(frame.tobytes(), digest_size=16).digest() for clip in clips for frame in clip)
