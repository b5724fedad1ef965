"""Every test runs without a model hub; a test that needs one starts its own."""

from __future__ import annotations

import os

import hypothesis

os.environ["OMP_NUM_THREADS"] = "1"  # tests run in as many processes as there are cores
os.environ["HF_HUB_OFFLINE"] = "1"  # read once, when huggingface_hub is imported
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

hypothesis.settings.register_profile("untimed", deadline=None)  # a busy machine is no defect
hypothesis.settings.load_profile("untimed")
