#!/usr/bin/env python3
"""Writes Tests/Goldens/pickle: files as torch.save makes them, one of which would run a program when it is loaded.

    python scripts/pickle-goldens.py

Needs the PyPI package torch.
"""

import os
import pathlib

import torch

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "Tests/Goldens/pickle"


class Runs:
    def __reduce__(self):
        return os.system, ("echo ran",)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    both = torch.arange(12, dtype=torch.float32).reshape(4, 3)
    state = {
        "z.weight": torch.nn.Parameter(both.bfloat16()), "a.first": both[:2], "a.second": both[2:],
        "count": torch.tensor(7), "half": (both / 2).half(),
    }
    torch.save(state, FOLDER / "tensors.bin")
    torch.save({"turned": both.T}, FOLDER / "turned.bin")
    torch.save({"weight": both, "extra": Runs()}, FOLDER / "runs.bin")
    torch.save({"step": 3, "weight": both}, FOLDER / "other.bin")
    torch.save(state, FOLDER / "old.bin", _use_new_zipfile_serialization=False)


if __name__ == "__main__":
    main()
