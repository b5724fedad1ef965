"""A model on another machine: frames and words go to an OpenAI-compatible server, and the answer streams back.

Frames travel as JPEG images, which vLLM, SGLang and `transformers serve` all take; videos they take in different ways.
"""

from __future__ import annotations

import base64
import queue
import random
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import cv2
import numpy as np

from vidtext.counts import count
from vidtext.errors import ModelError, ModelUnavailableError, UnknownModelError
from vidtext.media.resize import fit_square
from vidtext.models.base import Message, ModelCard, cut_short, heard
from vidtext.text.prompts import CAPTION
from vidtext.text.unicode import well_formed

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence

    from numpy.typing import NDArray
    from openai import OpenAI, Stream

    from vidtext.job import Job
    from vidtext.media.frames import Frames
    from vidtext.models.base import GenerationOptions
    from vidtext.settings import Settings

PREFIX = "served:"

_FRAME_TOKENS = 256
"""What a frame is counted as: the tokens of a 336 × 336 image in LLaVA's and Qwen's models are between 100 and 600."""

_CHARACTERS_A_TOKEN = 3
"""What words are counted as, rather too much: English has about four characters a token."""

_JPEG_QUALITY = 90
_FEATURE_EDGE = 8
_TRY_AGAIN = (429, 503)
"""Too many requests, and not ready yet: the only answers that are worth waiting for."""

_MOST_SAID = 300
"""How many characters of a server's own words on an error are told."""

_LOOK_UP_SECONDS = 0.1
"""How soon a stopped job is noticed while the server says nothing."""


def is_served(name: str) -> bool:
    """Tell whether a name stands for a model on another machine."""
    return name.startswith(PREFIX)


def card_of_served(name: str, settings: Settings) -> ModelCard:
    """Return the card of a model that is named by where it is: `served:http://gpu:8000/v1#llava-hf/llava-1.5-7b-hf`.

    Raises:
        UnknownModelError: the name does not tell where, or which.
    """
    url, _, model = name.removeprefix(PREFIX).partition("#")
    host = _host_of(url)
    if not host or not model:
        raise UnknownModelError(f"{name!r} is no served model. Its name looks like served:http://gpu:8000/v1#MODEL.")
    return ModelCard(
        id=name,
        family="served",
        licence="see the server's operator",
        frames_per_clip=settings.served_frames,
        frame_edge_pixels=settings.served_frame_edge_pixels,
        fit="pad",
        context_tokens=settings.served_context_tokens,
        weight_bytes=0,
        sees=f"Runs on {host}: the frames and the words of your video are sent there.",
        tokens_per_frame=_FRAME_TOKENS,
        fewest_frames=1,
    )


def _host_of(url: str) -> str:
    """Return the host of an http or https address, "" where it is none."""
    try:
        address = urlsplit(url)
        _ = address.port  # raises where it is no number
    except ValueError:
        return ""
    return (address.hostname or "") if address.scheme in ("http", "https") else ""


