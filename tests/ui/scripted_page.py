"""The real page with tasks that do what they are told, in a process of its own.

`python scripted_page.py PORT SECONDS_A_TOKEN LOG` writes a line to LOG for each token, and one when the work has ended.
Previews are not made as long as there is a file "hold" beside it.
"""

from __future__ import annotations

import dataclasses
import os
import re
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gradio.media import get_video

from tests.tasks.scripted import with_work
from vidtext.compute.leases import wait_for_slot
from vidtext.compute.memory import MemoryEstimate, MemoryPlan, RunConfig
from vidtext.errors import MediaError, ModelUnavailableError, OptionError
from vidtext.media.read.probe import probe
from vidtext.media.read.sample import sample
from vidtext.media.read.sampling import TimeRange, choose_range, split
from vidtext.media.shots.detect import Shot
from vidtext.media.write.chapter_marks import chaptered_suffix
from vidtext.models.base import ModelInfo, ResolvedModel
from vidtext.options import check_limits
from vidtext.settings import Settings
from vidtext.tasks.caption import CaptionResult
from vidtext.tasks.chapters import ChaptersResult, video_with_chapters
from vidtext.tasks.chat import ChatResult
from vidtext.tasks.dialogue import ChatVideo, CloserLook, Dialogue, Turn
from vidtext.tasks.highlights import highlight_reel
from vidtext.tasks.options import CaptionOptions, ChapterOptions, ChatOptions, SummaryOptions
from vidtext.tasks.summary import SummaryResult
from vidtext.text.chapters import Chapter, Chapters
from vidtext.text.summary import Summary
from vidtext.text.timed import Segment, TimedText
from vidtext.ui.services import Services
from vidtext.ui.video import videos
from vidtext.ui.video.example_clips import ExampleClip
from vidtext.web.serve import serve

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from vidtext.job import Job
    from vidtext.media.read.frames import Frames

FRAMES = 6
TOKENS = 5
CHAPTERS = 4
CARD = ModelInfo(
    id="embedded",
    family="git",
    licence="MIT",
    frames_per_clip=FRAMES,
    image_size=64,
    fit="squash",
    context_tokens=40,
    weight_bytes=3_000_000,
    description="Sees what the script says.",
)
CHAT_CARD = dataclasses.replace(
    CARD, id="embedded-chat", family="llava_next_video", chats=True, description="Answers what the script says."
)
OTHER_CARD = dataclasses.replace(CARD, id="other/other-model", family="smolvlm", chats=True)
"""It chats too, and so follows a style."""
ONE_VIDEO_CARD = dataclasses.replace(CHAT_CARD, id="other/one-video", max_clips=1)
MANY_FRAMES = 99
"""So many do not fit."""
UNREADABLE = 13
"""With so many frames, the video cannot be read."""
NOTE = "The script was used: <i>there is no hub</i>."


