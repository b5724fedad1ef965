"""The real page with a captioner that does what it is told, in a process of its own.

`python scripted_page.py PORT SECONDS_A_TOKEN LOG` writes a line to LOG for each token, and one when the work has ended.
"""

from __future__ import annotations

import dataclasses
import os
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from gradio.media import get_video

from vidtext.media.probe import probe
from vidtext.media.sample import sample
from vidtext.media.sampling import choose_range, split
from vidtext.models.base import ModelCard
from vidtext.models.loading import Resolution
from vidtext.settings import Settings
from vidtext.tasks.caption import CaptionOptions, CaptionResult
from vidtext.text.timed import Segment, TimedText
from vidtext.ui.example_clips import ExampleClip
from vidtext.ui.look import launch_options
from vidtext.ui.page import build_page
from vidtext.ui.services import Services

if TYPE_CHECKING:
    from collections.abc import Generator

    from vidtext.job import Job

FRAMES = 6
TOKENS = 5
CARD = ModelCard(
    id="embedded",
    family="git",
    licence="MIT",
    frames_per_clip=FRAMES,
    frame_edge_pixels=64,
    fit="squash",
    context_tokens=40,
    weight_bytes=3_000_000,
    sees="Sees what the script says.",
)
NOTE = "The script was used: <i>there is no hub</i>."


@dataclasses.dataclass(frozen=True)
class ScriptedCaptioner:
    seconds_a_token: float
    log: Path

    def __call__(
        self, source: Path, options: CaptionOptions, *, settings: Settings, job: Job
    ) -> Generator[CaptionResult]:
        began, text = time.monotonic(), TimedText((), model=CARD.id, notes=(NOTE,))
        span = choose_range(
            probe(source, settings=settings).duration_seconds,
            start_seconds=options.start_seconds,
            stop_seconds=options.stop_seconds,
        )
        windows = split(span, every_seconds=options.every_seconds) if options.every_seconds else [span]
        try:
            for number, window in enumerate(windows, start=1):
                clip = sample(
                    source,
                    frames=FRAMES,
                    start_seconds=window.start_seconds,
                    stop_seconds=window.stop_seconds,
                    size=64,
                    settings=settings,
                    job=job,
                )
                for token in range(TOKENS):
                    job.report("writing", token, TOKENS)
                    self._tell(f"token {source.name}")
                    time.sleep(self.seconds_a_token)
                text = text.followed_by(
                    Segment(window.start_seconds, window.stop_seconds, f"Sentence {number} of <b>{source.name}</b>.")
                )
                yield CaptionResult(text, (clip,), CARD, "cpu", number, len(windows), time.monotonic() - began)
        finally:
            self._tell(f"ended {source.name}")

    def _tell(self, line: str) -> None:
        with self.log.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def main(port: int, seconds_a_token: float, log: Path) -> None:
    settings = Settings.from_env(os.environ)
    captioner = ScriptedCaptioner(seconds_a_token, log)
    resolution = Resolution(CARD, None, NOTE)
    services = Services(
        caption_stream=captioner,
        models={"embedded": CARD, "other/other-model": dataclasses.replace(CARD, id="other/other-model")},
        resolve=lambda name, _: resolution if name == "auto" else dataclasses.replace(resolution, note=""),
        device=lambda: "cpu",
    )
    examples = [ExampleClip(Path(get_video("world.mp4")), "Earth at night")]
    with closing(build_page(settings, services, examples)) as page:
        page.launch(server_port=port, **launch_options(settings))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]))