class ServedModel:
    """A `ChatModel` whose work is done by a server."""

    def __init__(self, card: ModelCard, settings: Settings) -> None:
        self._card, self._settings = card, settings
        self._url, _, self._model = card.id.removeprefix(PREFIX).partition("#")

    @property
    def card(self) -> ModelCard:
        """What is known of it."""
        return self._card

    @property
    def device(self) -> str:
        """The server's host."""
        return urlsplit(self._url).hostname or ""

    def caption(self, clips: Sequence[Frames], options: GenerationOptions, job: Job) -> list[str]:
        """Return one text for each clip, asked for one after the other.

        Raises as `reply` does.
        """
        return [heard(self.reply([Message("user", CAPTION, (clip,))], options, job)).text.strip() for clip in clips]

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
            ModelError: the server does not take the request.
            CancelledError: the job was stopped.
        """
        request = {
            "model": self._model,
            "messages": [self._sent(message, options) for message in messages],
            "max_tokens": options.max_new_tokens,
            "temperature": options.temperature,
            **({"top_p": options.top_p} if options.temperature else {}),
        }
        count("frames", sum(len(clip) for message in messages for clip in message.clips))
        pieces = _Exchange(self._client(), request, self._settings.served_attempts, self.device)
        try:
            for number, piece in enumerate(_whole_characters(pieces.received(job)), start=1):
                job.report("writing", min(number, options.max_new_tokens), options.max_new_tokens)
                count("tokens")
                yield piece
        finally:
            pieces.close()
        if pieces.ended == "length":
            return cut_short(options.max_new_tokens)
        return "" if pieces.ended == "stop" else f"The server ended its answer early: {pieces.ended}."

    def _client(self) -> OpenAI:
        timeout = (self._settings.served_connect_seconds, self._settings.served_read_seconds)
        return _client(self._url, self._settings.served_key, *timeout)

    def _sent(self, message: Message, options: GenerationOptions) -> dict[str, Any]:
        """Return a message as the server reads it: its clips' frames in their order, then its words."""
        images = [image for clip in message.clips for image in self._images(clip, options)]
        if not images:
            return {"role": message.role, "content": message.text}
        return {"role": message.role, "content": [*images, {"type": "text", "text": message.text}]}

    def _images(self, clip: Frames, options: GenerationOptions) -> Iterator[dict[str, Any]]:
        pixels = fit_square(clip.pixels, self._card.frame_edge_pixels, options.fit) if options.fit else clip.pixels
        for frame in pixels:
            quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
            _, content = cv2.imencode(".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), quality)
            text = base64.b64encode(content.tobytes()).decode()
            yield {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{text}"}}


@lru_cache(maxsize=8)
def _client(url: str, key: str, connect_seconds: float, read_seconds: float) -> OpenAI:
    """Return the client of a server, which keeps its connections."""
    from openai import OpenAI, Timeout

    timeout = Timeout(read_seconds, connect=connect_seconds)
    return OpenAI(base_url=url, api_key=key or "none", timeout=timeout, max_retries=0)


def _whole_characters(pieces: Iterable[str]) -> Iterator[str]:
    """Join the halves of a character that were sent in two pieces; half a character alone becomes `�`."""
    half = ""
    for piece in pieces:
        text, half = half + piece, ""
        if "\ud800" <= text[-1] <= "\udbff":
            text, half = text[:-1], text[-1]
        if text:
            yield well_formed(text)
    if half:
        yield well_formed(half)


class _Exchange:
    """One request, read in a thread, so that a stop is noticed while the server says nothing."""

    def __init__(self, client: OpenAI, request: dict[str, Any], attempts: int, host: str) -> None:
        self._client, self._request, self._attempts, self._host = client, request, attempts, host
        self._queue: queue.SimpleQueue[str | Exception | None] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._stream: Stream[Any] | None = None
        self.ended = ""
        """Why the answer ended, as the server says it: "stop", "length", …"""

    def received(self, job: Job) -> Generator[str]:
        """Yield the pieces."""
        threading.Thread(target=self._run, name="vidtext-served", daemon=True).start()
        while True:
            job.check()
            try:
                got = self._queue.get(timeout=_LOOK_UP_SECONDS)
            except queue.Empty:
                continue
            if got is None:
                return
            if isinstance(got, Exception):
                raise got
            yield got

    def close(self) -> None:
        """Close the request, whatever it waits for."""
        self._closed.set()
        if self._stream is not None:
            self._stream.response.close()

    def _run(self) -> None:
        import openai

        try:
            self._read()
        except ModelError as error:
            self._queue.put(error)
        except (openai.OpenAIError, ValueError, KeyError, OSError) as error:
            self._queue.put(self._told(error))
        except Exception as error:  # noqa: BLE001  (httpx raises errors of its own while a body is read)
            self._queue.put(self._told(error))
        else:
            self._queue.put(None)

    def _read(self) -> None:
        stream = self._opened()
        self._stream = stream
        with stream:
            for chunk in stream:
                if self._closed.is_set():
                    return
                for choice in chunk.choices or ():
                    if choice.index:  # only one was asked for
                        continue
                    said = getattr(choice.delta, "content", None)
                    if isinstance(said, str) and said:
                        self._queue.put(said)
                    if choice.finish_reason:
                        self.ended = choice.finish_reason
                        return
        if not self._closed.is_set():
            raise ModelUnavailableError(f"The server {self._host} broke off in the middle of the answer. Ask again.")

    def _opened(self) -> Stream[Any]:
        """Send the request; while the server is too busy, wait and send it again."""
        import openai

        for attempt in range(1, self._attempts + 1):
            try:
                return self._client.chat.completions.create(**self._request, stream=True)  # type: ignore[no-any-return]
            except openai.APIStatusError as error:
                if error.status_code not in _TRY_AGAIN or attempt == self._attempts:
                    raise
                if self._closed.wait(_pause_seconds(attempt, error.response.headers.get("retry-after", ""))):
                    raise
        raise AssertionError  # the last attempt returns or raises

    def _told(self, error: Exception) -> ModelError:
        """Say what went wrong in plain words, without the request, its key, or a long answer of the server."""
        import openai

        if isinstance(error, openai.APITimeoutError):
            return ModelUnavailableError(f"The server {self._host} did not answer in time. Try again later.")
        if isinstance(error, openai.APIStatusError):
            return self._refused(error)
        if type(error) is openai.APIError:  # told in the stream itself
            said = well_formed(str(error.message))[:_MOST_SAID]
            return ModelError(f"The server {self._host} failed: {said}")
        if isinstance(error, openai.APIConnectionError) and self._stream is None:
            return ModelUnavailableError(f"The server {self._host} cannot be reached. Is it running?")
        return ModelUnavailableError(f"The server {self._host} broke off in the middle of the answer. Ask again.")

    def _refused(self, error: Any) -> ModelError:  # noqa: ANN401  an openai.APIStatusError
        status = error.status_code
        if status in _TRY_AGAIN:
            return ModelUnavailableError(f"The server {self._host} is too busy (HTTP {status}). Try again later.")
        if status in (401, 403):
            refused = f"The server {self._host} refuses the key (HTTP {status})."
            return ModelUnavailableError(f"{refused} Set VIDTEXT_SERVED_KEY.")
        if status == 404:  # noqa: PLR2004
            return ModelUnavailableError(f"The server {self._host} has no such model (HTTP 404).")
        return ModelError(f"The server {self._host} does not take the request (HTTP {status}): fewer frames may help.")


def _pause_seconds(attempt: int, retry_after: str) -> float:
    """Return how long to wait before the next attempt: what the server says, else twice as long each time."""
    wait = float(retry_after) if retry_after.isdecimal() else 0.5 * 2 ** (attempt - 1)
    return min(wait, 30.0) * random.uniform(1.0, 1.2)  # noqa: S311  (so that not all come back at once)
