#!/usr/bin/env python3
"""Runs edgepipe imatrix and llama-imatrix side by side and compares what they collect, write and read.

    LLAMA_CPP_BIN=/path/to/llama.cpp/build/bin scripts/compare-imatrix.py [MODEL.gguf] [--chunks 24] [--threads 2]

MODEL is models/tiny-phi3 as F16 where none is given. One line a check; the exit status is 1 where one fails:

* sums: every tensor's total, and every column, within 0.1 % of llama-imatrix's; the same tensors and counts
* files: builds that llama-quantize and edgepipe make with our matrix, and with theirs, in both forms, are equal
* merge: what each makes of our matrix and theirs is equal, and llama-imatrix's statistics of it are ours
* speed: the ratio of the times, ours and theirs in turns; above 1, edgepipe is faster

With --families instead: sums and counts on the seeded models of Tests/Goldens/perplexity, a line a family, in single
precision; `--goldens` also writes Tests/Goldens/imatrix. Needs the PyPI packages numpy and gguf.
"""

import argparse
import json
import math
import os
import pathlib
import re
import struct
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
EDGEPIPE = ROOT / ".build/release/edgepipe"
WORK = ROOT / ".build/compare-imatrix"
TOLERANCE = 1e-3
EXACT = ["-fa", "off", "-ctk", "f32", "-ctv", "f32"]
# Families with experts, of which the tests keep what llama-imatrix found.
KEPT = ["mixtral", "qwen2-moe", "lfm2-moe", "gpt-oss"]


