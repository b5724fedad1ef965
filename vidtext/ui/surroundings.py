"""What the parts of the page are built into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import gradio as gr

    from vidtext.settings import Settings
    from vidtext.ui.services import Services
    from vidtext.ui.session.sessions import Visitors
    from vidtext.ui.video.panel import VideoPanel


@dataclass(frozen=True)
class Surroundings:
    """What a tab finds on the page.

    Attributes:
        page: the Blocks that are being built.
        panel: the video and the frames' strip.
        model_line: the line in the header, about the model of the tab that is open.
    """

    page: gr.Blocks
    panel: VideoPanel
    model_line: gr.HTML
    settings: Settings
    services: Services
    visitors: Visitors
