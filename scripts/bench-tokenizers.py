#!/usr/bin/env python3
"""How fast edgepipe encodes text, side by side with llama.cpp and with the PyPI packages, on one core.

    LLAMA_CPP=/path/to/llama.cpp python scripts/bench-tokenizers.py [--text FILE] [--vocabulary 128000] [--kinds ...]

Trains a large vocabulary of each kind on the first half of the text and encodes the second. Without --text, 40 MB of
varied sentences are made from the words in texts/. What is measured is encoding alone: the time of the program with the
text less that with an empty one. Needs what fuzz-tokenizers.py needs.
"""

import argparse
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
EDGEPIPE = ROOT / ".build/release/edgepipe"
WORK = ROOT / ".build/bench-tokenizers"

sys.path.insert(0, str(ROOT / "scripts"))
import fuzz_kinds  # noqa: E402
from llama_tokens import build_llama  # noqa: E402


def made_text(count):
    """Sentences with the frequencies of English, and a new name or number now and then."""
    pick = random.Random(3)
    words = fuzz_kinds.corpus()
    syllables = ["ra", "mon", "tel", "bri", "sha", "kor", "ing", "est", "vol", "pha", "ner", "dis", "qui", "zor", "um", "th"]
    parts, size = [], 0
    while size < count:
        kind = pick.random()
        word = pick.choice(words)
        if kind < 0.06:
            word = "".join(pick.choice(syllables) for _ in range(pick.randint(1, 5)))
        elif kind < 0.08:
            word = str(pick.randint(0, 99999))
        parts.append(word + pick.choice([" "] * 14 + [".\n", ", "]))
        size += len(parts[-1])
    return "".join(parts)


def seconds(command, **options):
    best = None
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **options)
        taken = time.perf_counter() - start
        best = taken if best is None else min(best, taken)
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", type=pathlib.Path)
    parser.add_argument("--vocabulary", type=int, default=128_000)
    parser.add_argument("--kinds", default="llama-bpe,qwen2,gpt-4o,llama,gemma,unigram")
    parser.add_argument("--keep", action="store_true", help="reuse models that are there")
    arguments = parser.parse_args()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    os.environ["RAYON_NUM_THREADS"] = "1"
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    WORK.mkdir(parents=True, exist_ok=True)
    text = arguments.text.read_text(errors="replace") if arguments.text else made_text(40 << 20)
    half = text.rfind("\n", 0, len(text) // 2) + 1
    sample, empty = WORK / "sample.txt", WORK / "empty.txt"
    sample.write_text(text[half:])
    empty.write_text("")
    megabytes = sample.stat().st_size / 1e6
    lines = text[:half].splitlines(keepends=True)
    fuzz_kinds.training_lines = lambda words: iter(lines)
    program = build_llama(pathlib.Path(os.environ["LLAMA_CPP"]), WORK)
    print(f"{megabytes:.1f} MB of text, vocabularies of up to {arguments.vocabulary} tokens; MB a second")
    for name in arguments.kinds.split(","):
        kind = fuzz_kinds.KINDS[name]
        kind.vocabulary_count = arguments.vocabulary
        folder, model = WORK / name, WORK / f"{name}.gguf"
        if not (arguments.keep and model.exists()):
            shutil.rmtree(folder, ignore_errors=True)
            model.unlink(missing_ok=True)
            kind.make(folder, [])
            subprocess.run([EDGEPIPE, "convert", folder, "-o", model, "--type", "f16", "--quiet"], check=True)
        command = [EDGEPIPE, "tokenize", model, "--file"]
        load = seconds([*command, empty])
        ours = megabytes / (seconds([*command, sample]) - load)
        # llama.cpp's expressions overflow its stack on long texts, so both others get lines.
        texts = sample.read_text().splitlines(keepends=True)
        data = b"".join(struct.pack("<I", len(line.encode())) + line.encode() for line in texts)
        run = subprocess.run([program, model, "1", "0"], input=data, capture_output=True, check=True)
        llama = megabytes / float(run.stderr.split()[-1])
        encode = kind.package(folder)
        start = time.perf_counter()
        encode(texts)
        package = megabytes / (time.perf_counter() - start)
        print(f"{name:10} edgepipe {ours:6.1f}   llama.cpp {llama:6.2f}   package {package:6.2f}   loading {load:.2f} s", flush=True)


if __name__ == "__main__":
    main()
