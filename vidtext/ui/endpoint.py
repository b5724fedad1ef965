"""The JSON endpoint `/caption` of the page, the only thing on it that programs may call."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.utils import get_upload_folder

from vidtext.errors import SourceRefusedError, UnknownModelError
from vidtext.job import Job
from vidtext.media.source import LocalFile, open_source
from vidtext.tasks.caption import CaptionOptions
from vidtext.tasks.results import last_result
from vidtext.ui.toasts import plain_words

if TYPE_CHECKING:
    from vidtext.settings import Settings
    from vidtext.ui.services import Services


def add_caption_endpoint(*, settings: Settings, services: Services) -> None:
    """Put the endpoint into the Blocks that are being built."""

    def caption(  # noqa: PLR0917  (Gradio makes the endpoint's parameters of these)
        video: str | dict[str, Any],
        every_seconds: float | None = None,
        model: str = settings.default_model,
        max_new_tokens: int = 30,
        start_seconds: float | None = None,
        stop_seconds: float | None = None,
    ) -> dict[str, Any]:
        """Say what a video shows.

        With Python: `Client(address).predict(handle_file("clip.mp4"), every_seconds=5, api_name="/caption")`.
        With curl: `POST /gradio_api/call/v2/caption` with `{"video": "https://…/clip.mp4", "every_seconds": 5}`, then
        `GET /gradio_api/call/caption/` and the `event_id` of the answer. A file goes to `/gradio_api/upload` first; its
        answer's path is then the video: `{"path": "…", "meta": {"_type": "gradio.FileData"}}`.

        Args:
            video: an uploaded file, or the text of an http(s) address or a data: URI.
            every_seconds: one caption for each stretch of this length; null for one caption in all.
            model: "auto", or the name of a model that the page offers.
            max_new_tokens: the most tokens of a caption.
            start_seconds: where to start; null is the video's start.
            stop_seconds: where to stop; null is the video's end.

        Returns:
            {"caption", "segments": [{"start_seconds", "stop_seconds", "text"}], "model", "notes"}
        """
        options = CaptionOptions(
            model=model,
            every_seconds=every_seconds,
            start_seconds=start_seconds,
            stop_seconds=stop_seconds,
            max_new_tokens=max_new_tokens,
        )
        job = Job()
        with plain_words(), ExitStack() as stack:
            _check_model(model, services)
            path = _path_of(video, settings, job, stack)
            last = last_result(services.caption_stream(path, options, settings=settings, job=job))
        text = last.text
        return {
            "caption": text.text,
            "segments": [
                {"start_seconds": part.start_seconds, "stop_seconds": part.stop_seconds, "text": part.text}
                for part in text.segments
            ],
            "model": text.model,
            "notes": list(text.notes),
        }

    gr.api(
        caption,
        api_name="caption",
        concurrency_limit=None,  # the line for the device is that of `vidtext.compute.leases`
    )


def _check_model(model: str, services: Services) -> None:
    """Refuse what is not offered: a caller in the same process may name a folder, a stranger may not."""
    offered = dict.fromkeys(("auto", *services.models))
    if model not in offered:
        raise UnknownModelError(f"There is no model {model!r}. Choose one of {', '.join(offered)}.")


def _path_of(video: str | dict[str, Any], settings: Settings, job: Job, stack: ExitStack) -> Path:
    """Return a file that holds the video, for as long as the stack is open. Text never names a file of this machine."""
    if isinstance(video, dict):
        path = Path(str(video.get("path"))).resolve()
        if not path.is_relative_to(Path(get_upload_folder()).resolve()):
            raise SourceRefusedError("This file was not uploaded here. Upload it first, or give its address.")
        return path
    file = stack.enter_context(open_source(video, settings=settings, job=job, local_paths=False))
    assert isinstance(file, LocalFile)  # noqa: S101  (text never becomes Frames)
    return file.path
