#!/usr/bin/env python3
"""Encodes random texts with edgepipe and with llama.cpp, by every rule that splits texts into words.

    LLAMA_CPP=/path/to/llama.cpp python scripts/fuzz-pre-tokenizers.py [--count 20000] [--seed N] [--names deepseek-llm,youtu]

Trains one byte-level tokenizer on whole lines, whose tokens reach over spaces, digits and punctuation, so that each cut of a
rule shows; names one rule after the other in the file made of it, and compares token ids. Rules for merges over characters get
a vocabulary of characters. Every vocabulary that llama.cpp ships, WordPiece's among them, encodes random texts too, and the
texts beside it, whose ids are compared with those beside them; --vocabularies does nothing else. The exit status is 1 where two
differ. $LLAMA_CPP/build, or LLAMA_CPP_BIN, must hold libllama; needs the PyPI packages torch, transformers, tokenizers and gguf.
"""

import argparse
import importlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / ".build/fuzz-pre-tokenizers"
sys.path.insert(0, str(ROOT / "scripts"))
fuzz = importlib.import_module("fuzz-tokenizers")
from fuzz_kinds import FastKind, corpus, training_lines  # noqa: E402
from fuzz_texts import Texts  # noqa: E402
from llama_tokens import build_llama  # noqa: E402

# Rules for merges over raw UTF-8, and the model that a file with them names. llama.cpp ends in an error where a file of model
# `gpt2` names the rule `whitespace` and a text has two spaces in a row.
RAW = {"gemma4": "gpt2", "granite-embed-multi-311m": "gpt2", "sarvam-moe": "gpt2", "whitespace": "whitespace"}


class WholeLines(FastKind):
    vocabulary_count = 6000

    def train(self, words):
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=self.vocabulary_count, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
        )
        texts = Texts(5, words, [])
        lines = [line[:60] for line in training_lines(words)] + [texts.text()[:80] for _ in range(8000)]
        tokenizer.train_from_iterator(lines, trainer)
        return tokenizer


def write_characters(path, name, words):
    """Writes a vocabulary of characters and their merges, with bytes and runs of newlines."""
    from gguf import GGUFWriter
    from tokenizers import Tokenizer, models, trainers

    marked = (lambda text: text) if name == "whitespace" else (lambda text: text.replace(" ", "\u2581"))
    texts = Texts(6, words, [])
    lines = [marked(line[:60]) for line in training_lines(words)] + [marked(texts.text()[:80]) for _ in range(4000)]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.train_from_iterator(lines, trainers.BpeTrainer(vocab_size=5000, limit_alphabet=1500, show_progress=False))
    trained = json.loads(tokenizer.to_str())["model"]
    special = ["<pad>", "<s>", "</s>", "<|user|>", "<extra>"]
    tokens = special + [f"<0x{byte:02X}>" for byte in range(256)]
    found = [token for token in sorted(trained["vocab"], key=trained["vocab"].get) if token.isprintable() or token == "\n"]
    tokens = list(dict.fromkeys(tokens + ["\n", "\n\n", "\n\n\n"] + found))
    pairs = [pair if isinstance(pair, list) else pair.split(" ", 1) for pair in trained["merges"]]
    merges = [f"{left} {right}" for left, right in pairs if " " not in left + right and "\n" not in left + right]
    writer = GGUFWriter(path, "llama")
    writer.add_tokenizer_model(RAW[name])
    writer.add_tokenizer_pre(name)
    writer.add_token_list(tokens)
    writer.add_token_types([3 if text in special[:4] else 4 if text in special else 6 if text[:3] == "<0x" else 1 for text in tokens])
    writer.add_token_merges(merges)
    if name == "whitespace":
        writer.add_bool("tokenizer.ggml.normalizer.lowercase", True)
    for add, text in (writer.add_bos_token_id, "<s>"), (writer.add_eos_token_id, "</s>"), (writer.add_pad_token_id, "<pad>"):
        add(tokens.index(text))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def engine_names():
    """The names that a file may have, from the list that the converter checks."""
    source = (ROOT / "Sources/Conversion/Vocabularies/EnginePreTokenizers.swift").read_text()
    return re.search(r'= """(.*?)"""', source, re.S)[1].split()


