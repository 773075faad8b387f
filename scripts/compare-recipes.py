#!/usr/bin/env python3
"""Compares recipes with llama.cpp's presets of the same size, in KL divergence on a held-back text and on other domains.

usage: compare-recipes.py MODEL.gguf --text CALIBRATION [--text ANOTHER] [--judge-text FILE ...] [--at q3_k_m ...]
                          [--ladder k] [--ladder all] [--rounding reference] [--work FOLDER]

MODEL is a GGUF file of f16, bf16 or f32. For each preset named by --at, each ladder and each rounding a file of at most the preset's bytes is
made; `edgepipe quantize --size` judges it beside the best preset that fits. Several calibration texts give the median of their changes.
LLAMA_CPP_BIN, the folder of llama.cpp's programs, adds two checks: llama-quantize makes the same bytes from the recipe's types and importance
matrix, and llama-perplexity loads the file.
"""
import argparse
import hashlib
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
EDGEPIPE = ROOT / ".build/release/edgepipe"


def run(*command, folder=None):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, errors="replace", cwd=folder)
    if done.returncode != 0:
        sys.exit(f"compare-recipes: {' '.join(map(str, command))} ended with {done.returncode}\n{done.stderr[-2000:]}")
    return done.stdout


def size_of(model, preset, imatrix):
    plan = json.loads(run(EDGEPIPE, "quantize", model, "--type", preset, "--imatrix", imatrix, "--dry-run", "--json"))
    return plan["bytes"]


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def replay(programs, model, made, costs, types, base, work):
    """Makes the recipe's file with llama-quantize, and loads it with llama-perplexity."""
    same = work / "same.gguf"
    # The file's metadata hold the importance matrix's path as it is given.
    run(programs / "llama-quantize", "--imatrix", "imatrix.gguf", "--tensor-type-file", types, model, same, base.upper(),
        folder=costs)
    is_same = digest(same) == digest(made)
    loaded = run(programs / "llama-perplexity", "-m", made, "-f", ROOT / "texts/sample.txt", "-c", 512, "--chunks", 1)
    same.unlink()
    return is_same, "Final estimate" in loaded or bool(re.search(r"\[1\][0-9.]+", loaded))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--text", type=pathlib.Path, action="append", required=True)
    parser.add_argument("--judge-text", type=pathlib.Path, action="append", default=[])
    parser.add_argument("--at", action="append")
    parser.add_argument("--ladder", action="append")
    parser.add_argument("--rounding", action="append")
    parser.add_argument("--judge-chunks", type=int, default=10)
    parser.add_argument("--work", type=pathlib.Path)
    given = parser.parse_args()
    programs = os.environ.get("LLAMA_CPP_BIN")
    work = given.work or pathlib.Path(tempfile.mkdtemp(prefix="recipes-"))
    work.mkdir(parents=True, exist_ok=True)
    model = given.model.resolve()
    print(f"{'at':9} {'ladder':6} {'rounding':9} {'bytes':>12} {'preset':8} {'KLD':>8} {'preset':>8} {'change':>8}"
          f" {'pred/meas':>9} {'PPL':>8} {'preset':>8}  other domains", flush=True)
    failed = 0
    for preset in given.at or ["iq2_m", "q2_k", "q3_k_s", "q3_k_m", "q4_k_m"]:
        for ladder in given.ladder or ["all", "k"]:
            for rounding in given.rounding or ["reference"]:
                changes, others = [], []
                for number, text in enumerate(given.text):
                    costs = work / f"costs-{number}-{rounding}"
                    imatrix = work / f"imatrix-{number}.gguf"
                    if not imatrix.exists():
                        run(EDGEPIPE, "imatrix", model, "--text", text, "-o", imatrix, "--chunks", 16, "--no-ppl")
                    out, types = work / "out.gguf", work / "types.txt"
                    command = [EDGEPIPE, "quantize", model, "-o", out, "--size", size_of(model, preset, imatrix),
                               "--text", text, "--ladder", ladder, "--costs", costs, "--save-types", types,
                               "--judge-chunks", given.judge_chunks, "--json", "--quiet"]
                    if rounding != "reference":
                        command += ["--rounding", rounding]
                    for judge in given.judge_text:
                        command += ["--judge-text", judge]
                    report = json.loads(run(*command))
                    first = report["texts"][0]
                    changes.append(first["kld"] / first["presetKld"] - 1)
                    others.append([other["kld"] / other["presetKld"] - 1 for other in report["texts"][1:]])
                    note = ""
                    if programs and number == 0 and rounding == "reference":
                        same, loads = replay(pathlib.Path(programs), model, out, costs, types, report["base"], work)
                        failed += not (same and loads)
                        note = f"  llama-quantize {'equal' if same else 'DIFFERENT'}, {'loads' if loads else 'DOES NOT LOAD'}"
                    print(f"{preset:9} {ladder:6} {rounding:9} {report['bytes']:12} {report['preset']['type']:8}"
                          f" {first['kld']:8.4f} {first['presetKld']:8.4f} {changes[-1]:+8.1%}"
                          f" {report['predictedKld'] / report['measuredKld']:9.2f} {first['perplexity']:8.3f}"
                          f" {first['presetPerplexity']:8.3f}  {' '.join(f'{x:+.1%}' for x in others[-1])}{note}", flush=True)
                    out.unlink()
                if len(changes) > 1:
                    middle = [statistics.median(column) for column in zip(*others)]
                    print(f"{preset:9} {ladder:6} {rounding:9} {'median':>30} {statistics.median(changes):+26.1%}"
                          f" {'':28} {' '.join(f'{x:+.1%}' for x in middle)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