def run(*command):
    done = subprocess.run([str(word) for word in command], cwd=WORK, capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        sys.exit(f"compare-imatrix: {' '.join(map(str, command))} ended with {done.returncode}\n{done.stderr[-2000:]}")
    return done.stdout + done.stderr


def tensors(path):
    """The tensors of an importance matrix in GGUF form, all of F32, as tuples of numbers."""
    report = json.loads(run(EDGEPIPE, "inspect", path, "--tensors", "--json"))
    data = (WORK / path).read_bytes()
    return {
        tensor["name"]: struct.unpack_from(f"<{tensor['bytes'] // 4}f", data, tensor["offset"])
        for tensor in report["tensors"]
    }


class Checks:
    def __init__(self, llama, arguments):
        self.llama = llama
        self.failed = 0
        self.options = ["--chunks", arguments.chunks, "--threads", arguments.threads]
        self.contexts = [["--context", 128], ["--ctx-size", 128]] if arguments.families else [[], []]

    def say(self, is_right, what):
        self.failed += not is_right
        print(f"{'equal' if is_right else 'DIFFERENT':9}  {what}", flush=True)

    def collect(self, *exact, forms=("gguf", "dat")):
        for form in forms:
            run(EDGEPIPE, "imatrix", "model.gguf", "--text", "text", "-o", f"ours.{form}", *self.options,
                *self.contexts[0], "--quiet")
            run(self.llama / "llama-imatrix", "-m", "model.gguf", "-f", "text", "-o", f"theirs.{form}", *self.options,
                *self.contexts[1], "--output-format", form, *exact)

    def families(self, writes_goldens, names):
        sys.path.insert(0, str(ROOT / "scripts"))
        import perplexity_goldens

        run(EDGEPIPE, "convert", ROOT / "models/tiny-phi3", "-o", "vocabulary.gguf", "--type", "f16", "--quiet")
        for path in sorted((ROOT / "Tests/Goldens/perplexity").glob("*.json")):
            if names and path.stem not in names.split(","):
                continue
            seeded = json.loads(path.read_text())
            (WORK / "model.gguf").unlink(missing_ok=True)
            perplexity_goldens.write_model(
                WORK / "model.gguf", WORK / "vocabulary.gguf", seeded["metadata"], seeded["tensors"]
            )
            print(path.stem)
            self.collect(*EXACT, forms=["gguf"])
            self.sums()
            if writes_goldens and path.stem in KEPT:
                self.write_golden(path.stem)

    @staticmethod
    def write_golden(name):
        """Counts and totals of each expert, as llama-imatrix found them."""
        theirs = tensors("theirs.gguf")
        golden = {}
        for tensor in sorted(name.removesuffix(".counts") for name in theirs if name.endswith(".counts")):
            counts, sums = theirs[f"{tensor}.counts"], theirs[f"{tensor}.in_sum2"]
            width = len(sums) // len(counts)
            totals = [float(f"{math.fsum(sums[at:at + width]):.7g}") for at in range(0, len(sums), width)]
            golden[tensor] = {"counts": [int(count) for count in counts], "totals": totals}
        lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in golden.items())
        path = ROOT / f"Tests/Goldens/imatrix/{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{{\n{lines}\n}}\n")

    def sums(self):
        ours, theirs = tensors("ours.gguf"), tensors("theirs.gguf")
        self.say(ours.keys() == theirs.keys(), f"names of {len(theirs)} tensors")
        names = [name for name in theirs if name in ours]
        counts = [name for name in names if name.endswith(".counts")]
        self.say(all(ours[name] == theirs[name] for name in counts), f"counts of {len(counts)} tensors")
        totals, columns = [0.0], [0.0]
        for name in names:
            if not name.endswith(".in_sum2"):
                continue
            totals.append(abs(math.fsum(ours[name]) / math.fsum(theirs[name]) - 1))
            # Columns that are nearly nothing beside the tensor's others have no digits to compare.
            least = 1e-6 * max(theirs[name])
            columns += [abs(a - b) / max(b, least) for a, b in zip(ours[name], theirs[name])]
        self.say(max(totals) <= TOLERANCE, f"totals of tensors, within {max(totals):.2e}")
        self.say(max(columns) <= TOLERANCE, f"{len(columns) - 1} columns, within {max(columns):.2e}")

    def files(self):
        for matrix in ["ours.gguf", "ours.dat", "theirs.gguf", "theirs.dat"]:
            for kind in ["Q4_K_M", "Q4_0", "IQ3_XXS", "IQ2_XXS"]:
                run(EDGEPIPE, "quantize", "model.gguf", "-o", "one", "--type", kind, "--imatrix", matrix, "--quiet")
                run(self.llama / "llama-quantize", "--imatrix", matrix, "model.gguf", "two", kind)
                is_equal = (WORK / "one").read_bytes() == (WORK / "two").read_bytes()
                self.say(is_equal, f"{kind} with {matrix}, by edgepipe and llama-quantize")

    def merges(self):
        for form in ["gguf", "dat"]:
            parts = [f"ours.{form}", "theirs.gguf"]
            run(EDGEPIPE, "imatrix", "--merge", *parts, "-o", "one.gguf", "--quiet")
            inputs = [word for part in parts for word in ("--in-file", part)]
            run(self.llama / "llama-imatrix", *inputs, "-m", "model.gguf", "-o", "two.gguf")
            is_equal = (WORK / "one.gguf").read_bytes() == (WORK / "two.gguf").read_bytes()
            self.say(is_equal, f"{' and '.join(parts)}, merged by edgepipe and llama-imatrix")

    def statistics(self):
        shown = json.loads(run(EDGEPIPE, "imatrix", "--show", "theirs.gguf", "--json"))["tensors"]
        ours = {(tensor["layer"], tensor["tensor"].split(".")[-2]): tensor for tensor in shown if "layer" in tensor}
        show = [self.llama / "llama-imatrix", "--show-statistics", "--in-file", "theirs.gguf", "-m", "model.gguf"]
        # Its log has a thread of its own, which the exit cuts off at times.
        text = next((text for text in (run(*show) for _ in range(20)) if "CosSim" in text.partition("=====")[2]), "")
        rows = re.findall(r"^.*?(\d+)\t(\w+) *\t(.*)$", text, re.MULTILINE)
        keys = ["sum", "min", "max", "mean", "standardDeviation", "activePercent", "elements", "entropy",
                "entropyPercent", "outlierPercent", "similarityToPreviousLayer"]
        worst = 0.0
        for layer, role, rest in rows:
            tensor = ours[int(layer), role]
            for key, printed in zip(keys, rest.split("\t")):
                digits = printed.strip(" %")
                step = 10.0 ** -len(digits.partition(".")[2]) if "." in digits else 1
                worst = max(worst, (abs(tensor.get(key, 0) - float(digits)) - step / 2) / max(1, abs(float(digits))))
        self.say(len(rows) == len(ours) > 0 and worst < 1e-4, f"statistics of {len(rows)} tensors, within {worst:.1e}")

    def speed(self, rounds):
        ours = [EDGEPIPE, "imatrix", WORK / "model.gguf", "--text", WORK / "text", "-o", WORK / "one.gguf"]
        theirs = [self.llama / "llama-imatrix", "-m", WORK / "model.gguf", "-f", WORK / "text", "-o", WORK / "two.gguf"]
        measure = [sys.executable, ROOT / "scripts/measure.py", "--rounds", rounds]
        lines = run(*measure, "ours", *ours, *self.options, "--", "theirs", *theirs, *self.options)
        seconds = {line.split("\t")[0]: float(line.split("\t")[1]) for line in lines.splitlines() if "\t" in line}
        ratio = seconds["theirs"] / seconds["ours"]
        print(f"speed      {seconds['ours']:.2f} s against {seconds['theirs']:.2f} s: {ratio:.2f}x", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", type=pathlib.Path)
    parser.add_argument("--chunks", type=int, default=24)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--families", action="store_true", help="the seeded model of every family instead")
    parser.add_argument("--only", help="with --families: of these, with commas between")
    parser.add_argument("--goldens", action="store_true", help="with --families: write what the tests keep")
    parser.add_argument("--rounds", type=int, default=3, help="of the comparison of speed; 0 for none")
    arguments = parser.parse_args()
    folder = os.environ.get("LLAMA_CPP_BIN")
    if not folder or not EDGEPIPE.exists():
        sys.exit("compare-imatrix: set LLAMA_CPP_BIN to the folder of llama-imatrix, and build first: make build")
    WORK.mkdir(parents=True, exist_ok=True)
    (WORK / "text").write_bytes((ROOT / "texts/calibration.txt").read_bytes())
    if arguments.families:
        arguments.chunks = 4
        checks = Checks(pathlib.Path(folder).resolve(), arguments)
        checks.families(arguments.goldens, arguments.only)
        sys.exit(1 if checks.failed else 0)
    model = WORK / "model.gguf"
    model.unlink(missing_ok=True)
    if arguments.model:
        model.symlink_to(arguments.model.resolve())
    else:
        run(EDGEPIPE, "convert", ROOT / "models/tiny-phi3", "-o", model, "--type", "f16", "--quiet")
    checks = Checks(pathlib.Path(folder).resolve(), arguments)
    checks.collect()
    checks.sums()
    checks.files()
    checks.merges()
    checks.statistics()
    if arguments.rounds:
        checks.speed(arguments.rounds)
    sys.exit(1 if checks.failed else 0)


if __name__ == "__main__":
    main()
