"""Every test runs without a model hub; a test that needs one starts its own."""

from __future__ import annotations

import os

os.environ["HF_HUB_OFFLINE"] = "1"  # read once, when huggingface_hub is imported
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
