"""The left side: the video that all tabs work on, ways to bring one in, and the frames that a model saw of it."""

from __future__ import annotations

from collections.abc import Iterator  # noqa: TC003  (Gradio reads the annotations of its handlers)
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from vidtext.errors import SourceError
from vidtext.ui.example_clips import examples_html
from vidtext.ui.status import progress_text, status_html
from vidtext.ui.toasts import plain_words
from vidtext.ui.videos import LoadedVideo, describe, load_address, load_file
from vidtext.ui.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradio.components import Component
    from gradio.events import Dependency

    from vidtext.job import Job
    from vidtext.settings import Settings
    from vidtext.ui.example_clips import ExampleClip
    from vidtext.ui.visitors import Visitor, Visitors

_CHOOSE_EXAMPLE_JS = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-example]");
  if (button) trigger("choose", { number: Number(button.dataset.example) });
});
"""

MORE_SUFFIXES = [".mkv", ".flv", ".ts", ".vob", ".ogv", ".gif"]
"""Videos that not every system knows to be videos."""

NO_VIDEO = "Drop one in, record one, paste a link, or choose an example."
_NO_FACTS = f'<p class="vt-empty">{NO_VIDEO}</p>'


@dataclass(frozen=True)
class VideoPanel:
    """The components that tabs share.

    Attributes:
        player: its value is the path of what it plays; see `source_of`.
        timeline: the chapters as blocks, in the proportions of their lengths.
        strip: the frames that a model saw.
        strip_note: what the strip leaves out.
        video_key: changes with every other video; a tab listens to it to drop results of the one before.
        emptied: the event of taking the video away, which Gradio does not let a state's change follow from.
    """

    player: gr.Video
    timeline: gr.HTML
    strip: gr.HTML
    strip_note: gr.HTML
    video_key: gr.State
    emptied: Dependency


def source_of(visitor: Visitor, shown: str | None) -> tuple[Path, str]:
    """Return the file to work on, and its name, for what the player plays.

    Raises:
        SourceError: there is no video.
    """
    if shown is None:
        raise SourceError("There is no video yet. " + NO_VIDEO)
    played, video = Path(shown), visitor.video
    if not played.is_file():
        raise SourceError("The video is no longer on the server, which keeps it for a while only. Load it again.")
    if video is not None and any(_same_file(played, known) for known in (video.source, video.shown) if known):
        return video.source, video.name
    return played, played.name


def _same_file(played: Path, known: Path) -> bool:
    """Whether the player's file is this one, or the copy of it that Gradio made for the player."""
    return played == known or (
        played.name == known.name and known.is_file() and played.stat().st_size == known.stat().st_size
    )


def build_video_panel(
    examples: Sequence[ExampleClip], first: LoadedVideo, *, settings: Settings, visitors: Visitors
) -> VideoPanel:
    """Put the left side into the Blocks that are being built; `first` is the video that a visit starts with."""
    player = gr.Video(
        str(first.shown),
        label="Video",
        show_label=False,
        sources=["upload", "webcam"],
        webcam_options=gr.WebcamOptions(mirror=False),
        include_audio=True,
        buttons=[],
        elem_id="vt-player",
    )
    timeline = gr.HTML(
        "",
        html_template='<div class="vt-timeline" role="group" aria-label="Chapters">${value}</div>',
        elem_id="vt-timeline",
    )
    facts = gr.HTML(facts_html(first), elem_id="vt-video-facts")
    strip = gr.HTML(
        "",
        html_template='<div class="vt-strip" role="group" aria-label="Frames that the model saw">${value}</div>',
        elem_id="vt-strip",
    )
    strip_note = gr.HTML("", elem_id="vt-strip-note")
    with gr.Row(elem_id="vt-bring"):
        upload = gr.UploadButton(
            "Upload", file_types=["video", *MORE_SUFFIXES], elem_id="vt-upload", scale=0, min_width=92
        )
        gr.Button("Record", elem_id="vt-record", scale=0, min_width=92)
        address = gr.Textbox(
            label="Link to a video file",
            show_label=False,
            placeholder="or paste a link to a video",
            elem_id="vt-address",
            scale=1,
            min_width=120,
            max_lines=1,
            container=False,
        )
        fetch = gr.Button("Load", elem_id="vt-fetch", scale=0, min_width=72)
    examples_list = gr.HTML(
        examples_html(examples),
        html_template='<h2 class="vt-heading">Examples</h2><div class="vt-examples">${value}</div>',
        js_on_load=_CHOOSE_EXAMPLE_JS,
        elem_id="vt-examples",
    )
    video_key = gr.State("")

    handlers = _Handlers(tuple(examples), settings, visitors, upload, address)
    outputs = [player, facts, video_key]
    shared: dict[str, Any] = {
        "outputs": outputs,
        "api_visibility": "private",
        "show_progress": "hidden",
        "concurrency_id": "video",
        "concurrency_limit": settings.jobs_at_once,
    }
    loads = [
        player.upload(handlers.upload, player, **shared),
        upload.upload(handlers.upload, upload, **shared),
        player.stop_recording(handlers.upload, player, **shared),
        address.submit(handlers.fetch, address, **shared),
        fetch.click(handlers.fetch, address, **shared),
        examples_list.choose(handlers.choose, None, **shared),
    ]
    for load in loads:
        load.failure(handlers.restore, None, outputs[:2], api_visibility="private", show_progress="hidden", queue=False)
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
    emptied = player.clear(handlers.clear, None, outputs[1:], **quiet)
    video_key.change(lambda: ("", ""), None, [strip, strip_note], **quiet)
    emptied.then(lambda: ("", ""), None, [strip, strip_note], **quiet)
    return VideoPanel(
        player=player, timeline=timeline, strip=strip, strip_note=strip_note, video_key=video_key, emptied=emptied
    )


