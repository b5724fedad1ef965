"""The web demo: `python app.py`, or a Hugging Face Space."""

import os

import spaces  # noqa: F401  (before anything touches CUDA)

from vidtext.compute.gpu import zero_gpu
from vidtext.models.loading import warm_up
from vidtext.settings import Settings
from vidtext.ui.look import launch_options
from vidtext.ui.page import build_page

settings = Settings.from_env({"VIDTEXT_GUARD_DECODING": "1", **os.environ})  # strangers bring the videos
demo = build_page(settings)

if __name__ == "__main__":
    if zero_gpu():  # weights must be in place when `launch` packs them for the GPU's processes
        warm_up(settings)
    demo.launch(**launch_options(settings), prevent_thread_lock=True)
    if not zero_gpu():  # the page is there already
        warm_up(settings)
    demo.block_thread()
