"""The models that go by a name."""

from __future__ import annotations

from pathlib import Path

from vidtext.models.base import ModelCard

EMBEDDED_FOLDER = Path(__file__).parent / "embedded" / "captioner"

EMBEDDED_CHAT_FOLDER = EMBEDDED_FOLDER.parent / "chat"

AUTO = "auto"

FULL_CAPTIONER = "microsoft/git-base-vatex"
"""What `auto` takes where it can be had: the smallest GIT that was trained on captions of videos."""

FULL_CHAT = "llava-hf/LLaVA-NeXT-Video-7B-hf"
"""What `auto` takes for a conversation where it can be had and a GPU has room for it."""

SMALL_CHAT = "HuggingFaceTB/SmolVLM2-500M-Video-Instruct"
"""What `auto` takes for a conversation where it can be had and there is no such GPU."""

EMBEDDED_CHAT = "embedded-chat"

EMBEDDED = ("embedded", EMBEDDED_CHAT)
"""Those that ship."""

_SMOLVLM2 = {
    "256M": "Describes scenes roughly and answers simple questions; the smallest model here that knows real things.",
    "500M": "Describes scenes and simple actions and answers questions about them; misses details and exact counts.",
    "2.2B": "As the 500M, with better words and fewer mistakes; four times as large and as slow.",
}
"""What the sizes of SmolVLM2 see."""

MODELS: dict[str, ModelCard] = {
    "embedded": ModelCard(
        id="embedded",
        family="git",
        licence="Apache-2.0",
        frames_per_clip=6,
        frame_edge_pixels=64,
        fit="squash",
        context_tokens=48,
        weight_bytes=0,
        sees="Sees light, main colours, movement of the camera, and large plain shapes; not objects, people or text.",
    ),
    FULL_CAPTIONER: ModelCard(
        id=FULL_CAPTIONER,
        family="git",
        licence="MIT",
        frames_per_clip=6,
        frame_edge_pixels=224,
        fit="crop",
        context_tokens=1024,
        weight_bytes=707_000_000,
        sees="Names what people, animals and things do in one short sentence; does not read text or hear sound.",
    ),
    "microsoft/git-large-vatex": ModelCard(
        id="microsoft/git-large-vatex",
        family="git",
        licence="MIT",
        frames_per_clip=6,
        frame_edge_pixels=224,
        fit="crop",
        context_tokens=1024,
        weight_bytes=1_580_000_000,
        sees="As git-base-vatex, with better words; more than twice as large and as slow.",
    ),
    EMBEDDED_CHAT: ModelCard(
        id=EMBEDDED_CHAT,
        family="llava_next_video",
        licence="Apache-2.0",
        frames_per_clip=6,
        frame_edge_pixels=64,
        fit="squash",
        context_tokens=512,
        weight_bytes=0,
        sees="Knows plain shapes and how they move, light, colours, cuts and the camera; no objects, people or text.",
        tokens_per_frame=16,  # 8 × 8 patches of 8 pixels, pooled 2 × 2
        fewest_frames=6,
        fixed_frames=True,  # with others it is mostly wrong
        most_clips=1,
    ),
    FULL_CHAT: ModelCard(
        id=FULL_CHAT,
        family="llava_next_video",
        licence="llama2",
        frames_per_clip=32,
        frame_edge_pixels=336,
        fit="crop",
        context_tokens=8192,  # Vicuna's 4,096, stretched by linear rope scaling with a factor of 2
        weight_bytes=14_100_000_000,
        sees="Describes scenes and actions and answers questions about them; misses small text and exact counts, may "
        "name what is not there, and hears no sound.",
        tokens_per_frame=144,  # 24 × 24 patches of 14 pixels, pooled 2 × 2
    ),
    "llava-hf/LLaVA-NeXT-Video-7B-DPO-hf": ModelCard(
        id="llava-hf/LLaVA-NeXT-Video-7B-DPO-hf",
        family="llava_next_video",
        licence="llama2",
        frames_per_clip=32,
        frame_edge_pixels=336,
        fit="crop",
        context_tokens=8192,  # Vicuna's 4,096, stretched by linear rope scaling with a factor of 2
        weight_bytes=14_100_000_000,
        sees="As LLaVA-NeXT-Video-7B, trained further to keep to what the video shows; it may still be wrong.",
        tokens_per_frame=144,  # 24 × 24 patches of 14 pixels, pooled 2 × 2
    ),
    **{
        f"HuggingFaceTB/SmolVLM2-{size}-Video-Instruct": ModelCard(
            id=f"HuggingFaceTB/SmolVLM2-{size}-Video-Instruct",
            family="smolvlm",
            licence="Apache-2.0",
            frames_per_clip=16,  # it was trained with up to 64: on a CPU each costs as much as a sentence
            frame_edge_pixels=512,
            fit="squash",
            context_tokens=8192,
            weight_bytes=0,
            sees=sees,
            tokens_per_frame=64,  # 32 × 32 patches of 16 pixels, shuffled 4 × 4 into one
        )
        for size, sees in _SMOLVLM2.items()
    },
    **{
        f"Qwen/Qwen3-VL-{size}-Instruct": ModelCard(
            id=f"Qwen/Qwen3-VL-{size}-Instruct",
            family="qwen3_vl",
            licence="Apache-2.0",
            frames_per_clip=32,
            frame_edge_pixels=448,
            fit="pad",
            context_tokens=32_768,  # of 262,144: more than a conversation about a video needs
            weight_bytes=0,
            sees="Describes scenes and actions, reads text and knows when things happen; may name what is not there.",
            tokens_per_frame=98,  # 28 × 28 patches of 16 pixels, 2 × 2 of two frames merged into one
            smaller_edge_pixels=256,
        )
        for size in ("2B", "4B", "8B")
    },
}

REVISIONS: dict[str, str] = {}
"""Hub id → commit to load. An id that is not here is loaded at its main branch."""
