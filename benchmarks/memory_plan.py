"""What the memory plan expects of a job, against what the job takes: `python -m benchmarks.memory_plan`.

Each setting runs in a process of its own: all is imported, the kernel's peak is set back (`clear_refs`), then the model
is loaded and one job is done. Measured is the peak of the resident memory over what it was before, as the kernel
counts it. Weights are random; the sizes are those of git-base, of a LLaVA-NeXT-Video of 0.6 B parameters (the published
vision tower, and a text model of 24 layers of 1,024), and of the checkpoints that ship.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.report import machine, table

SETTINGS = (
    ("embedded", 1, 6),
    ("embedded", 4, 6),
    ("embedded-chat", 1, 6),
    ("git-base", 1, 6),
    ("git-base", 4, 6),
    ("git-base", 8, 6),
    ("llava-0.6b", 1, 6),
    ("llava-0.6b", 1, 16),
    ("llava-0.6b", 1, 32),
)
NEW_TOKENS = 20
QUESTION = "What happens here?"


def save_models(folder: Path) -> None:
    """Save the models that do not ship."""
    from transformers import CLIPImageProcessor, CLIPVisionConfig, GitConfig, GitForCausalLM, GitProcessor, LlamaConfig

    from tests.models.checkpoints import git_tokenizer, save_llava_next_video

    GitForCausalLM(GitConfig(num_image_with_embedding=6)).save_pretrained(folder / "git-base")
    square = {"size": {"shortest_edge": 224}, "crop_size": {"height": 224, "width": 224}}
    GitProcessor(CLIPImageProcessor(do_center_crop=True, **square), git_tokenizer()).save_pretrained(
        folder / "git-base"
    )
    vision = CLIPVisionConfig(
        hidden_size=1024,
        intermediate_size=4096,
        num_hidden_layers=24,
        num_attention_heads=16,
        image_size=336,
        patch_size=14,
    )
    text = LlamaConfig(
        hidden_size=1024,
        intermediate_size=2816,
        num_hidden_layers=24,
        num_attention_heads=16,
        num_key_value_heads=16,
        max_position_embeddings=8192,
    )
    save_llava_next_video(folder / "llava-0.6b", vision, text)


def kernel_bytes(row: str) -> int:
    """Read a row of what the kernel tells of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{row}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(row)


def measure(folder: Path, clips: int, frames: int) -> dict[str, float]:
    """Do one job in this process; return its estimate and its measured peak in bytes."""
    import numpy as np
    import torch
    from transformers.models.clip import modeling_clip  # noqa: F401  (not part of what is measured)
    from transformers.models.git import modeling_git  # noqa: F401
    from transformers.models.llava_next_video import modeling_llava_next_video  # noqa: F401

    from vidtext.compute.memory import RunConfig, estimate_memory
    from vidtext.job import Job
    from vidtext.media.read.frames import Frames
    from vidtext.models.base import ChatModel, GenerationOptions, Message
    from vidtext.models.checkpoint import Checkpoint
    from vidtext.models.families import info_from_folder, local_family
    from vidtext.models.model_cache import loaded_model
    from vidtext.models.video_chat import VideoChat  # noqa: F401
    from vidtext.settings import Settings

    info = info_from_folder(folder)
    noise = np.random.default_rng(0)
    edge = info.image_size
    given = [
        Frames(noise.integers(0, 255, (frames, edge, edge, 3), dtype=np.uint8), np.arange(float(frames)))
        for _ in range(clips)
    ]
    torch.ones(64, 64) @ torch.ones(64, 64)
    options = GenerationOptions(max_new_tokens=NEW_TOKENS)
    family = local_family(info)
    Path("/proc/self/clear_refs").write_text("5")
    before = kernel_bytes("VmRSS")
    model = family.captioner(info, loaded_model(Checkpoint(str(folder), "cpu", "float32")), Settings())
    if not isinstance(model, ChatModel):
        model.caption(given, options, Job())
        words = 1
    else:
        messages = [Message("user", QUESTION, (given[0],))]
        words = model.count_tokens(messages) - frames * info.tokens_per_frame
        list(model.reply(messages, options, Job()))
    peak = kernel_bytes("VmHWM") - before
    need = estimate_memory(
        family.dims(folder, info), RunConfig(clips, frames, words, NEW_TOKENS, "float32", mapped=True)
    )
    return {"measured": peak, "expected": need.peak, "weights": need.weights}


def main() -> None:
    """Measure all settings, or the one that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=3, metavar=("FOLDER", "CLIPS", "FRAMES"), help="measure this in this process")
    options = parser.parse_args()
    if options.one:
        folder, clips, frames = options.one
        print(json.dumps(measure(Path(folder), int(clips), int(frames))))
        return
    from vidtext.models.catalog import EMBEDDED_CHAT_FOLDER, EMBEDDED_FOLDER

    with tempfile.TemporaryDirectory() as place:
        save_models(Path(place))
        rows = []
        for name, clips, frames in SETTINGS:
            folder = {"embedded": EMBEDDED_FOLDER, "embedded-chat": EMBEDDED_CHAT_FOLDER}.get(name, Path(place, name))
            command = [sys.executable, "-m", "benchmarks.memory_plan", "--one", str(folder), str(clips), str(frames)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found = json.loads(done.stdout.splitlines()[-1])
            megabytes = [f"{found[key] / 1e6:,.0f}" for key in ("weights", "expected", "measured")]
            rows.append([name, str(clips), str(frames), *megabytes, f"{found['expected'] / found['measured']:.2f}"])
            print(rows[-1], file=sys.stderr, flush=True)
    print(machine())
    print(table(["model", "clips", "frames", "weights, MB", "expected", "measured", "expected / measured"], rows))


if __name__ == "__main__":
    main()
