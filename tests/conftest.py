"""Every test runs without a model hub; a test that needs one starts its own."""

from __future__ import annotations

import os

import hypothesis

os.environ["OMP_NUM_THREADS"] = "1"  # tests run in as many processes as there are cores
os.environ["HF_HUB_OFFLINE"] = "1"  # read once, when huggingface_hub is imported
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

# A busy machine is no defect; and what one run finds, every run finds. `--hypothesis-profile=search` looks elsewhere.
hypothesis.settings.register_profile("steady", deadline=None, derandomize=True)
hypothesis.settings.register_profile("search", deadline=None, max_examples=2000)
hypothesis.settings.load_profile("steady")
