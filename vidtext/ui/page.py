"""The page as a whole: header, the video, and the tabs. A new tab is a file in `tabs/` and a line in `TABS`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr
from gradio.processing_utils import save_file_to_cache
from gradio.utils import get_upload_folder

from vidtext.job import Job
from vidtext.media.sandbox import fork_server
from vidtext.ui.endpoint import add_endpoints
from vidtext.ui.framework.tab import QUIET
from vidtext.ui.services import real_services
from vidtext.ui.session.sessions import Visitors
from vidtext.ui.surroundings import Surroundings
from vidtext.ui.tabs.batch import build_batch_tab
from vidtext.ui.tabs.caption import build_caption_tab
from vidtext.ui.tabs.chapters import build_chapters_tab
from vidtext.ui.tabs.chat import build_chat_tab
from vidtext.ui.tabs.summary import build_summary_tab
from vidtext.ui.video.example_clips import find_examples
from vidtext.ui.video.panel import build_video_panel
from vidtext.ui.video.videos import load_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vidtext.settings import Settings
    from vidtext.ui.framework.model_fields import ModelAndFit
    from vidtext.ui.services import Services
    from vidtext.ui.video.example_clips import ExampleClip

_CLEANING_PERIOD_SECONDS = 60

_HEADER = """<a class="vt-skip" href="#vt-right">Skip to the main action</a>
<header class="vt-header">
<h1>vidtext</h1><p>Video into words, with the times they belong to.</p>
</header>"""


TABS: dict[str, Callable[[Surroundings], ModelAndFit]] = {
    "Caption": build_caption_tab,
    "Chapters": build_chapters_tab,
    "Summary": build_summary_tab,
    "Chat": build_chat_tab,
    "Batch": build_batch_tab,
}
"""Each puts its content into the Blocks that are being built, and returns the choice that the header describes."""


def build_page(
    settings: Settings,
    services: Services | None = None,
    examples: Sequence[ExampleClip] = (),
    closing: Job | None = None,
) -> gr.Blocks:
    """Build the page; `launch_options` of `vidtext.ui.look` dress it when it is launched.

    Args:
        settings: the limits.
        services: what does the work, instead of the models.
        examples: clips to offer, instead of all that `find_examples` finds. A visit starts with the first one.
        closing: ends all work when it is stopped.
    """
    closing = closing or Job()
    services = services or real_services(settings)
    cache_folder = Path(get_upload_folder())
    if settings.sandbox.enabled:
        fork_server.start()  # so that it is ready when the first visitor comes
    examples = examples or find_examples()
    ours = settings.override(sandbox__enabled=False)
    first = next(load_file(examples[0].path, name=examples[0].title, folder=cache_folder, settings=ours, job=Job()))
    visitors = Visitors(
        cache_folder,
        first,
        services.forget_conversation,
        grace_seconds=settings.page.reload_grace_seconds,
        lost_seconds=settings.page.lost_visit_seconds,
        keep_seconds=settings.page.keep_files_seconds,
        keep_unclaimed_seconds=settings.page.keep_unclaimed_seconds,
        most=settings.page.max_visits,
        most_bytes=settings.page.result_bytes,
        closing=closing,
    )

    with gr.Blocks(
        title="vidtext: video into words",
        analytics_enabled=False,
        fill_width=True,
    ) as page:
        with gr.Row(elem_id="vt-top"):
            gr.HTML(_HEADER, elem_id="vt-brand")
            model_line = gr.HTML("", elem_id="vt-model-line")
        with gr.Row(elem_id="vt-main"):
            with gr.Column(elem_id="vt-left", scale=11):
                panel = build_video_panel(page, examples, first, settings=settings, visitors=visitors)
            with gr.Column(elem_id="vt-right", scale=10):
                around = Surroundings(page, panel, model_line, settings, services, visitors)
                with gr.Tabs(overflow_behavior="wrap"):  # a menu of what does not fit would hide that it is there
                    for name, build in TABS.items():
                        with gr.Tab(name, render_children=True) as tab:  # subtitles are made of what stands hidden
                            choice = build(around)
                        tab.select(choice.describe, choice.model, model_line, queue=False, **QUIET)
                        if name == next(iter(TABS)):
                            page.load(choice.describe, choice.model, model_line, queue=False, **QUIET)
        page.unload(visitors.leave)
        gr.api(visitors.goodbye, api_name="goodbye", api_visibility="private", queue=False)
        add_endpoints(settings=settings, services=services, visitors=visitors, closing=closing)
    for example in examples:
        save_file_to_cache(example.path, str(cache_folder))  # the copy that every player which shows it fetches
    visitors.keep_clean(_CLEANING_PERIOD_SECONDS)
    return page.queue(max_size=settings.jobs.max_queued, default_concurrency_limit=settings.jobs.max_running)
