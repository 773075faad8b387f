#!/usr/bin/env python3
"""Fits what each tensor type costs on Android's processors, from published runs of files of many types.

    scripts/fit-type-factors.py

A file's speed follows from the types of its tensors, by their weights: a model whose rows are no whole blocks of 256 gets other types
than its file type says, and other speeds. Takes, for models that were measured (Benchmarks/device-measurements.csv), the types that
edgepipe gives their tensors, and finds the times of a weight of each type, relative to Q4_0, with which the ratios of the measured
speeds to Q4_0's come out best. Prints them as speeds, the error that is left by model, and the error of file types alone. Needs the PyPI
packages gguf and numpy.
"""

import collections
import csv
import importlib
import json
import math
import pathlib
import statistics
import subprocess
import sys
import tempfile

import gguf
import numpy

ROOT = pathlib.Path(__file__).resolve().parent.parent
EDGEPIPE = ROOT / ".build/release/edgepipe"
sys.path.insert(0, str(ROOT / "scripts"))
memory = importlib.import_module("compare-memory")
FILE_TYPES = ["IQ1_S", "Q2_K", "Q3_K_M", "Q4_0", "Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0"]
# Models of the measurements, and whose shapes they have.
MODELS = {"qwen2.5-1.5b": "qwen2.5-1.5b", "qwen3-1.7b": "qwen3-1.7b", "smollm2-1.7b": "smollm2-1.7b", "phi-3.5-mini": "phi-3-mini",
          "gemma-3-1b": "gemma-3-1b"}


def shares(folder, shape, kind, is_prompt):
    """-> the part of the weights that are of each tensor type, of those that a token is multiplied with."""
    path = folder / f"{shape}.gguf"
    if not path.exists():
        memory.write(path, {**memory.MODELS[shape], "matrix": "F16"})
    # IQ1_S files were made with an importance matrix, which changes no type.
    done = subprocess.run([EDGEPIPE, "quantize", path, "-o", folder / "out", "--type", kind, "--dry-run", "--json", "--quiet",
                           "--allow-requantize"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"fit-type-factors: {shape} as {kind}: {done.stderr}")
    weights = collections.Counter()
    tensors = json.loads(done.stdout)["tensors"]
    is_tied = not any(tensor["name"] == "output.weight" for tensor in tensors)
    for tensor in tensors:
        name = tensor["name"]
        if name == "token_embd.weight" and (is_prompt or not is_tied) or name == "output.weight" and is_prompt:
            continue
        if tensor["type"] in ("F32", "F16"):
            continue
        block, size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[tensor["type"]]]
        weights[tensor["type"]] += tensor["bytes"] // size * block
    total = sum(weights.values())
    return {name: count / total for name, count in weights.items()}


def ratios(column):
    """-> by model and file type, the median over phones and prompts of its speed to Q4_0's."""
    speeds = collections.defaultdict(list)
    with open(ROOT / "Benchmarks/device-measurements.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["backend"].lower() == "cpu" and row[column] and row["model"] in MODELS:
                speeds[row["model"], row["quant"], row["soc"], row["n_prompt"]].append(float(row[column]))
    found = collections.defaultdict(list)
    for (model, kind, *place), values in speeds.items():
        base = speeds.get((model, "Q4_0", *place))
        if base and kind in FILE_TYPES:
            found[model, kind].append(statistics.median(values) / statistics.median(base))
    return {key: statistics.median(values) for key, values in found.items()}


def fit(rows, types):
    """Times of a weight, relative to Q4_0, by Gauss-Newton on the logarithms of the ratios."""
    times = numpy.ones(len(types))
    for _ in range(200):
        system, rest = [], []
        for own, base, ratio in rows:
            a, b = own @ times, base @ times
            system.append(own * times / a - base * times / b)
            rest.append(-math.log(ratio) - math.log(a / b))
        # Q4_0 is the measure; a little weight keeps types that hardly occur from running away.
        anchor = [[1000.0 if name == "Q4_0" else 0.0 for name in types]]
        pull = 0.02 * numpy.eye(len(types))
        step, *_ = numpy.linalg.lstsq(numpy.vstack([system, anchor, pull]), numpy.concatenate([rest, [0.0], -0.02 * numpy.log(times)]),
                                      rcond=None)
        times = times * numpy.exp(numpy.clip(step, -0.5, 0.5))
    return times


def constants(mixes, speeds):
    """Milliseconds a gigabyte and 10^9 weights of each chip, from its Q4_0 and Q8_0 files, in which Q6_K costs what it does."""
    chips = collections.defaultdict(list)
    with open(ROOT / "Benchmarks/device-measurements.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["backend"].lower() == "cpu" and row["decode_tps"] and row["model"] in MODELS and row["quant"] in ("Q4_0", "Q8_0"):
                billions = float(row["params_b"])
                gigabytes = weights = 0.0
                for kind, share in mixes[row["model"], row["quant"]].items():
                    block, size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[kind]]
                    own = kind in ("Q4_0", "Q8_0")
                    slower = 1 if own else 1 / speeds[kind]
                    gigabytes += share * billions * (size / block if own else 0.5625 * slower)
                    weights += share * billions * slower
                time = 1000 / float(row["decode_tps"])
                chips[row["soc"]].append((gigabytes / time, weights / time))
    for chip, rows in chips.items():
        if len(rows) >= 8:
            (a, b), *_ = numpy.linalg.lstsq(numpy.array(rows), numpy.ones(len(rows)), rcond=None)
            errors = [abs(a * g + b * w - 1) for g, w in rows]
            print(f"  {chip:32} a {a:5.1f} ms/GB, b {b:5.1f} ms/10^9, median error {statistics.median(errors):.1%}")


def main():
    if not EDGEPIPE.exists():
        sys.exit("fit-type-factors: build first: make build")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for column, is_prompt in [("prefill_tps", True), ("decode_tps", False)]:
            measured = ratios(column)
            mixes = {(model, kind): shares(folder, MODELS[model], kind, is_prompt) for model in MODELS for kind in FILE_TYPES}
            types = sorted({kind for mix in mixes.values() for kind in mix})

            def row(model, kind):
                return numpy.array([mixes[model, kind].get(name, 0.0) for name in types])

            rows = [(row(*key), row(key[0], "Q4_0"), ratio) for key, ratio in measured.items() if key[1] != "Q4_0"]
            times = fit(rows, types)
            print(column.removesuffix("_tps"), {name: round(float(1 / time), 3) for name, time in zip(types, times)})
            medians = {kind: statistics.median([r for (m, k), r in measured.items() if k == kind and m != "gemma-3-1b"] or [1])
                       for kind in FILE_TYPES}
            for model in MODELS:
                errors, alone = [], []
                for (name, kind), ratio in measured.items():
                    if name == model and kind != "Q4_0":
                        predicted = (row(name, "Q4_0") @ times) / (row(name, kind) @ times)
                        errors.append(abs(predicted / ratio - 1))
                        alone.append(abs(medians[kind] / ratio - 1))
                print(f"  {model:16} error {statistics.mean(errors):6.1%}, largest {max(errors):6.1%}; by file type alone "
                      f"{statistics.mean(alone):6.1%}, largest {max(alone):6.1%}")
        constants(mixes, {name: 1 / time for name, time in zip(types, times)})


if __name__ == "__main__":
    main()
