"""What the work will need of the memory that is free, before it is begun.

It stands among the options, and under the tab's button where memory is short.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vidtext.errors import OptionError, VidtextError
from vidtext.models.acquire import Workload
from vidtext.ui.framework.fields import whole_number
from vidtext.ui.framework.tab import QUIET
from vidtext.ui.status import note_html

if TYPE_CHECKING:
    import gradio as gr

    from vidtext.compute.memory import MemoryPlan
    from vidtext.models.base import ModelInfo
    from vidtext.ui.framework.model_fields import ModelAndFit
    from vidtext.ui.surroundings import Surroundings

_MEGABYTE, _GIGABYTE = 1e6, 1e9


def show_plan(
    line: gr.HTML, around: Surroundings, choice: ModelAndFit, *, new_tokens: int, frames: gr.Textbox | None = None
) -> None:
    """Write it when the page opens, and again for another model or number of frames.

    Args:
        line: the line under the button.
        around: the page.
        choice: the model.
        new_tokens: how many tokens are written at most.
        frames: where a number of frames may be typed.
    """
    services, settings = around.services, around.settings

    def plan(name: str, typed: str = "") -> tuple[str, str]:
        try:
            resolution = choice.resolve(name, settings)
            info = resolution.info
            at_once = 1 if info.chats else settings.tasks.window_batch
            work = Workload(at_once, whole_number(typed, "frames") or info.frames_per_clip, new_tokens=new_tokens)
            foreseen = services.foresee(resolution, work, settings)
            return note_html(" ".join(foreseen.notes) if foreseen else ""), plan_html(info, work, foreseen)
        except OptionError:  # it is told when the work is begun
            return "", ""
        except VidtextError as error:
            return note_html(str(error)), ""

    inputs = [choice.model, *([frames] if frames else [])]
    outputs = [line, choice.plan]
    around.page.load(plan, inputs, outputs, queue=False, **QUIET)
    for component in inputs:
        component.change(plan, inputs, outputs, queue=False, **QUIET)


def plan_html(info: ModelInfo, work: Workload, plan: MemoryPlan | None) -> str:
    """Return the plan as one quiet line; `plan` is None while the model is still to be downloaded."""
    if info.host:
        facts = [f"{work.frames} frames are sent to the server", "nothing is loaded here"]
    elif plan is None:
        facts = [_frames(info, work.frames), "memory is planned once the model is downloaded"]
    else:
        need = f"needs about {_size(plan.estimate.peak)} of {_size(plan.free_bytes)} free"
        facts = [_frames(info, plan.config.frames), _tokens(info, plan.config.frames), need]
    line = " · ".join(filter(None, facts))
    return note_html(f"{line}.")


def _frames(info: ModelInfo, frames: int) -> str:
    return f"{frames} frames of {info.image_size} × {info.image_size}"


def _tokens(info: ModelInfo, frames: int) -> str:
    return f"{frames * info.tokens_per_frame:,} tokens" if info.tokens_per_frame else ""


def _size(count: int) -> str:
    return f"{count / _GIGABYTE:.1f} GB" if count >= _GIGABYTE / 10 else f"{count / _MEGABYTE:.0f} MB"
