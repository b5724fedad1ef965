"""A crowd in front of the page, and what is left when it has gone: `python -m benchmarks.crowd`.

`python app.py` is started on its embedded models. Then so many visitors come within a few seconds. Each opens the page,
uploads a clip of its own, has it captioned and asks two questions, over Gradio's own protocol, as a browser does. Every
third one leaves in the middle. Whoever stays must get the words about the clip that was theirs.

`--soak MINUTES` lets one visitor after the other come, for so long, and prints a line a minute.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psutil

from benchmarks.report import machine, table
from training.scenes import Actor, ToyScene
from training.world import render_scene, write_video

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

ROOT = Path(__file__).parents[1]
COLOURS = ("red", "blue", "yellow", "green")
QUESTIONS = ("What moves?", "What colour is it?")
VISITORS = 50
ARRIVAL_SECONDS = 5.0
LONGEST_SECONDS = 900.0
SETTLE_SECONDS = 75.0
SOAK_PAUSE_SECONDS = 6.0


@dataclass
class Stay:
    """What one visitor met.

    Attributes:
        colour: the clip's.
        left: whether the visitor left in the middle.
        waits: seconds until the end of each thing asked for: upload, caption, first answer, second answer.
        told: seconds until the first sign that the caption is being worked on or waits.
        places: whether a place in the line was told.
        right: whether the caption names the colour.
        trouble: what went wrong, "" for nothing.
    """

    colour: str
    left: bool = False
    waits: dict[str, float] = field(default_factory=dict)
    told: float = 0.0
    places: bool = False
    right: bool = False
    trouble: str = ""


class Page:
    """The page as one open browser tab sees it."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        """Begin a session."""
        self._client, self._session = client, secrets.token_hex(6)
        self._config: dict[str, Any] = {}

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Page]:
        """Load the page and hold the connection by which Gradio knows that the tab is open."""
        (await self._client.get("/")).raise_for_status()
        self._config = (await self._client.get("/config")).raise_for_status().json()
        beating = asyncio.create_task(self._beat())
        try:
            yield self
        finally:
            beating.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await beating

    async def _beat(self) -> None:
        async with self._client.stream("GET", f"/gradio_api/heartbeat/{self._session}") as stream:
            async for _ in stream.aiter_raw():
                pass

    async def upload(self, clip: Path, name: str) -> dict[str, Any]:
        """Upload a file and have the page look at it."""
        with clip.open("rb") as file:
            sent = await self._client.post("/gradio_api/upload", files={"files": (name, file, "video/mp4")})
        video = {"path": sent.raise_for_status().json()[0], "orig_name": name, "meta": {"_type": "gradio.FileData"}}
        said = [text async for text in self.ask("vt-upload", "upload", {"vt-upload": video})]
        if name not in "".join(said):
            raise RuntimeError(f"the page does not show {name}: {said[-1][:300]}")
        return video

    async def ask(self, element: str, event: str, values: dict[str, Any]) -> AsyncIterator[str]:
        """Trigger an event as the browser does, with these values for elements; yield what comes, as JSON text."""
        parts = {each["id"]: each for each in self._config["components"]}
        ids = {each["props"].get("elem_id"): number for number, each in parts.items()}
        handler = next(
            each for each in self._config["dependencies"] if [ids[element], event] in each["targets"] and each["queue"]
        )
        data = [
            values.get(parts[number]["props"].get("elem_id"), parts[number]["props"].get("value"))
            for number in handler["inputs"]
        ]
        body = {"data": data, "fn_index": handler["id"], "session_hash": self._session, "trigger_id": ids[element]}
        joined = (await self._client.post("/gradio_api/queue/join", json=body)).raise_for_status().json()
        async with self._client.stream(
            "GET", "/gradio_api/queue/data", params={"session_hash": self._session}
        ) as stream:
            async for line in stream.aiter_lines():
                if not line.startswith("data: "):
                    continue
                message = json.loads(line.removeprefix("data: "))
                if message.get("event_id") != joined["event_id"]:
                    continue
                if message["msg"] == "process_completed":
                    if not message["success"]:
                        raise RuntimeError(json.dumps(message["output"])[:300])
                    yield json.dumps(message["output"])
                    return
                if message["msg"] in {"process_generating", "estimation"}:
                    yield json.dumps(message)
        raise RuntimeError(f"the answer to {element} broke off")


async def stay(address: str, clips: dict[str, Path], number: int, *, leaves: bool) -> Stay:
    """Come, do what visitors do, and go."""
    chance = random.Random(number)  # noqa: S311  (the same crowd each time)
    seen = Stay(COLOURS[number % len(COLOURS)], left=leaves)
    async with httpx.AsyncClient(base_url=address, timeout=LONGEST_SECONDS) as client:
        try:
            async with Page(client).opened() as page:
                await _visit(page, clips, number, seen, chance.choice(("upload", "caption", "answer")))
        except (httpx.HTTPError, RuntimeError, StopAsyncIteration) as error:
            seen.trouble = f"visitor {number}: {type(error).__name__}: {error}"
    return seen


async def _visit(page: Page, clips: dict[str, Path], number: int, seen: Stay, leaves_in: str) -> None:
    began = time.monotonic()
    video = {"video": await page.upload(clips[seen.colour], f"visitor-{number}.mp4"), "subtitles": None}
    seen.waits["upload"] = time.monotonic() - began
    if seen.left and leaves_in == "upload":
        return
    began, said = time.monotonic(), ""
    async for text in page.ask("vt-caption-go", "click", {"vt-player": video["video"]}):
        said += text
        if not seen.told and ('"estimation"' not in text):
            seen.told = time.monotonic() - began
        seen.places |= "aiting" in text
        if seen.left and leaves_in == "caption":
            return
    seen.waits["caption"] = time.monotonic() - began
    seen.right = seen.colour in said
    for turn, question in enumerate(QUESTIONS, start=1):
        began = time.monotonic()
        async for text in page.ask("vt-chat-go", "click", {"vt-player": video["video"], "vt-question": question}):
            said = text
            if seen.left:
                return
        seen.waits[f"answer {turn}"] = time.monotonic() - began


@dataclass(frozen=True)
class Load:
    """What a server takes: of itself and all processes that it started."""

    memory_mb: float
    threads: int
    processes: int
    descriptors: int
    disk_kb: float

    def row(self, name: str) -> list[str]:
        """Return it as a row of a table."""
        return [
            name,
            f"{self.memory_mb:.0f}",
            f"{self.threads}",
            f"{self.processes}",
            f"{self.descriptors}",
            f"{self.disk_kb:.0f}",
        ]


LOAD_HEAD = ("", "memory, MB", "threads", "processes", "descriptors", "disk, kB")


def load_of(server: psutil.Process, folder: Path) -> Load:
    """Measure a server whose files are in a folder."""
    everyone = [server, *server.children(recursive=True)]
    files = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return Load(
        sum(each.memory_info().rss for each in everyone) / 1e6,
        sum(each.num_threads() for each in everyone),
        len(everyone),
        sum(each.num_fds() for each in everyone),
        sum(files) / 1e3,
    )


@contextmanager
def app(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Start `python app.py` on its embedded models; yield its address and process once it is ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "GRADIO_TEMP_DIR": str(folder),
        "VIDTEXT_MODELS__DEFAULT": "embedded",
        "VIDTEXT_MODELS__DEFAULT_CHAT": "embedded-chat",
    }
    with (folder.parent / "server.log").open("wb") as log:
        command = [sys.executable, "app.py", "--port", str(port)]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{address}/readyz", timeout=5).status_code == httpx.codes.OK:
                    break
            if process.poll() is not None:
                raise SystemExit((folder.parent / "server.log").read_text())
            time.sleep(0.2)
        yield address, psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        status = process.wait(timeout=30)
        print(f"SIGTERM: ended with {status} after {time.monotonic() - began:.1f} s.")
        print(f"Left on disk: {sorted(path.name for path in folder.iterdir())}")


def render_clips(folder: Path) -> dict[str, Path]:
    """Write a clip for each colour."""
    clips = {}
    for number, colour in enumerate(COLOURS):
        clips[colour] = folder / f"{colour}.mp4"
        scene = ToyScene((Actor(colour, "circle", "right"),), "black")
        write_video(clips[colour], render_scene(scene, seed=number, frames=48, seconds=4.0).pixels, frame_rate=12)
    return clips


async def crowd(address: str, clips: dict[str, Path], visitors: int) -> tuple[list[Stay], float]:
    """Let them all come; return what each met, and the seconds until the last one had gone."""

    async def one(number: int) -> Stay:
        await asyncio.sleep(random.Random(-number).uniform(0, ARRIVAL_SECONDS))  # noqa: S311
        return await stay(address, clips, number, leaves=number % 3 == 2)

    began = time.monotonic()
    stays = await asyncio.gather(*(one(number) for number in range(visitors)))
    return list(stays), time.monotonic() - began


def report(stays: list[Stay], seconds: float) -> str:
    """Return what the crowd met, as tables."""
    stayed = [each for each in stays if not each.left]
    served = [each for each in stayed if len(each.waits) == 2 + len(QUESTIONS) and not each.trouble]
    rows = []
    for what in ("upload", "caption", "answer 1", "answer 2"):
        waits = sorted(each.waits[what] for each in stays if what in each.waits)
        p95 = statistics.quantiles(waits, n=20, method="inclusive")[-1]
        rows.append([what, f"{len(waits)}", f"{statistics.median(waits):.1f}", f"{p95:.1f}", f"{waits[-1]:.1f}"])
    done = sum(len(each.waits) for each in stays)
    told = [each.told for each in stays if each.told]
    what = (
        f"{len(stays)} came, {len(stays) - len(stayed)} of them left in the middle, {len(served)} of {len(stayed)} who "
        f"stayed got everything, {sum(each.right for each in served)} of them with the colour of their own clip. "
        f"{sum(each.places for each in stays)} were told their place in the line; the first sign of work or of waiting "
        f"came after {max(told):.1f} s at the latest. {done} things done in {seconds:.0f} s: {done / seconds:.2f} a "
        "second."
    )
    lines = [
        table(("", "done", "median, s", "p95, s", "longest, s"), rows),
        "",
        what,
        *(each.trouble for each in stays if each.trouble),
    ]
    return "\n".join(lines)


def soak(address: str, server: psutil.Process, folder: Path, clips: dict[str, Path], minutes: float) -> None:
    """Let one visitor come after the other; print a line a minute."""
    began, number, troubles, next_line = time.monotonic(), 0, 0, 0.0
    print(
        "| minute | visits | memory, MB | threads | processes | descriptors | disk, kB | troubles |\n"
        + "|---" * 8
        + "|"
    )
    while time.monotonic() - began < minutes * 60:
        seen = asyncio.run(stay(address, clips, number, leaves=number % 3 == 2))
        number += 1
        if seen.trouble:
            troubles += 1
            print(seen.trouble, flush=True)
        time.sleep(SOAK_PAUSE_SECONDS)
        passed = (time.monotonic() - began) / 60
        if passed >= next_line:
            row = load_of(server, folder).row(f"{passed:.0f}")
            print("| " + " | ".join([row[0], f"{number}", *row[1:], f"{troubles}"]) + " |", flush=True)
            next_line = int(passed) + 1


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visitors", type=int, default=VISITORS)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--soak", type=float, metavar="MINUTES", help="a low load for so long, instead of a crowd")
    given = parser.parse_args()
    print(f"Measured on {machine()}.\n", flush=True)
    with tempfile.TemporaryDirectory() as work:
        clips, folder = render_clips(Path(work)), Path(work, "files")
        folder.mkdir()
        with app(folder) as (address, server):
            asyncio.run(stay(address, clips, 0, leaves=False))
            if given.soak:
                soak(address, server, folder, clips, given.soak)
                return
            time.sleep(SETTLE_SECONDS)
            loads = [load_of(server, folder).row("after one visitor")]
            for number in range(1, given.rounds + 1):
                print(
                    f"**Crowd {number}**\n\n{report(*asyncio.run(crowd(address, clips, given.visitors)))}\n", flush=True
                )
                time.sleep(SETTLE_SECONDS)
                loads.append(load_of(server, folder).row(f"after crowd {number}"))
            print(table(LOAD_HEAD, loads))
        print((Path(work) / "server.log").read_text()[-2000:])


if __name__ == "__main__":
    main()
