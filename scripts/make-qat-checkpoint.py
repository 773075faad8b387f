#!/usr/bin/env python3
"""Rewrites a checkpoint as one that was trained for four bits: every weight a whole multiple, -7 to 7, of a step of its group.

    scripts/make-qat-checkpoint.py models/tiny-phi3 build/tiny-phi3-qat

Matrices of the layers and the embedding are cut into groups of 32 along their rows; each group's step is its largest magnitude over 7.
Numbers are stored as BF16, as such checkpoints are. Needs the PyPI packages numpy, safetensors and torch.
"""

import pathlib
import shutil
import sys

import torch
from safetensors.torch import load_file, save_file

GROUP, LEVELS = 32, 7


def on_grid(weights):
    """-> the nearest weights on the grids of their groups."""
    groups = weights.float().reshape(-1, GROUP)
    step = groups.abs().amax(dim=1, keepdim=True) / LEVELS
    levels = torch.where(step > 0, groups / step.clamp(min=1e-30), torch.zeros_like(groups)).round()
    return (levels * step).reshape(weights.shape).to(torch.bfloat16)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    source, output = map(pathlib.Path, sys.argv[1:])
    output.mkdir(parents=True, exist_ok=True)
    for path in source.iterdir():
        if path.suffix != ".safetensors":
            shutil.copyfile(path, output / path.name)
            continue
        tensors = {
            name: on_grid(tensor) if tensor.dim() == 2 and tensor.shape[-1] % GROUP == 0 else tensor
            for name, tensor in load_file(path).items()
        }
        save_file(tensors, output / path.name, metadata={"format": "pt"})


if __name__ == "__main__":
    main()
