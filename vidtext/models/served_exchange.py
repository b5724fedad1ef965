"""One request to an OpenAI-compatible server, and its answer as it streams back."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import openai
from openai import OpenAI, Stream, Timeout

from vidtext.errors import ModelError, ModelUnavailableError
from vidtext.text.unicode import well_formed
from vidtext.threads import ThreadedWork

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from openai._streaming import ServerSentEvent

    from vidtext.job import Job

_TRY_AGAIN = (429, 503)
"""Too many requests, and not ready yet: the only answers that are worth waiting for."""

_MOST_SAID = 300
"""How many characters of a server's own words on an error are told."""

_REASONING_FIELDS = ("reasoning_content", "reasoning")
"""Where servers that part reasoning from the answer put it: vLLM, SGLang and DeepSeek; OpenRouter and newer vLLM."""


@lru_cache(maxsize=8)
def client_of(url: str, key: str, connect_seconds: float, read_seconds: float) -> OpenAI:
    """Return the client of a server, which keeps its connections."""
    timeout = Timeout(read_seconds, connect=connect_seconds)
    return OpenAI(base_url=url, api_key=key or "none", timeout=timeout, max_retries=0)


@dataclass(frozen=True)
class Piece:
    """What the server sent at once.

    Attributes:
        text: of the answer; surrogate pairs may be cut between two pieces.
        reasoning: whether there was reasoning beside it.
    """

    text: str
    reasoning: bool = False


class _Events(Stream[object]):
    """openai's stream of a response, as JSON, that also tells whether the server ended it with [DONE].

    openai ends the iteration at [DONE] as it does where a connection breaks. `_iter_events` is its own; tests of broken
    and whole answers fail should it get another name.
    """

    done = False

    def _iter_events(self) -> Iterator[ServerSentEvent]:
        for event in super()._iter_events():
            self.done = self.done or event.data.startswith("[DONE]")
            yield event


class Exchange:
    """One request, read in a thread, so that a stop is noticed while the server says nothing."""

    def __init__(self, client: OpenAI, request: dict[str, Any], attempts: int, host: str) -> None:
        self._client, self._request, self._attempts, self._host = client, request, attempts, host
        self._work = ThreadedWork(self._read, name="vidtext-served")
        self._closed = threading.Event()
        self._stream: _Events | None = None
        self.ended = ""
        """Why the answer ended, as the server says it: "stop", "length", …"""

    def received(self, job: Job) -> Generator[Piece]:
        """Yield the pieces.

        Raises:
            ModelError: the server refuses the request, fails, breaks off, or does not answer as such servers do.
            CancelledError: the job was stopped.
        """
        yield from self._work.items(job)

    def close(self) -> None:
        """Close the request, whatever it waits for."""
        self._closed.set()
        if self._stream is not None:
            self._stream.response.close()

    def _read(self, hand_over: Callable[[Piece], bool]) -> None:
        self._stream = self._opened()
        with self._stream as stream:
            while (event := self._next(stream)) is not None and not self._closed.is_set():
                for choice in _choices(event):
                    if piece := _piece(choice):
                        hand_over(piece)
                    if isinstance(reason := choice.get("finish_reason"), str) and reason:
                        self.ended = reason
                        return
        if stream.done:
            self.ended = "stop"
        elif not self._closed.is_set():
            raise self._broken_off()

    def _next(self, stream: _Events) -> object | None:
        """Return the next event as JSON, None at the end."""
        try:
            return next(stream, None)
        except (openai.OpenAIError, ValueError, OSError) as error:  # ValueError: neither UTF-8 nor JSON
            raise self._told(error) from error

    def _opened(self) -> _Events:
        """Send the request; while the server is too busy, wait and send it again."""
        for attempt in range(1, self._attempts + 1):
            try:
                return self._client.post(
                    "/chat/completions", cast_to=object, body=self._request, stream=True, stream_cls=_Events
                )
            except openai.APIStatusError as error:
                if error.status_code not in _TRY_AGAIN or attempt == self._attempts:
                    raise self._told(error) from error
                if self._closed.wait(_pause_seconds(attempt, error.response.headers.get("retry-after", ""))):
                    raise self._told(error) from error
            except (openai.OpenAIError, OSError) as error:
                raise self._told(error) from error
        raise AssertionError  # the last attempt returns or raises

    def _broken_off(self) -> ModelUnavailableError:
        return ModelUnavailableError(f"The server {self._host} broke off in the middle of the answer. Ask again.")

    def _told(self, error: Exception) -> ModelError:
        """Say what went wrong in plain words, without the request, its key, or a long answer of the server."""
        if isinstance(error, openai.APITimeoutError):
            return ModelUnavailableError(f"The server {self._host} did not answer in time. Try again later.")
        if isinstance(error, openai.APIStatusError):
            return self._refused(error)
        if type(error) is openai.APIError:  # told in the stream itself
            said = well_formed(str(error.message))[:_MOST_SAID]
            return ModelError(f"The server {self._host} failed: {said}")
        if isinstance(error, openai.APIConnectionError) and self._stream is None:
            return ModelUnavailableError(f"The server {self._host} cannot be reached. Is it running?")
        return self._broken_off()

    def _refused(self, error: openai.APIStatusError) -> ModelError:
        status = error.status_code
        if status in _TRY_AGAIN:
            return ModelUnavailableError(f"The server {self._host} is too busy (HTTP {status}). Try again later.")
        if status in (401, 403):
            refused = f"The server {self._host} refuses the key (HTTP {status})."
            return ModelUnavailableError(f"{refused} Set VIDTEXT_SERVED__API_KEY.")
        if status == 404:  # noqa: PLR2004
            return ModelUnavailableError(f"The server {self._host} has no such model (HTTP 404).")
        return ModelError(f"The server {self._host} does not take the request (HTTP {status}): fewer frames may help.")


def _choices(event: object) -> list[dict[str, Any]]:
    """Return the first choice of an event as JSON, if it has it: only one was asked for."""
    choices = event.get("choices") if isinstance(event, dict) else None
    return [
        choice
        for choice in (choices if isinstance(choices, list) else ())
        if isinstance(choice, dict) and not choice.get("index")
    ]


def _piece(choice: dict[str, Any]) -> Piece | None:
    """Return what a choice adds, None if that is nothing."""
    delta = choice.get("delta")
    if not isinstance(delta, dict):
        return None
    reasoning = any(delta.get(field) for field in _REASONING_FIELDS)
    said = delta.get("content")
    if isinstance(said, list):  # parts, as Mistral's servers send them: reasoning is of another type
        parts = [part for part in said if isinstance(part, dict)]
        reasoning = reasoning or any(part.get("type") == "thinking" for part in parts)
        said = "".join(str(part.get("text", "")) for part in parts if part.get("type") == "text")
    text = said if isinstance(said, str) else ""
    return Piece(text, reasoning) if text or reasoning else None


def _pause_seconds(attempt: int, retry_after: str) -> float:
    """Return how long to wait before the next attempt: what the server says, else twice as long each time."""
    wait = float(retry_after) if retry_after.isdecimal() else 0.5 * 2 ** (attempt - 1)
    return min(wait, 30.0) * random.uniform(1.0, 1.2)  # noqa: S311  (so that not all come back at once)
