"""The web demo: `python app.py`, or a Hugging Face Space."""

import os

import spaces  # noqa: F401  (before anything touches CUDA)

from vidtext.api.app import api_routes
from vidtext.batch.work import real_streams
from vidtext.compute.gpu import zero_gpu
from vidtext.models.loading import warm_up
from vidtext.settings import Settings
from vidtext.ui.look import launch_options
from vidtext.ui.page import build_page

settings = Settings.from_env(os.environ)
demo = build_page(settings)

if __name__ == "__main__":
    if zero_gpu():  # weights must be in place when `launch` packs them for the GPU's processes
        warm_up(settings)
    routes = api_routes(settings, real_streams())
    demo.launch(**launch_options(settings), app_kwargs={"routes": routes}, prevent_thread_lock=True)
    if not zero_gpu():  # the page is there already
        warm_up(settings)
    demo.block_thread()