def compare(name, arguments, program, words):
    """-> how many texts differ."""
    model = WORK / f"{name}.gguf"
    model.unlink(missing_ok=True)
    if name in RAW:
        write_characters(model, name, words)
    else:
        subprocess.run(
            [fuzz.EDGEPIPE, "convert", WORK / "lines", "-o", model, "--type", "f16", "--pre", name, "--quiet"],
            check=True,
        )
    wrong = compare_model(name, model, arguments, program, words)
    model.unlink()
    return wrong


def compare_model(name, model, arguments, program, words):
    """-> how many random texts differ."""
    texts, wrong = Texts(arguments.seed, words, ["<s>", "</s>", "<|user|>", "<extra>"]), 0
    batch = [texts.bytes() for _ in range(arguments.count)]
    for text, mine, reference in zip(batch, fuzz.edgepipe_ids(model, batch, True), fuzz.llama_ids(program, model, batch, True)):
        # llama.cpp ends in an error at numbers past U+10FFFF.
        if not isinstance(reference, str) and mine != reference:
            wrong += 1
            if wrong <= 3:
                print(f"  DIFFERENT {text!r}\n    edgepipe  {mine}\n    llama.cpp {reference}")
    print(f"{name:26} {len(batch)} random texts, {wrong} DIFFERENT", flush=True)
    return wrong


def compare_vocabularies(llama_cpp, arguments, program, words):
    """-> how many texts differ."""
    wrong = 0
    for model in sorted((llama_cpp / "models").glob("ggml-vocab-*.gguf")):
        wrong += compare_model(model.stem, model, arguments, program, words)
    for inputs in sorted((llama_cpp / "models").glob("ggml-vocab-*.gguf.inp")):
        model = inputs.with_suffix("")
        texts = inputs.read_bytes().split(b"\n__ggml_vocab_test__\n")
        expected = [[int(id) for id in line.split()] for line in inputs.with_suffix(".out").read_text().split("\n")[: len(texts)]]
        run = subprocess.run(
            [fuzz.EDGEPIPE, "tokenize", model, "--json-lines", "--no-bos"], capture_output=True, text=True,
            input="".join(str(list(text)) + "\n" for text in texts),
        )
        if run.returncode != 0:
            print(f"{model.stem:26} {run.stderr.strip().splitlines()[-1][:150]}")
            wrong += 1
            continue
        found = [[int(id) for id in re.findall(r"-?\d+", line)] for line in run.stdout.splitlines()]
        differing = [(text, a, b) for text, a, b in zip(texts, found, expected) if a != b]
        for text, mine, reference in differing[:3]:
            print(f"  DIFFERENT {text!r}\n    edgepipe  {mine}\n    expected  {reference}")
        print(f"{model.stem:26} {len(texts)} texts, {len(differing)} DIFFERENT", flush=True)
        wrong += len(differing)
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000, help="texts for each rule")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)))
    every = ",".join(engine_names())
    parser.add_argument("--names", default=every, help="rules, and no vocabularies then")
    parser.add_argument("--vocabularies", action="store_true", help="only those that llama.cpp ships")
    arguments = parser.parse_args()
    llama_cpp = pathlib.Path(os.environ["LLAMA_CPP"])
    print(f"seed {arguments.seed}, {arguments.count} texts for each rule")
    WORK.mkdir(parents=True, exist_ok=True)
    program = build_llama(llama_cpp, WORK)
    words = corpus()
    wrong = compare_vocabularies(llama_cpp, arguments, program, words) if arguments.vocabularies or arguments.names == every else 0
    if not arguments.vocabularies:
        shutil.rmtree(WORK / "lines", ignore_errors=True)
        WholeLines("llama").make(WORK / "lines", words)
        wrong += sum(compare(name, arguments, program, words) for name in arguments.names.split(","))
    print(f"{wrong} texts DIFFERENT" if wrong else "no differences from llama.cpp")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
