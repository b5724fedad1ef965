"""Models on other machines: against `transformers serve` itself, and a server that behaves as badly as servers can."""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import vidtext
from tests.media.clips import numbered_clip
from tests.models.conversation import clip
from vidtext.errors import CancelledError, ModelError, ModelUnavailableError, UnknownModelError
from vidtext.job import Job
from vidtext.models.base import GenerationOptions, Message, collect_reply
from vidtext.models.catalog import EMBEDDED_CHAT_FOLDER
from vidtext.models.families.served import ServedModel
from vidtext.models.loading import resolve, resolve_chat
from vidtext.settings import Settings

ANSWER = ["A red", " ball", " moves."]
KEY = "sk-very-secret"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def chunk(text: str | None = None, finish: str | None = None) -> str:
    delta = {"content": text} if text is not None else {}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    whole = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}
    return event(whole)


def event(data: object) -> str:
    return f"data: {json.dumps(data)}\n\n"


DONE = "data: [DONE]\n\n"


def thought(text: str, field: str = "reasoning_content") -> str:
    return event({"choices": [{"index": 0, "delta": {field: text}, "finish_reason": None}]})


@dataclass
class BadServer:
    """Answers each request with what `script` holds for it, the last one again and again."""

    address: str = ""
    script: list[Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    left: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def server() -> Iterator[BadServer]:
    bad = BadServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bad.requests.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            bad.keys.append(self.headers.get("Authorization", ""))
            act = bad.script.pop(0) if len(bad.script) > 1 else bad.script[0]
            try:
                act(self)
            except (BrokenPipeError, ConnectionResetError):
                bad.left.set()

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    threading.Thread(target=http.serve_forever, daemon=True).start()
    bad.address = f"http://127.0.0.1:{http.server_port}/v1"
    yield bad
    http.shutdown()
    http.server_close()


def status(code: int, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def act(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "2")
        handler.end_headers()
        handler.wfile.write(b"{}")

    return act


def stream(*parts: str, then: Callable[[BaseHTTPRequestHandler], None] | None = None) -> Callable[..., None]:
    def act(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        for part in parts:
            handler.wfile.write(part.encode())
            handler.wfile.flush()
        if then:
            then(handler)

    return act


WHOLE = stream(*(chunk(text) for text in ANSWER), chunk(finish="stop"), DONE)


def until_left(handler: BaseHTTPRequestHandler) -> None:
    while True:
        handler.wfile.write(b": nothing new\n\n")
        handler.wfile.flush()
        time.sleep(0.01)


def model_at(address: str, **settings: Any) -> ServedModel:
    limits = Settings(served_key=KEY, served_read_seconds=5.0, **settings)
    return ServedModel(resolve(f"served:{address}#toy", limits).info, limits)


def ask(model: ServedModel, job: Job | None = None) -> list[str]:
    messages = [Message("system", "Be brief."), Message("user", "What moves?", (clip(0, frames=2),))]
    return list(model.reply(messages, GenerationOptions(max_new_tokens=20), job or Job()))


def test_the_name_says_where_and_which() -> None:
    resolution = resolve("served:https://gpu.example.com:8000/v1#llava-hf/LLaVA-NeXT-Video-7B-hf", Settings())
    assert (
        resolution.info.description == "Runs on gpu.example.com: the frames and the words of your video are sent there."
    )
    assert resolve_chat(resolution.info.id, Settings()).info.chats
    assert resolve("served:http://gpu:8000/v1#gemma3:4bit", Settings()).info.id.endswith("#gemma3:4bit")
    nowhere = ("served:", "served:http://gpu", "served:gpu#m", "served:file:///etc#m", "served:http://#m")
    for wrong in (*nowhere, "served:http://gpu:8OOO/v1#m", "served:http://[::1/v1#m", "served:http://gpu:99999/v1#m"):
        with pytest.raises(UnknownModelError, match="looks like served:http://gpu:8000/v1#MODEL"):
            resolve(wrong, Settings())


def test_frames_go_as_jpegs_before_the_words_and_the_answer_streams(server: BadServer) -> None:
    server.script = [WHOLE]
    assert ask(model_at(server.address)) == ["".join(ANSWER)]  # whether its prompt opens reasoning is not known yet
    assert ask(model_at(server.address)) == ANSWER
    request, _ = server.requests
    assert (request["model"], request["max_tokens"], request["stream"]) == ("toy", 20, True)
    assert request["messages"][0] == {"role": "system", "content": "Be brief."}
    *images, words = request["messages"][1]["content"]
    assert words == {"type": "text", "text": "What moves?"}
    for image, frame in zip(images, clip(0, frames=2).pixels, strict=True):
        head, content = image["image_url"]["url"].split(",")
        assert head == "data:image/jpeg;base64"
        sent = np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))
        assert np.abs(sent.mean(axis=(0, 1)) - frame.mean(axis=(0, 1))).max() < 3
    assert server.keys == [f"Bearer {KEY}"] * 2


def test_busy_servers_are_asked_again_when_they_say(server: BadServer) -> None:
    server.script = [status(503, Retry_After="0"), status(429, Retry_After="0"), WHOLE]
    assert "".join(ask(model_at(server.address))) == "".join(ANSWER)
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("code", "times", "kind", "words"),
    [
        (503, 2, ModelUnavailableError, "too busy"),
        (500, 1, ModelError, "does not take the request"),
        (400, 1, ModelError, "fewer frames may help"),
        (401, 1, ModelUnavailableError, "refuses the key"),
        (404, 1, ModelUnavailableError, "has no such model"),
    ],
)
def test_what_a_server_refuses_is_told_plainly_and_only_busy_ones_are_asked_again(
    server: BadServer, code: int, times: int, kind: type[ModelError], words: str
) -> None:
    server.script = [status(code, Retry_After="0")]
    with pytest.raises(kind, match=words) as told:
        ask(model_at(server.address, served_attempts=2))
    assert len(server.requests) == times
    assert KEY not in str(told.value)


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (stream(chunk("A red")), "broke off in the middle"),
        (stream(chunk("A red"), "data: {not json\n\n"), "broke off in the middle"),
        (stream('data: {"error": "out of memory"}\n\n'), "failed: .*out of memory|failed: An error"),
        (stream('data: {"error": {"message": "the context length is 2048 tokens"}}\n\n'), "context length is 2048"),
    ],
)
def test_an_answer_that_breaks_off_is_told(server: BadServer, act: Callable[..., None], words: str) -> None:
    server.script = [act]
    with pytest.raises(ModelError, match=words):
        ask(model_at(server.address))
    assert len(server.requests) == 1  # what was begun is not asked for again