def facts_html(video: LoadedVideo) -> str:
    """Return the line under the player that says what the video is."""
    name, *facts = (escape(fact) for fact in describe(video))
    notes = "".join(f"<li>{escape(note)}</li>" for note in (*video.info.notes, *video.notes))
    line = f'<p class="vt-facts"><b>{name}</b>{"".join(f"<span>{fact}</span>" for fact in facts)}</p>'
    return line + (f'<ul class="vt-notes">{notes}</ul>' if notes else "")


@dataclass(frozen=True)
class _Handlers:
    """What happens when a video is brought in. Each handler writes player, facts and key."""

    examples: tuple[ExampleClip, ...]
    settings: Settings
    visitors: Visitors
    upload_button: Component
    address_field: Component

    def upload(self, path: str | None, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        if path is None:
            return
        # Recorded or dropped on the player, or chosen with the button: both come as a path in Gradio's cache.
        with plain_words(otherwise=self.upload_button):
            file = self.visitors.uploaded(path)
        visitor = self.visitors.of(request)
        visitor.bring(file)
        try:
            yield from self._load(
                visitor,
                lambda job: load_file(file, name=file.name, folder=file.parent, settings=self.settings, job=job),
                self.upload_button,
            )
        except gr.Error:
            visitor.forget(file)
            raise

    def fetch(self, address: str, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        visitor = self.visitors.of(request)
        with plain_words(otherwise=self.address_field):
            if not address.strip().lower().startswith(("http://", "https://")):
                raise SourceError("The link must start with http:// or https://.")
        yield from self._load(
            visitor,
            lambda job: load_address(address.strip(), folder=visitor.new_place(), settings=self.settings, job=job),
            self.address_field,
        )

    def choose(self, event: gr.EventData, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        visitor = self.visitors.of(request)
        example = self.examples[int(event.number)]
        yield from self._load(
            visitor,
            lambda job: load_file(
                example.path, name=example.title, folder=visitor.folder, settings=self.settings, job=job
            ),
        )

    def clear(self, request: gr.Request) -> tuple[str, str]:
        visitor = self.visitors.of(request)
        visitor.stop("video")
        visitor.stop_work()
        visitor.video = None
        return _NO_FACTS, "none"

    def restore(self, request: gr.Request) -> tuple[str | None, str]:
        """Put back the video that was there before one that could not be used."""
        video = self.visitors.of(request).video
        if video is None:
            return None, _NO_FACTS
        return str(video.shown or video.source), facts_html(video)

    def _load(
        self, visitor: Visitor, start: Callable[[Job], Iterator[LoadedVideo]], field: Component | None = None
    ) -> Iterator[tuple[Any, ...]]:
        work = Work(start, visitor.closing)
        with visitor.at_work("video", work.job), plain_words(otherwise=field):
            for update in work.updates():
                if work.job.stopped:  # another video came, or this one was taken away
                    break
                for video in update.made:
                    if visitor.video is None or visitor.video.source != video.source:
                        visitor.stop_work()
                    visitor.video = video
                    yield (str(video.shown) if video.shown else gr.skip(), facts_html(video), str(video.source))
                if update.progress and not update.made:
                    report = status_html(progress_text(update.progress), progress=update.progress)
                    yield (gr.skip(), report, gr.skip())
            if work.job.stopped:  # Gradio says the last again when a generator ends
                yield (gr.skip(), gr.skip(), gr.skip())
