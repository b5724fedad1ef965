"""A model on another machine: frames and words go to an OpenAI-compatible server, and the answer streams back.

Frames travel as JPEG images, which vLLM, SGLang and `transformers serve` all take; videos they take in different ways.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import cv2
import numpy as np

from vidtext.counts import count
from vidtext.errors import ModelUnavailableError, UnknownModelError
from vidtext.media.read.resize import fit_square
from vidtext.models.base import FormerCard, GenerationOptions, Message, ModelInfo, collect_reply, cut_short
from vidtext.models.family import RemoteFamily
from vidtext.models.reasoning import AnswerFilter, no_answer
from vidtext.text.prompts import CAPTION
from vidtext.text.unicode import well_formed

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from numpy.typing import NDArray

    from vidtext.job import Job
    from vidtext.media.read.frames import Frames
    from vidtext.models.served_exchange import Exchange
    from vidtext.settings import Settings

PREFIX = "served:"

_FRAME_TOKENS = 256
"""What a frame is counted as: the tokens of a 336 × 336 image in LLaVA's and Qwen's models are between 100 and 600."""

_CHARACTERS_A_TOKEN = 3
"""What words are counted as, rather too much: English has about four characters a token."""

_JPEG_QUALITY = 90
_FEATURE_EDGE = 8
_OPENED: dict[str, bool] = {}
"""Of the served models that have answered, whether their prompt opens reasoning. Only answers tell; the first one is
held back to its end."""

_SIMPLE_QUESTION = "Is ice cold? Answer with one word."
_SIMPLE_QUESTION_TOKENS = 2048
"""Room for reasoning about it, at the length that small reasoning models are known for."""


class Served(RemoteFamily):
    """Models behind OpenAI-compatible servers, named by where they are: `served:http://gpu:8000/v1#llava-hf/llava`."""

    name = "served"
    label = "served models"

    def info_from_name(self, name: str, settings: Settings) -> ModelInfo | None:
        """Return the info of a served model.

        Raises:
            UnknownModelError: the name does not tell where, or which.
        """
        if not name.startswith(PREFIX):
            return None
        url, _, model = name.removeprefix(PREFIX).partition("#")
        host = _host_of(url)
        if not host or not model:
            raise UnknownModelError(
                f"{name!r} is no served model. Its name looks like served:http://gpu:8000/v1#MODEL."
            )
        return ModelInfo(
            id=name,
            family=self.name,
            chats=True,
            host=host,
            licence="see the server's operator",
            frames_per_clip=settings.served.frames,
            image_size=settings.served.image_size,
            fit="pad",
            context_tokens=settings.served.context_tokens,
            weight_bytes=0,
            description=f"Runs on {host}: the frames and the words of your video are sent there.",
            tokens_per_frame=_FRAME_TOKENS,
            min_frames=1,
        )

    def connect(self, info: ModelInfo, settings: Settings) -> ServedModel:
        """Return the model; nothing is sent yet."""
        return ServedModel(info, settings)


def _host_of(url: str) -> str:
    """Return the host of an http or https address, "" where it is none."""
    try:
        address = urlsplit(url)
        _ = address.port  # raises where it is no number
    except ValueError:
        return ""
    return (address.hostname or "") if address.scheme in ("http", "https") else ""


class ServedModel(FormerCard):
    """A `ChatModel` whose work is done by a server.

    Attributes:
        info: what is known of it.
        device: the server's host.
    """

    def __init__(self, info: ModelInfo, settings: Settings) -> None:
        self.info, self._settings = info, settings
        self.device = info.host
        self._url, _, self._model = info.id.removeprefix(PREFIX).partition("#")

    def caption(self, clips: Sequence[Frames], options: GenerationOptions, job: Job) -> list[str]:
        """Return one text for each clip, asked for one after the other.

        Raises as `reply` does.
        """
        return [
            collect_reply(self.reply([Message("user", CAPTION, (clip,))], options, job)).text.strip() for clip in clips
        ]

    def image_features(self, frames: Frames, job: Job) -> NDArray[np.float32]:
        """Return `(N, D)` float32, each of length 1: the colours of 8 × 8 parts of each of N frames.

        A server of chat completions does not hand out what its vision tower sees.
        """
        job.check()
        edge = (_FEATURE_EDGE, _FEATURE_EDGE)
        small = np.stack([cv2.resize(frame, edge, interpolation=cv2.INTER_AREA) for frame in frames.pixels])
        features = small.reshape(len(frames), -1).astype(np.float32) - 127.5
        lengths = np.linalg.norm(features, axis=1, keepdims=True)
        return np.asarray(features / np.maximum(lengths, 1e-6), dtype=np.float32)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Estimate how much of the context the messages take: only the server knows."""
        frames = sum(len(clip) for message in messages for clip in message.clips)
        characters = sum(len(message.text) for message in messages)
        return frames * _FRAME_TOKENS + characters // _CHARACTERS_A_TOKEN + len(messages)

    def reply(self, messages: Sequence[Message], options: GenerationOptions, job: Job) -> Generator[str, None, str]:
        """Yield the pieces of the answer as the server sends them, return a note. Stopping, or closing, closes it.

        Raises:
            ModelUnavailableError: the server cannot be reached, is too busy, refuses the key, or broke off.
            ModelError: the server does not take the request, or the model only reasoned.
            CancelledError: the job was stopped.
        """
        count("frames", sum(len(clip) for message in messages for clip in message.clips))
        opened = _OPENED.get(self.info.id)
        answer = AnswerFilter(opened=None if opened else opened)
        exchange = self._exchange([self._sent(message, options) for message in messages], options)
        characters = _WholeCharacters()
        try:
            for number, piece in enumerate(exchange.received(job), start=1):
                job.report("writing", min(number, options.max_new_tokens), options.max_new_tokens)
                count("tokens")
                if piece.reasoning:
                    answer.reasoned_elsewhere()
                if text := answer.added(characters.added(piece.text)):
                    yield text
                if answer.closed_late:
                    _OPENED[self.info.id] = True
                    raise ModelUnavailableError(f"{self.info.id} began with its reasoning unasked. Ask again.")
        finally:
            exchange.close()
        cut = exchange.ended == "length"
        if answer.opened is None and cut and (opened or self._opens_reasoning(job)):
            raise no_answer(self.info.id, options.max_new_tokens)
        known = answer.opened is not None
        if text := answer.added(characters.ended()) + answer.ended(cut=cut):
            yield text
        if known or (answer.answered and not cut):
            _OPENED[self.info.id] = bool(opened or answer.opened)
        if answer.reasoned and not answer.answered:
            raise no_answer(self.info.id, options.max_new_tokens if cut else None)
        if cut:
            return cut_short(options.max_new_tokens)
        return "" if exchange.ended == "stop" else f"The server ended its answer early: {exchange.ended}."

    def _exchange(self, messages: Sequence[dict[str, Any]], options: GenerationOptions) -> Exchange:
        from vidtext.models.served_exchange import Exchange, client_of

        settings = self._settings
        timeout = (settings.served.connect_seconds, settings.served.read_seconds)
        request = {
            "model": self._model,
            "messages": messages,
            "max_tokens": options.max_new_tokens,
            "temperature": options.temperature,
            "stream": True,
            **({"top_p": options.top_p} if options.temperature else {}),
        }
        client = client_of(self._url, settings.served.api_key, *timeout)
        return Exchange(client, request, settings.served.attempts, self.device)

    def _opens_reasoning(self, job: Job) -> bool:
        """Find out by a question that needs few words whether the model's prompt opens reasoning.

        A reply that was cut before any marker may be all reasoning or all answer.
        """
        question = {"role": "user", "content": _SIMPLE_QUESTION}
        exchange = self._exchange([question], GenerationOptions(max_new_tokens=_SIMPLE_QUESTION_TOKENS))
        answer = AnswerFilter(opened=None)
        try:
            for piece in exchange.received(job):
                answer.added(piece.text)
                if answer.opened is not None:
                    break
        finally:
            exchange.close()
        if answer.opened is not None or exchange.ended == "stop":
            _OPENED[self.info.id] = bool(answer.opened)
        return bool(answer.opened)

    def _sent(self, message: Message, options: GenerationOptions) -> dict[str, Any]:
        """Return a message as the server reads it: its clips' frames in their order, then its words."""
        images = [image for clip in message.clips for image in self._images(clip, options)]
        if not images:
            return {"role": message.role, "content": message.text}
        return {"role": message.role, "content": [*images, {"type": "text", "text": message.text}]}

    def _images(self, clip: Frames, options: GenerationOptions) -> Iterator[dict[str, Any]]:
        pixels = fit_square(clip.pixels, self.info.image_size, options.fit) if options.fit else clip.pixels
        for frame in pixels:
            quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
            _, content = cv2.imencode(".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), quality)
            text = base64.b64encode(content.tobytes()).decode()
            yield {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{text}"}}


class _WholeCharacters:
    """Joins the halves of a character that were sent in two pieces; half a character alone becomes `�`."""

    def __init__(self) -> None:
        self._half = ""

    def added(self, piece: str) -> str:
        text, self._half = self._half + piece, ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return well_formed(text)

    def ended(self) -> str:
        return well_formed(self._half)
