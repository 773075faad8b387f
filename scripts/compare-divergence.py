#!/usr/bin/env python3
"""Runs edgepipe perplexity and llama-perplexity side by side and compares everything that the latter prints of a build
and its base.

    LLAMA_CPP_BIN=/path/to/llama.cpp/build/bin scripts/compare-divergence.py [--chunks 8] [--types Q4_0,Q2_K]

The builds of models/tiny-phi3 are decoded to F32 again, so that both programs compute in single precision and differ by
the order of sums alone. Each figure must agree to the last digits that are printed, or within a thousandth; base
files are read by the program that did not write them. The exit status is 1 where one fails.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
EDGEPIPE = ROOT / ".build/release/edgepipe"
WORK = ROOT / ".build/compare-divergence"
TEXT = ROOT / "texts/sample.txt"
EXACT = ["-fa", "off", "-ctk", "f32", "-ctv", "f32", "-t", "2"]

# What llama-perplexity calls a figure, and where it stands in our report; errors stand after "±".
ESTIMATES = {
    r"Mean PPL\(Q\)": ("perplexity", "standardError"),
    r"Mean PPL\(base\)": ("basePerplexity.value", "basePerplexity.standardError"),
    r"Cor\(ln\(PPL\(Q\)\), ln\(PPL\(base\)\)\)": ("correlationPercent", None),
    r"Mean ln\(PPL\(Q\)/PPL\(base\)\)": ("logPerplexityRatio.value", "logPerplexityRatio.standardError"),
    r"Mean PPL\(Q\)/PPL\(base\)": ("perplexityRatio.value", "perplexityRatio.standardError"),
    r"Mean PPL\(Q\)-PPL\(base\)": ("perplexityDifference.value", "perplexityDifference.standardError"),
    r"Mean    KLD": ("kld.mean", "kld.standardError"),
    r"Mean    Δp": ("deltaPercent.mean", "deltaPercent.standardError"),
    r"RMS Δp": ("rmsDeltaPercent", "rmsDeltaStandardError"),
    r"Same top p": ("sameTopPercent", "sameTopStandardError"),
}
PLACES = {
    "Maximum": "max", "99.9%": "p999", "99.0%": "p99", "95.0%": "p95", "90.0%": "p90", "75.0%": "p75",
    "Median": "median", "25.0%": "p25", "10.0%": "p10", " 5.0%": "p05", " 1.0%": "p01", " 0.1%": "p001",
    "Minimum": "min",
}
for printed, key in PLACES.items():
    ESTIMATES[rf"{re.escape(printed)} +KLD"] = (f"kld.{key}", None)
    ESTIMATES[rf"{re.escape(printed)} +Δp"] = (f"deltaPercent.{key}", None)


def run(*command):
    done = subprocess.run([str(word) for word in command], cwd=WORK, capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        sys.exit(f"compare-divergence: {' '.join(map(str, command))} ended with {done.returncode}\n{done.stderr[-2000:]}")
    return done.stdout + done.stderr


def statistics(*command):
    """What llama-perplexity prints at its end. Its log has a thread of its own, which the exit cuts off at times."""
    for _ in range(8):
        text = run(*command)
        if "Same top p:" in text:
            return text
    sys.exit(f"compare-divergence: {command[0]} prints no statistics")


def ours(*arguments):
    text = run(EDGEPIPE, "perplexity", *arguments, "--threads", 2, "--json", "--quiet")
    return json.loads(text)


def value(report, path):
    for key in path.split("."):
        report = report[key]
    return report


def compare(what, report, text):
    """Prints one line; returns whether all figures agree."""
    found, problems = 0, []
    for pattern, paths in ESTIMATES.items():
        match = re.search(rf"^{pattern} *: *(-?[\d.]+)%?(?: ± *([\d.]+))?", text, re.MULTILINE)
        if not match:
            continue
        for path, printed in zip(paths, match.groups()):
            if path is None:
                continue
            found += 1
            step = 10.0 ** -len(printed.partition(".")[2])
            # Quantiles of a sample hang on single tokens, whose last bits differ.
            slack = 1e-3 * max(1e-2, abs(float(printed)))
            if abs(value(report, path) - float(printed)) > step + slack:
                problems.append(f"{path} {value(report, path):.6f} against {printed}")
    is_equal = found >= 36 and not problems
    print(f"{'equal' if is_equal else 'DIFFERENT':9}  {what}: {found} figures  {'; '.join(problems)}", flush=True)
    return is_equal


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, default=8)
    parser.add_argument("--context", type=int, default=512)
    parser.add_argument("--types", default="Q8_0,Q4_K_M,Q4_0,Q2_K")
    arguments = parser.parse_args()
    folder = os.environ.get("LLAMA_CPP_BIN")
    if not folder or not EDGEPIPE.exists():
        sys.exit("compare-divergence: set LLAMA_CPP_BIN to the folder of llama-perplexity, and build first: make build")
    llama = pathlib.Path(folder).resolve() / "llama-perplexity"
    WORK.mkdir(parents=True, exist_ok=True)
    for kind in ["f16", "f32"]:
        run(EDGEPIPE, "convert", ROOT / "models/tiny-phi3", "-o", f"{kind}.gguf", "--type", kind, "--quiet")
    shared = ["--chunks", arguments.chunks]
    options = ["--text", TEXT, "--context", arguments.context, *shared]
    theirs = [llama, "-f", TEXT, "-c", arguments.context, *shared, *EXACT]
    ours("f32.gguf", *options, "--save-logits", "ours.base")
    run(*theirs, "-m", "f32.gguf", "--kl-divergence-base", "theirs.base")
    passed = True
    for kind in arguments.types.split(","):
        run(EDGEPIPE, "quantize", "f16.gguf", "-o", "small.gguf", "--type", kind, "--quiet")
        run(EDGEPIPE, "quantize", "small.gguf", "-o", "build.gguf", "--type", "f32", "--allow-requantize", "--quiet")
        printed = {
            base: statistics(*theirs, "-m", "build.gguf", "--kl-divergence", "--kl-divergence-base", f"{base}.base")
            for base in ["ours", "theirs"]
        }
        beside = ours("build.gguf", *options, "--base", "f32.gguf")
        passed &= compare(f"{kind}, both with llama-perplexity's base file",
                          ours("build.gguf", *shared, "--base-logits", "theirs.base"), printed["theirs"])
        passed &= compare(f"{kind}, both with edgepipe's base file",
                          ours("build.gguf", *shared, "--base-logits", "ours.base"), printed["ours"])
        passed &= compare(f"{kind}, edgepipe with both models side by side", beside, printed["theirs"])
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