def told(model: ServedModel) -> tuple[str, str]:
    answer = collect_reply(model.reply([Message("user", "What moves?")], GenerationOptions(max_new_tokens=20), Job()))
    return answer.text, answer.note


@pytest.mark.parametrize(
    ("parts", "text", "note"),
    [
        ([chunk("A red"), chunk(finish="stop")], "A red", ""),
        (
            [chunk("A red"), chunk(finish="length")],
            "A red",
            "The model had more to say: its answer was cut at 20 tokens.",
        ),
        ([chunk(finish="content_filter")], "", "The server ended its answer early: content_filter."),
        ([chunk("A red"), chunk(finish="stop").replace('"delta": {}', '"delta": null')], "A red", ""),
        ([chunk("A red"), chunk(finish="stop").replace('"delta": {}, ', "")], "A red", ""),
        ([chunk("A red"), chunk("B").replace('"index": 0', '"index": 1'), chunk(finish="stop")], "A red", ""),
        ([chunk("A \ud83d"), chunk("\ude00!"), chunk(finish="stop")], "A 😀!", ""),
        ([chunk("A red "), chunk("ball rolls."), DONE], "A red ball rolls.", ""),
        (
            [chunk("A red"), event({"usage": {}, "choices": []}), event(5), event({"choices": [None, 3]}), DONE],
            "A red",
            "",
        ),
        ([event({"choices": [{"delta": {"content": ["x", {"type": "text", "text": "A red"}]}}]}), DONE], "A red", ""),
        ([chunk("A \ud83d"), chunk("b"), chunk("\ud83d"), chunk(finish="stop")], "A \ufffdb\ufffd", ""),
    ],
)
def test_however_an_answer_ends_what_was_said_is_kept_and_what_is_missing_is_told(
    server: BadServer, parts: list[str], text: str, note: str
) -> None:
    server.script = [stream(*parts)]
    assert told(model_at(server.address)) == (text, note)