@dataclasses.dataclass(frozen=True)
class Script:
    """Tasks whose words name the file, in markup, so that a page that takes words for markup is found out."""

    seconds_a_token: float
    log: Path

    def caption(
        self, source: Path, options: CaptionOptions, *, settings: Settings, job: Job
    ) -> Generator[CaptionResult]:
        began, text = time.monotonic(), TimedText((), model=CARD.id, notes=(NOTE,))
        span = choose_range(
            probe(source, settings=settings).duration_seconds,
            start_seconds=options.start_seconds,
            stop_seconds=options.stop_seconds,
        )
        windows = split(span, every_seconds=options.every_seconds) if options.every_seconds else [span]
        with self._writing(source, settings, job):
            for number, window in enumerate(windows, start=1):
                clip = self._look(source, window, job)
                self._write(source, job)
                text = text.followed_by(
                    Segment(window.start_seconds, window.stop_seconds, f"Sentence {number} of <b>{source.name}</b>.")
                )
                yield CaptionResult(text, (clip,), CARD, "cpu", number, len(windows), time.monotonic() - began)

    def chapters(
        self, source: Path, options: ChapterOptions, *, settings: Settings, job: Job
    ) -> Generator[ChaptersResult]:
        began = time.monotonic()
        check_limits(options, settings)
        duration = probe(source, settings=settings).duration_seconds
        windows = split(TimeRange(0, duration), every_seconds=duration / (options.count or CHAPTERS))
        job.report("looking for shots", 1, 2)
        made = [Chapter(each.start_seconds, each.stop_seconds, f"Chapter {n}") for n, each in enumerate(windows, 1)]
        middles = [(each.start_seconds + each.stop_seconds) / 2 for each in windows]
        thumbnails = sample(source, at_seconds=middles, size=64)
        with self._writing(source, settings, job):
            for done in range(len(windows) + 1):
                clips: tuple[Frames, ...] = ()
                if done:
                    clips = (self._look(source, windows[done - 1], job),)
                    self._write(source, job)
                    made[done - 1] = dataclasses.replace(
                        made[done - 1],
                        text=f"Part {done} of <b>{source.name}</b>",
                        description=f"It shows <i>{done}</i>.",
                    )
                yield ChaptersResult(
                    chapters=Chapters(tuple(made), model=CARD.id, notes=(NOTE, options.style)),
                    thumbnails=thumbnails,
                    clips=clips,
                    shots=tuple(Shot(each.start_seconds, each.stop_seconds) for each in windows),
                    info=CARD,
                    device="cpu",
                    chapters_done=done,
                    seconds_taken=time.monotonic() - began,
                )

    def summary(
        self, source: Path, options: SummaryOptions, *, settings: Settings, job: Job
    ) -> Generator[SummaryResult]:
        began = time.monotonic()
        duration = probe(source, settings=settings).duration_seconds
        windows = split(TimeRange(0, duration), every_seconds=duration / CHAPTERS)
        moments: list[Segment] = []
        with self._writing(source, settings, job):
            for done, window in enumerate(windows, start=1):
                clip = self._look(source, window, job)
                self._write(source, job)
                moments.append(Segment(window.start_seconds, window.start_seconds + 1, f"Moment <b>{done}</b>."))
                yield SummaryResult(
                    summary=Summary(
                        abstract=f"An abstract of <b>{source.name}</b>.",
                        summary=f"A paragraph of {done} parts, {options.length}.",
                        highlights=TimedText(tuple(moments), model=CARD.id),
                        keywords=("word", "<i>tag</i>"),
                        model=CARD.id,
                        notes=(NOTE,),
                    ),
                    clips=(clip,),
                    thumbnails=sample(source, at_seconds=[each.start_seconds for each in moments], size=64),
                    info=CARD,
                    device="cpu",
                    windows_done=done,
                    windows_total=len(windows),
                    seconds_taken=time.monotonic() - began,
                )

    def begin_dialogue(
        self, sources: Sequence[tuple[Path, str]], options: ChatOptions, *, settings: Settings, job: Job
    ) -> Dialogue:
        if options.model == ONE_VIDEO_CARD.id and len(sources) > 1:
            raise OptionError(f"{len(sources)} videos were given; {options.model} can talk about one video at a time.")
        if options.frames == UNREADABLE:
            raise MediaError("The video cannot be read: <b>it is broken</b>.")
        duration = probe(sources[0][0], settings=settings).duration_seconds
        frames = [self._look(source, TimeRange(0, duration), job) for source, _ in sources]
        return Dialogue(
            tuple(
                ChatVideo(f"Video {letter}", name, source, duration, clip)
                for letter, (source, name), clip in zip("ABCD", sources, frames, strict=False)
            )
        )

    def answer(
        self,
        dialogue: Dialogue,
        question: str,
        options: ChatOptions,
        *,
        settings: Settings,
        job: Job,
        memory_key: str,
    ) -> Generator[ChatResult]:
        """Answer with the number of the turn, the question and a time; the notes name the options and the key."""
        began, name = time.monotonic(), dialogue.videos[0].source.name  # type: ignore[union-attr]
        looks: tuple[CloserLook, ...] = ()
        if "0:03" in question:
            frames = self._look(Path(str(dialogue.videos[0].source)), TimeRange(1, 5), job)
            looks = (CloserLook("Video A", 1, 5, frames),)
        notes = (NOTE, f"{options.temperature:g} {options.top_p:g} {options.max_new_tokens} {options.system_prompt!r}")
        turn = Turn(question, looks=looks, notes=notes)
        said = f"Answer {len(dialogue.turns) + 1} on: {question} At 0:07 it ends, not at 9:59."
        with self._writing(Path(name), settings, job):
            while "Too early" in question:  # for Stop
                job.check()
                time.sleep(0.02)
            for piece in re.findall(r"\S+\s*", said):
                job.report("writing", 0, 0)
                job.check()
                self._tell(f"token {name} {memory_key}")
                time.sleep(self.seconds_a_token)
                turn = dataclasses.replace(turn, answer=turn.answer + piece)
                yield ChatResult(dialogue.with_turn(turn), CHAT_CARD, "cpu", time.monotonic() - began)
            turn = dataclasses.replace(turn, finished=True)
            yield ChatResult(dialogue.with_turn(turn), CHAT_CARD, "cpu", time.monotonic() - began)

    def forget(self, memory_key: str) -> None:
        self._tell(f"forgot {memory_key}")

    def _look(self, source: Path, window: TimeRange, job: Job) -> Frames:
        return sample(
            source,
            frames=FRAMES,
            start_seconds=window.start_seconds,
            stop_seconds=window.stop_seconds,
            size=64,
            job=job,
        )

    def _write(self, source: Path, job: Job) -> None:
        for token in range(TOKENS):
            job.report("writing", token, TOKENS)
            self._tell(f"token {source.name}")
            time.sleep(self.seconds_a_token)

    @contextmanager
    def _writing(self, source: Path, settings: Settings, job: Job) -> Iterator[None]:
        try:
            with wait_for_slot(settings, job=job):
                yield
        finally:
            self._tell(f"ended {source.name}")

    def _tell(self, line: str) -> None:
        with self.log.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def resolve(name: str, _: Settings) -> ResolvedModel:
    """Take "auto" for the first model, with a note; refuse one."""
    if name == "gone/gone-model":
        raise ModelUnavailableError(f"{name} is not on this machine.")
    if name == OTHER_CARD.id:
        return ResolvedModel(OTHER_CARD, None)
    return ResolvedModel(CARD, None, NOTE if name == "auto" else "")


