#!/usr/bin/env python3
"""Writes an importance matrix of random numbers for a model, in both forms that llama-quantize reads.

    scripts/make-random-imatrix.py MODEL.gguf build/model.imatrix

writes build/model.imatrix.gguf and build/model.imatrix.dat. For comparing programs and their speed: it says nothing of
what the model's columns count. The model's tensors are asked of .build/release/edgepipe.
"""

import argparse
import importlib.util
import json
import pathlib
import random
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent

specification = importlib.util.spec_from_file_location("random_gguf", ROOT / "scripts/make-random-gguf.py")
random_gguf = importlib.util.module_from_spec(specification)
specification.loader.exec_module(random_gguf)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("output", type=pathlib.Path, help="without an ending")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    command = [ROOT / ".build/release/edgepipe", "inspect", arguments.model, "--tensors", "--json", "--quiet"]
    report = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    shapes = [(tensor["name"], tensor["shape"]) for tensor in report["tensors"]]
    random_gguf.write_matrices(arguments.output, shapes, random.Random(arguments.seed))


if __name__ == "__main__":
    main()
