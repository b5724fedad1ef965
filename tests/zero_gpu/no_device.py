"""`python no_device.py SCRIPT ARGUMENTS`: run a script as on a ZeroGPU Space, where the GPU is this machine's CPU.

Everything is `spaces`' own, its emulation of CUDA in the main process and its forked workers included, but for the
three moments at which a real GPU would be touched: weights are not packed for it, it is not initialized, and what would
be moved to it stays where it is.
"""

from __future__ import annotations

import runpy
import sys

import spaces.zero.torch as emulation
import torch
from spaces.zero.torch import patching


def placed_bytes() -> int:
    """Return how many bytes were placed on the emulated GPU; said when `launch` packs them."""
    placed = int(patching.size())
    sys.stdout.write(f"placed {placed} bytes\n")
    sys.stdout.flush()
    return placed


def no_init(_: str) -> None:
    """Take what would initialize CUDA in a worker."""


def stay(callback: object = None) -> None:
    """Give the weights in a worker back their numbers, where they are."""
    for fake, original in patching.cuda_aliases.items():
        if original is not None:
            fake.data = torch.Tensor(original)


emulation.pack = placed_bytes
emulation.init = no_init
emulation.move = stay
emulation.size = lambda: 0

if __name__ == "__main__":
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")
