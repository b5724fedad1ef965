"""The left side: the video that all tabs work on, ways to bring one in, and the frames that a model saw of it."""

from __future__ import annotations

import json
from collections.abc import Iterator  # noqa: TC003  (Gradio reads the annotations of its handlers)
from dataclasses import dataclass
from html import escape
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import gradio as gr

from vidtext.errors import SourceError
from vidtext.ui.framework.errors import plain_words
from vidtext.ui.framework.jobs import Work
from vidtext.ui.session.session import LOADING
from vidtext.ui.status import note_html, of_video_html, progress_text, status_html
from vidtext.ui.video.example_clips import examples_html
from vidtext.ui.video.videos import describe, load_address, load_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradio.components import Component
    from gradio.events import Dependency

    from vidtext.job import Job, Progress
    from vidtext.settings import Settings
    from vidtext.ui.session.session import Visitor
    from vidtext.ui.session.sessions import Visitors
    from vidtext.ui.video.example_clips import ExampleClip
    from vidtext.ui.video.videos import LoadedVideo

_CHOOSE_EXAMPLE_JS = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-example]");
  if (button) trigger("choose", { number: Number(button.dataset.example) });
});
"""

MORE_SUFFIXES = [".mkv", ".flv", ".ts", ".vob", ".ogv", ".gif"]
"""Videos that not every system knows to be videos."""

NO_VIDEO = "Drop one in, record one, paste a link, or choose an example."
_NO_KEY = "none"
_NO_FACTS = f'<p class="vt-empty" data-key="{_NO_KEY}">{NO_VIDEO}</p>'


@dataclass(frozen=True)
class VideoPanel:
    """The components that tabs share.

    Attributes:
        player: what plays.
        timeline: the chapters as blocks, in the proportions of their lengths.
        strip: the frames that a model saw.
        strip_note: what the strip leaves out.
        video_key: the identity of the video that the browser shows, in the page itself and not on the server, so that a
            click tells which video it is about. It changes with every other video, and when a page that was loaded
            again gets back what it had; a tab listens to it to show what there is.
    """

    player: gr.Video
    timeline: gr.HTML
    strip: gr.HTML
    strip_note: gr.HTML
    video_key: gr.Textbox


def video_of(visitor: Visitor, key: str | None) -> LoadedVideo:
    """Return the video to work on, for the key of the one that the browser shows.

    Raises:
        SourceError: there is no video, another one is being prepared, or the one that the browser shows is not there
            any more.
    """
    video = visitor.video
    if visitor.works_on(LOADING):
        raise SourceError("The new video is still being prepared. Wait until it is in the player, then try again.")
    if video is None:
        raise SourceError("There is no video yet. " + NO_VIDEO)
    told = (key or "").partition(" ")[0]
    if told in visitor.earlier:
        raise SourceError(f"Another video has come in since, {video.name}. Press again for this one.")
    if told != video.key or not video.source.is_file():
        raise SourceError("The video is no longer on the server, which keeps it for a while only. Load it again.")
    return video


def build_video_panel(
    page: gr.Blocks, examples: Sequence[ExampleClip], first: LoadedVideo, *, settings: Settings, visitors: Visitors
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
    video_key = gr.Textbox(first.key, visible="hidden", show_label=False, elem_id="vt-video-key")

    handlers = _Handlers(tuple(examples), settings, visitors, upload, address)
    outputs = [player, facts, video_key, address]
    shared: dict[str, Any] = {
        "outputs": outputs,
        "api_visibility": "private",
        "show_progress": "hidden",
        "concurrency_id": "video",
        "trigger_mode": "multiple",  # a video may overtake the one before, which comes in the same way
        "concurrency_limit": settings.jobs.max_running,
    }
    ways: list[tuple[Callable[..., Dependency], Callable[..., Iterator[Any]], gr.components.Component | None]] = [
        (player.upload, handlers.upload, player),
        (upload.upload, handlers.upload, upload),
        (player.stop_recording, handlers.upload, player),
        (address.submit, handlers.fetch, address),
        (fetch.click, handlers.fetch, address),
        (examples_list.choose, handlers.choose, None),
    ]
    loads = []
    for trigger, handler, given in ways:
        trigger(None, None, facts, js=f"() => {json.dumps(preparing_html())}", api_visibility="private")
        loads.append(trigger(handler, given, **shared))
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
    for load in loads:
        load.failure(handlers.restore, None, outputs[:2], **quiet)
        # One that another video has overtaken may have said its last word after that one's.
        load.then(handlers.settle, None, outputs[1:3], **quiet)
    player.clear(handlers.clear, None, outputs[1:3], **quiet)
    video_key.change(handlers.strip, None, [strip, strip_note], **quiet)
    page.load(handlers.return_to, None, outputs[:3], **quiet)
    return VideoPanel(player=player, timeline=timeline, strip=strip, strip_note=strip_note, video_key=video_key)


def facts_html(video: LoadedVideo) -> str:
    """Return the line under the player that says what the video is."""
    name, *facts = (escape(fact) for fact in describe(video))
    notes = "".join(f"<li>{escape(note)}</li>" for note in (*video.info.notes, *video.notes))
    spans = "".join(f"<span>{fact}</span>" for fact in facts)
    line = f'<p class="vt-facts" data-key="{video.key}"><b>{name}</b>{spans}</p>'
    return line + (f'<ul class="vt-notes">{notes}</ul>' if notes else "")


def preparing_html(progress: Progress | None = None) -> str:
    """Return what the line says while another video is being prepared; `page.js` lets nothing be begun meanwhile."""
    text = progress_text(progress) if progress else "Preparing the video"
    return f"<div data-preparing>{status_html(text, progress=progress)}</div>"


@dataclass(frozen=True)
class _Handlers:
    """What happens when a video is brought in. The one before stays, with its results, until the new one is there."""

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
        visitor.stop(LOADING)
        visitor.show(None)
        return self.settle(request)

    def restore(self, request: gr.Request) -> tuple[Any, ...]:
        """Put back the video that was there before one that could not be used."""
        visitor = self.visitors.of(request)
        if visitor.works_on(LOADING):
            return gr.skip(), gr.skip()
        return (str(visitor.video.shown), facts_html(visitor.video)) if visitor.video else (None, _NO_FACTS)

    def settle(self, request: gr.Request) -> tuple[Any, ...]:
        """Say what video there is, unless another one is on its way."""
        visitor = self.visitors.of(request)
        if visitor.works_on(LOADING):
            return gr.skip(), gr.skip()
        return (facts_html(visitor.video), visitor.video.key) if visitor.video else (_NO_FACTS, _NO_KEY)

    def strip(self, request: gr.Request) -> tuple[str, str]:
        """Show the frames that a model saw of the video that is there now."""
        visitor = self.visitors.of(request)
        pictures, note = visitor.strip
        return of_video_html(pictures, visitor.subject.key), note_html(note)

    def return_to(self, request: gr.Request) -> tuple[Any, ...]:
        """Give a page that was loaded again its video back; the tabs follow the key."""
        visitor = self.visitors.known(request)
        if visitor is None:
            return gr.skip(), gr.skip(), gr.skip()
        visitor.unfilled = set(visitor.forms)
        key = visitor.video.key if visitor.video else _NO_KEY
        return *self.restore(request), f"{key} {token_hex(4)}"  # a change also where it is the first video

    def _load(
        self, visitor: Visitor, start: Callable[[Job], Iterator[LoadedVideo]], field: Component | None = None
    ) -> Iterator[tuple[Any, ...]]:
        work = Work(start, visitor.closing)
        with visitor.at_work(LOADING, work.job), plain_words(otherwise=field):
            for update in work.updates():
                if work.job.stopped:  # another video came, or this one was taken away
                    break
                for video in update.made:
                    visitor.show(video)
                    yield str(video.shown), facts_html(video), video.key, ""
                if update.progress and not update.made:
                    yield gr.skip(), preparing_html(update.progress), gr.skip(), gr.skip()
            if work.job.stopped:  # Gradio says the last again when an event ends
                yield tuple(gr.skip() for _ in range(4))