def hold_previews(hold: Path) -> None:
    """Let previews wait as long as a file is there."""
    make_preview = videos.make_preview

    def held(source: Path, target: Path, *, settings: Settings, job: Job) -> tuple[str, ...]:
        while hold.exists():
            job.report("making the preview", 1, 2)
            time.sleep(0.02)
        return make_preview(source, target, settings=settings, job=job)

    videos.make_preview = held


def main(port: int, seconds_a_token: float, log: Path) -> None:
    settings = Settings.from_env(os.environ, sandbox__enabled=True)
    script = Script(seconds_a_token, log)
    hold_previews(log.with_name("hold"))
    services = Services(
        tasks=with_work(caption=script.caption, chapters=script.chapters, summary=script.summary),
        begin_dialogue=script.begin_dialogue,
        answer_stream=script.answer,
        forget_conversation=script.forget,
        chaptered_suffix=chaptered_suffix,
        video_with_chapters=video_with_chapters,
        highlight_reel=highlight_reel,
        models={"embedded": CARD, OTHER_CARD.id: OTHER_CARD, "gone/gone-model": CARD},
        resolve=resolve,
        chat_models={"embedded-chat": CHAT_CARD, ONE_VIDEO_CARD.id: ONE_VIDEO_CARD},
        resolve_chat=lambda name, _: ResolvedModel(ONE_VIDEO_CARD if name == ONE_VIDEO_CARD.id else CHAT_CARD, None),
        foresee=lambda _, work, __: MemoryPlan(
            RunConfig(work.clips, work.frames, work.text_tokens, work.new_tokens, "float32"),
            MemoryEstimate(50_000_000, 0, 0, 0),
            8_000_000_000,
            ("A note of the plan.",) if work.frames == MANY_FRAMES else (),
        ),
        device=lambda: "cpu",
    )
    examples = [ExampleClip(Path(get_video("world.mp4")), "Earth at night")]
    serve(settings, port=port, services=services, examples=examples)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]))
