#!/usr/bin/env python3
"""Encodes random texts with edgepipe, with the PyPI packages `tokenizers` or `sentencepiece`, and with llama.cpp.

    LLAMA_CPP=/path/to/llama.cpp python scripts/fuzz-tokenizers.py [--count 20000] [--seed N] [--kinds gpt-2,gemma]

Trains a small tokenizer of every kind that the model families use, with their own rules, puts it into a small checkpoint,
converts that with edgepipe, and compares token ids. $LLAMA_CPP/build must hold libllama; needs the PyPI packages torch,
transformers, tokenizers and sentencepiece.

For every kind: how many texts the package encodes alike, and how many only llama.cpp does, which is what runs the model,
with the causes that docs/tokenizers.md tells. A text that edgepipe and llama.cpp encode differently is printed, as is one
that they encode otherwise than the package without a known cause; then the exit status is 1.
"""

import argparse
import collections
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
EDGEPIPE = ROOT / ".build/release/edgepipe"
WORK = ROOT / ".build/fuzz-tokenizers"

sys.path.insert(0, str(ROOT / "scripts"))
from fuzz_kinds import KINDS, corpus, newer_characters  # noqa: E402
from fuzz_texts import Texts  # noqa: E402
from llama_tokens import build_llama  # noqa: E402


def edgepipe_ids(model, texts, parse_special):
    """-> for each text its ids, with BOS and EOS where the file asks for them; one line for all where that failed."""
    lines = "".join(json.dumps(list(text)) + "\n" for text in texts)
    flags = ["--parse-special"] if parse_special else []
    run = subprocess.run([EDGEPIPE, "tokenize", model, "--json-lines", *flags], input=lines.encode(), capture_output=True)
    if run.returncode != 0:
        sys.exit(f"edgepipe tokenize ended with {run.returncode}: {run.stderr.decode()}")
    return [json.loads(line) for line in run.stdout.splitlines()]


def llama_ids(program, model, texts, parse_special):
    data = b"".join(struct.pack("<I", len(text)) + text for text in texts)
    run = subprocess.run([program, model, "1", "1" if parse_special else "0"], input=data, capture_output=True, check=True)
    return [line if line[:5] == "error" else [int(id) for id in line.split()] for line in run.stdout.decode().split("\n")][:-1]


def compare(name, texts, model, program, package_ids, parse_special, causes):
    """-> the number of texts on which edgepipe and llama.cpp differ, or both from the package without a known cause."""
    ours = edgepipe_ids(model, texts, parse_special)
    llama = llama_ids(program, model, texts, parse_special)
    counts = {"package": 0, "bytes": 0, "wrong": 0}
    differing = []
    strings = {text: text.decode(errors="replace") for text in texts}
    theirs = dict(zip(strings.values(), package_ids(list(strings.values())))) if package_ids else {}
    for text, mine, reference in zip(texts, ours, llama):
        string = strings[text]
        is_text = text == string.encode()
        if mine != reference:
            counts["wrong"] += 1
            if counts["wrong"] <= 3:
                print(f"  DIFFERENT {text!r}\n    edgepipe  {mine}\n    llama.cpp {reference}\n    package   {theirs.get(string)}")
        elif package_ids and is_text and mine != theirs[string]:
            differing.append((string, mine))
        else:
            counts["package" if package_ids and is_text else "bytes"] += 1
    explained = collections.Counter()
    for string, mine in sorted(differing, key=lambda pair: len(pair[0])):
        cause = next((cause for cause, applies in causes.items() if applies(string, mine, theirs[string])), "UNEXPLAINED")
        explained[cause] += 1
        if cause == "UNEXPLAINED" and explained[cause] <= 3:
            print(f"  UNEXPLAINED {string!r}\n    llama.cpp {mine}\n    package   {theirs[string]}")
    mode = "special tokens parsed" if parse_special else "plain"
    why = f" ({', '.join(f'{count} {cause}' for cause, count in explained.items())})" if explained else ""
    compared = f"{counts['package']} like the package, {len(differing)} only like llama.cpp{why}, " if package_ids else ""
    others = "not UTF-8 and like llama.cpp" if package_ids else "like llama.cpp"
    print(f"{name:10} {mode:21} {compared}{counts['bytes']} {others}, {counts['wrong']} DIFFERENT", flush=True)
    return counts["wrong"] + explained["UNEXPLAINED"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000, help="texts for each kind, half of them with special tokens")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)))
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--keep", action="store_true", help="reuse models that are there")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}, {arguments.count} texts for each kind")
    WORK.mkdir(parents=True, exist_ok=True)
    program = build_llama(pathlib.Path(os.environ["LLAMA_CPP"]), WORK)
    words = corpus()
    newer = newer_characters(pathlib.Path(os.environ["LLAMA_CPP"]))
    letters = {
        "newer character": lambda text, *_: not newer.isdisjoint(text),
        "long s": lambda text, *_: "'ſ" in text,
    }
    wrong = 0
    for name in arguments.kinds.split(","):
        kind = KINDS[name]
        folder, model = WORK / name, WORK / f"{name}.gguf"
        if not (arguments.keep and model.exists()):
            shutil.rmtree(folder, ignore_errors=True)
            model.unlink(missing_ok=True)
            kind.make(folder, words)
            subprocess.run([EDGEPIPE, "convert", folder, "-o", model, "--type", "f16", "--quiet"], check=True)
        plain = Texts(arguments.seed, words, [])
        with_special = Texts(arguments.seed + 1, words, kind.special)
        for source, parse_special in [(plain, False), (with_special, True)]:
            texts = [source.bytes() for _ in range(arguments.count // 2)]
            # What is no UTF-8 is compared with the packages, which take strings only, with U+FFFD in place of it.
            texts += [readable for text in texts if (readable := text.decode(errors="replace").encode()) != text]
            package_ids = kind.package(folder) if not parse_special or kind.encodes_special else None
            wrong += compare(name, texts, model, program, package_ids, parse_special, {**(letters if kind.asks_for_letters else {}), **kind.causes})
    print(f"{wrong} texts DIFFERENT or UNEXPLAINED" if wrong else "no differences from llama.cpp, none without a cause")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
