"""The model card that lies beside the weights of the embedded chat model."""

from collections.abc import Sequence
from pathlib import Path
from string import Template

from training.chat_evaluate import EVALUATION_SEEDS, TURNS, Score, table

TEMPLATE = Path(__file__).with_name("chat_card.md")


def write_card(folder: Path, scores: Sequence[Score]) -> None:
    """Write README.md into a checkpoint's folder, with the table of the given scores."""
    weight_bytes = (folder / "model.safetensors").stat().st_size
    text = Template(TEMPLATE.read_text()).substitute(
        megabytes=f"{weight_bytes / 1e6:.1f}", table=table(scores), clips=len(EVALUATION_SEEDS), turns=TURNS
    )
    (folder / "README.md").write_text(text)