STOP, CUT = chunk(finish="stop"), chunk(finish="length")


@pytest.mark.parametrize(
    "reply",
    [
        ["<think>", "\nOkay, the user", " wants.</", "think>", "\n\nA red", " ball."],
        ["Okay, the user", " wants.", "\n</think>\n\n", "A red ball."],
        ["Okay, the user wants.</think>A red ball."],
    ],
)
def test_reasoning_in_the_text_never_reaches_an_answer(server: BadServer, reply: list[str]) -> None:
    server.script = [stream(*map(chunk, reply), STOP, DONE)]
    for _ in range(3):  # the first answer tells how the model marks it
        assert told(model_at(server.address)) == ("A red ball.", "")


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning_that_comes_apart_is_left_out_and_the_answer_streams(server: BadServer, field: str) -> None:
    server.script = [stream(thought("Okay", field), thought(".", field), *map(chunk, ANSWER), STOP, DONE)]
    assert ask(model_at(server.address)) == ANSWER


@pytest.mark.parametrize(
    "reply",
    [
        [chunk("<think>Okay, the user wants"), CUT],
        [thought("Okay, the user wants"), CUT],
        [chunk("<think>Okay.</think>"), STOP],
        [event({"choices": [{"delta": {"content": [{"type": "thinking", "thinking": []}]}}]}), CUT],
    ],
)
def test_nothing_but_reasoning_is_told_and_is_no_empty_answer(server: BadServer, reply: list[str]) -> None:
    server.script = [stream(*reply, DONE)]
    for _ in range(2):
        with pytest.raises(ModelError, match="wrote no answer|and no answer"):
            ask(model_at(server.address))
        with pytest.raises(ModelError, match="wrote no answer|and no answer"):
            model_at(server.address).caption([clip(0, frames=2)], GenerationOptions(max_new_tokens=20), Job())


def test_a_first_answer_that_is_cut_is_told_from_reasoning_by_a_simple_question(server: BadServer) -> None:
    cut = stream(chunk("Okay, the user wants"), CUT, DONE)
    server.script = [cut, stream(chunk("Ice is cold."), chunk("</think>"), chunk("Yes."), STOP, DONE), cut]
    for _ in range(2):
        with pytest.raises(ModelError, match="used all 20 tokens"):
            ask(model_at(server.address))
    assert len(server.requests) == 3  # the question is asked once
    assert server.requests[1]["max_tokens"] > 1000

    server.script = [cut, stream(chunk("Yes."), STOP, DONE), cut]
    other = model_at(server.address + "/other")
    for _ in range(2):
        assert told(other) == ("Okay, the user wants", "The model had more to say: its answer was cut at 20 tokens.")


def test_a_model_that_begins_to_reason_unasked_gives_no_answer_until_that_is_known(server: BadServer) -> None:
    server.script = [WHOLE, stream(chunk("Okay."), chunk("</think>"), chunk("A red ball."), STOP, DONE)]
    assert told(model_at(server.address))[0] == "".join(ANSWER)
    with pytest.raises(ModelUnavailableError, match="Ask again"):
        ask(model_at(server.address))
    assert told(model_at(server.address)) == ("A red ball.", "")


