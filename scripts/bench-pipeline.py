#!/usr/bin/env python3
"""A pipeline of edgepipe's beside the tools that it replaces, from a Hugging Face folder to eight builds that were judged.

usage: LLAMA_CPP=SOURCES LLAMA_CPP_BIN=PROGRAMS bench-pipeline.py FOLDER [--rounds 3] [--chunks 20] [--threads 2] [--python PYTHON]

Both convert to f16, collect an importance matrix, quantize to eight types, and measure perplexity and KL divergence of all eight against the
f16 file on the same windows of 512 tokens. They take turns. Printed are the parts and the whole, medians of the rounds, with ratios
(below 1 edgepipe is faster) and the largest memory of any process.
"""
import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
EDGEPIPE = ROOT / ".build/release/edgepipe"
TYPES = ["q8_0", "q6_k", "q5_k_m", "q4_k_m", "q4_0", "q3_k_m", "iq3_s", "q2_k"]
CALIBRATION, TEXT = ROOT / "texts/calibration.txt", ROOT / "texts/sample.txt"
PIPELINE = """pipeline: bench
version: 1.0.0
model: {{ source: "{folder}", license: unknown }}
steps:
  - {{ id: convert, convert: {{ type: f16 }} }}
  - {{ id: imatrix, imatrix: {{ model: convert, text: "{calibration}", chunks: {chunks} }} }}
  - {{ id: quantize, quantize: {{ model: convert, imatrix: imatrix, types: [{types}] }} }}
  - {{ id: judge, validate: {{ builds: quantize, text: "{text}", chunks: {chunks}, against: convert }} }}
"""


class Clock:
    """Runs commands; keeps seconds by part and the largest memory."""

    def __init__(self):
        self.parts, self.memory = {}, 0

    def run(self, part, *command):
        begin = time.monotonic()
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        messages = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"bench-pipeline: {' '.join(map(str, command))}\n{messages[-2000:].decode(errors='replace')}")
        self.parts[part] = self.parts.get(part, 0) + time.monotonic() - begin
        self.memory = max(self.memory, usage.ru_maxrss / 1024)


def ours(work, given):
    clock = Clock()
    pipeline, registry = work / "bench.yaml", work / "registry.db"
    pipeline.write_text(PIPELINE.format(folder=given.folder.resolve(), calibration=CALIBRATION, text=TEXT, chunks=given.chunks,
                                        types=", ".join(TYPES)))
    for step in ("convert", "imatrix", "quantize", "judge"):
        clock.run(step, EDGEPIPE, "run", pipeline, "--registry", registry, "--jobs", given.threads, "--only", step, "--quiet")
    return clock


def theirs(work, given, sources, programs):
    clock = Clock()
    base, matrix, logits = work / "f16.gguf", work / "imatrix.gguf", work / "base.kld"
    clock.run("convert", given.python, sources / "convert_hf_to_gguf.py", given.folder, "--outfile", base, "--outtype", "f16")
    common = ["-t", given.threads, "-c", 512, "--chunks", given.chunks]
    clock.run("imatrix", programs / "llama-imatrix", "-m", base, "-f", CALIBRATION, "-o", matrix, "--no-ppl", *common)
    for name in TYPES:
        clock.run("quantize", programs / "llama-quantize", "--imatrix", matrix, base, work / f"{name}.gguf", name, given.threads)
    clock.run("judge", programs / "llama-perplexity", "-m", base, "-f", TEXT, "--kl-divergence-base", logits, *common)
    for name in TYPES:
        clock.run("judge", programs / "llama-perplexity", "-m", work / f"{name}.gguf", "--kl-divergence-base", logits,
                  "--kl-divergence", *common)
    return clock


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--chunks", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--python", default=sys.executable)
    given = parser.parse_args()
    sources, programs = (pathlib.Path(os.environ[name]) for name in ("LLAMA_CPP", "LLAMA_CPP_BIN"))
    rounds = []
    for _ in range(given.rounds):
        pair = []
        for tools in (lambda work: ours(work, given), lambda work: theirs(work, given, sources, programs)):
            work = pathlib.Path(tempfile.mkdtemp(prefix="bench-pipeline-"))
            try:
                pair.append(tools(work))
            finally:
                shutil.rmtree(work)
        rounds.append(pair)
    print(f"{'part':10} {'edgepipe':>10} {'llama.cpp':>10} {'ratio':>7}")
    for part in ("convert", "imatrix", "quantize", "judge", "whole"):
        def seconds(clock):
            return sum(clock.parts.values()) if part == "whole" else clock.parts[part]
        mine, other = (statistics.median(seconds(pair[side]) for pair in rounds) for side in (0, 1))
        print(f"{part:10} {mine:8.1f} s {other:8.1f} s {mine / other:7.2f}")
    mine, other = (max(pair[side].memory for pair in rounds) for side in (0, 1))
    print(f"{'memory':10} {mine:6.0f} MiB {other:6.0f} MiB {mine / other:7.2f}")


if __name__ == "__main__":
    main()
