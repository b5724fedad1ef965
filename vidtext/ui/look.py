"""How the page is dressed: theme, style sheet, script and typeface, and what `launch` is told besides."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from vidtext.errors import OptionError
from vidtext.ui.video.example_clips import find_examples

if TYPE_CHECKING:
    from vidtext.settings import Settings

ASSETS = Path(__file__).parent / "assets"

_GRADIO_THREADS = 40
"""What Gradio itself runs handlers in; each job that works or waits takes one more."""

_FAMILY = "Inter Variable"
_ACCENT = gr.themes.Color(
    "#effaf7",
    "#d5f2ea",
    "#ace4d6",
    "#7acfbd",
    "#48b39f",
    "#2a9785",
    "#0f766a",
    "#0e6259",
    "#104e48",
    "#11413c",
    "#062623",
)
_INK = gr.themes.Color(
    "#faf9f7",
    "#f3f1ee",
    "#e7e4df",
    "#d5d1ca",
    "#a5a09a",
    "#77726c",
    "#57534e",
    "#3b3835",
    "#262422",
    "#1a1917",
    "#0f0e0d",
)


def launch_options(settings: Settings) -> dict[str, Any]:
    """Return the arguments of `Blocks.launch`: looks, limits, and nothing that calls out."""
    return {
        "theme": _theme(),
        "css": _style_sheet(),
        "head": f"<script>{page_script()}</script>",
        "allowed_paths": [str(example.path) for example in find_examples()],
        "max_file_size": settings.limits.max_source_bytes,
        "auth": _users(settings.server.auth) or None,
        "root_path": settings.server.root_path or None,
        "share": settings.server.share,
        "state_session_capacity": settings.page.max_sessions,
        "max_threads": _GRADIO_THREADS + settings.jobs.max_running + settings.jobs.max_queued,
        "footer_links": [],  # Gradio's pages are for developers, and ask for what is switched off here
        "run_history": False,
        "enable_monitoring": False,
        "mcp_server": True,
        "ssr_mode": False,
        "pwa": False,
        "favicon_path": str(ASSETS / "favicon.svg"),
    }


def _users(listed: str) -> list[tuple[str, str]]:
    """Return names and passwords.

    Raises:
        OptionError: one of them is missing.
    """
    parts = [each.partition(":") for each in listed.split(",") if each]
    users = [(name.strip(), password) for name, _, password in parts]
    if not all(name and password for name, password in users):
        raise OptionError("auth is not of the form name:password, with commas between several.")
    return users


def _theme() -> gr.themes.Base:
    return gr.themes.Base(
        primary_hue=_ACCENT,
        secondary_hue=_ACCENT,
        neutral_hue=_INK,
        font=[gr.themes.Font(_FAMILY), "system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
        radius_size=gr.themes.sizes.radius_md,
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        body_text_color="*neutral_900",
        body_text_color_dark="*neutral_100",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        background_fill_primary="white",
        background_fill_primary_dark="*neutral_900",
        background_fill_secondary="*neutral_100",
        background_fill_secondary_dark="*neutral_800",
        border_color_primary="*neutral_200",
        border_color_primary_dark="*neutral_800",
        block_border_width="0px",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_shadow="none",
        block_padding="0px",
        block_label_text_weight="500",
        block_title_text_weight="500",
        block_title_text_size="*text_sm",
        block_title_text_color="*neutral_600",
        block_title_text_color_dark="*neutral_400",
        input_background_fill="white",
        input_background_fill_dark="*neutral_900",
        input_border_color="*neutral_300",
        input_border_color_dark="*neutral_700",
        input_border_color_focus="*primary_600",
        input_border_color_focus_dark="*primary_400",
        input_shadow="none",
        input_shadow_focus="none",
        button_large_text_weight="600",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_dark="*primary_400",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_hover_dark="*primary_300",
        button_primary_text_color="white",
        button_primary_text_color_dark="*neutral_950",
        button_cancel_background_fill="*neutral_900",
        button_cancel_background_fill_dark="*neutral_100",
        button_cancel_background_fill_hover="*neutral_700",
        button_cancel_background_fill_hover_dark="white",
        button_cancel_text_color="white",
        button_cancel_text_color_dark="*neutral_950",
        button_secondary_background_fill="white",
        button_secondary_background_fill_dark="*neutral_800",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="*neutral_700",
        color_accent_soft="*primary_50",
        color_accent_soft_dark="*primary_950",
        slider_color="*primary_600",
        slider_color_dark="*primary_400",
    )


def _style_sheet() -> str:
    """Return the style sheet with the typeface inside it, which so works behind every proxy path."""
    font = base64.b64encode((ASSETS / "inter-latin-opsz-normal.woff2").read_bytes()).decode()
    face = (
        f'@font-face {{ font-family: "{_FAMILY}"; font-style: normal; font-weight: 100 900; font-display: swap; '
        f'src: url("data:font/woff2;base64,{font}") format("woff2"); }}\n'
    )
    return face + (ASSETS / "page.css").read_text(encoding="utf-8")


def page_script() -> str:
    """Return the page's own scripts as one, which Gradio puts into the page once it runs."""
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(ASSETS.glob("*.js")))