def test_a_defect_of_ours_is_not_told_as_the_servers(server: BadServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.script = [WHOLE]

    def defect(*_: object, **__: object) -> None:
        raise TypeError("ours")

    monkeypatch.setattr("vidtext.models.served_exchange.Piece", defect)
    with pytest.raises(TypeError, match="ours"):
        ask(model_at(server.address))


def test_a_server_that_says_nothing_is_given_up(server: BadServer) -> None:
    server.script = [lambda _: time.sleep(3)]
    limits = Settings(served_read_seconds=0.3)
    with pytest.raises(ModelUnavailableError, match="did not answer in time|cannot be reached"):
        ask(ServedModel(resolve(f"served:{server.address}#toy", limits).info, limits))


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(ModelUnavailableError, match=r"127\.0\.0\.1 cannot be reached"):
        ask(model_at(f"http://127.0.0.1:{free_port()}/v1"))


def test_stop_closes_the_request_though_the_server_says_nothing_more(server: BadServer) -> None:
    server.script = [WHOLE, stream(chunk("A red"), then=until_left)]
    ask(model_at(server.address))
    job = Job()
    reply = model_at(server.address).reply([Message("user", "What moves?")], GenerationOptions(), job)
    assert next(reply) == "A red"
    job.stop()
    with pytest.raises(CancelledError):
        next(reply)
    assert server.left.wait(20)


def test_closing_the_iterator_closes_the_request(server: BadServer) -> None:
    server.script = [WHOLE, stream(chunk("A red"), then=until_left)]
    ask(model_at(server.address))
    reply = model_at(server.address).reply([Message("user", "What moves?")], GenerationOptions(), Job())
    next(reply)
    reply.close()  # type: ignore[attr-defined]
    assert server.left.wait(20)


def test_the_tasks_work_with_it(server: BadServer, tmp_path: Path) -> None:
    server.script = [WHOLE]
    film = numbered_clip(tmp_path / "film.mp4", 60)
    name = f"served:{server.address}#toy"
    assert vidtext.caption(film, model=name).text == "A red ball moves."
    assert vidtext.chapters(film, model=name).segments
    assert vidtext.summarize(film, model=name).summary == "A red ball moves."
    assert "".join(vidtext.chat(film, model=name).ask("What moves?")).strip() == "A red ball moves."


@contextmanager
def transformers_serve(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    port = free_port()
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(folder), "--port", str(port)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [*command, "--device", "cpu", "--dtype", "float32"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        deadline = time.monotonic() + 120
        while True:
            assert process.poll() is None
            assert time.monotonic() < deadline
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/v1", process
        process.kill()


def answer_of_transformers(images: list[Image.Image], question: str) -> str:
    """Ask the embedded checkpoint by transformers alone; its frames are images here, not a video."""
    from transformers import AutoModelForImageTextToText, AutoProcessor

    processor = AutoProcessor.from_pretrained(EMBEDDED_CHAT_FOLDER)
    model = AutoModelForImageTextToText.from_pretrained(EMBEDDED_CHAT_FOLDER)
    content = [*({"type": "image", "image": image} for image in images), {"type": "text", "text": question}]
    inputs = processor.apply_chat_template(
        [{"role": "user", "content": content}],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
    )
    tokens = model.generate(**inputs, max_new_tokens=20, do_sample=False)
    return str(processor.decode(tokens[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)).strip()


def test_transformers_serve_answers_and_may_die_in_the_middle() -> None:
    frames = clip(3, frames=3, height=64, width=64)
    question = "What moves?"
    with transformers_serve(EMBEDDED_CHAT_FOLDER) as (address, process):
        model = ServedModel(resolve(f"served:{address}#{EMBEDDED_CHAT_FOLDER}", Settings()).info, Settings())
        message, options = Message("user", question, (frames,)), GenerationOptions(max_new_tokens=20)
        answer = "".join(model.reply([message], options, Job()))
        sent = [image["image_url"]["url"].split(",")[1] for image in model._sent(message, options)["content"][:-1]]
        images = [Image.open(io.BytesIO(base64.b64decode(each))) for each in sent]
        assert answer.strip() == answer_of_transformers(images, question)

        process.send_signal(signal.SIGSTOP)  # it has the request, and says nothing
        pieces = model.reply([message], GenerationOptions(max_new_tokens=20), Job())
        killer = threading.Timer(0.5, process.kill)
        killer.start()
        with pytest.raises(ModelUnavailableError, match=r"broke off|cannot be reached"):
            list(pieces)
