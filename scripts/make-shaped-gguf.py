#!/usr/bin/env python3
"""Writes an F16 file of about 300 million random weights in the shapes of a family, for measurements of speed.

    scripts/make-shaped-gguf.py gemma4 build/gemma4-300m.gguf
    scripts/make-shaped-gguf.py qwen35 build/qwen35-300m.gguf

Layers are as the family's smallest model has them, narrower and fewer; the numbers follow from a seed and keep activations near
one. The vocabulary is a stand-in. Needs the PyPI packages gguf and numpy.
"""

import argparse
import importlib
import pathlib
import sys

import gguf

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
memory = importlib.import_module("compare-memory")
import perplexity_goldens  # noqa: E402

SHAPES = {
    "gemma4": memory.shape("gemma4", 15, 1024, 4096, (8, 1), 32768, inputs=128, shared_layers=5, period=5,
                           **{**memory.GEMMA4, "matrix": "F16", "head": 256, "local_head": 128}),
    "qwen35": memory.shape("qwen35", 12, 1024, 3584, (8, 2), 32768, matrix="F16", tied=True, head=256, norms=True, rotary=64,
                           delta=(16, 16, 128)),
}


def fill(path):
    """Puts numbers where the tensors are. -> how many."""
    first = 0
    for tensor in gguf.GGUFReader(path, "r+").tensors:
        center, spread = perplexity_goldens.spread_of(tensor.name, [int(size) for size in tensor.shape])
        numbers = perplexity_goldens.numbers(first, tensor.n_elements, center, spread)
        tensor.data[...] = numbers.reshape(tensor.data.shape).astype(tensor.data.dtype)
        first += tensor.n_elements
    return first


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("family", choices=SHAPES)
    parser.add_argument("output", type=pathlib.Path)
    options = parser.parse_args()
    options.output.parent.mkdir(parents=True, exist_ok=True)
    memory.write(options.output, SHAPES[options.family])
    print(f"{fill(options.output) / 1e6:.0f} million weights")


if __name__ == "__main__":
    main()
