#!/usr/bin/env python3
"""Compares the vectors of edgepipe embed with those of llama-embedding, on a small random model of every embedding family.

    LLAMA_CPP=/path/to/llama.cpp python scripts/compare-embeddings.py
    ... --families qwen3-embedding --poolings mean,last

Needs what compare-perplexity.py needs, and llama-embedding beside its programs. Each model's F32 file embeds a few texts by either
program in single precision, with every way to pool: the least cosine of any two vectors must be at least 0.99999, and lengths must
agree likewise where they are not normalized. A reranker's scores must agree within 0.0001, or 0.001 with GELU, which the reference reads from a table in half precision. On
quantized files the reference rounds activations to eight bits, and 0.99 is asked. One line a case; the exit status is 1 where one is further off.
"""

import argparse
import importlib
import json
import os
import pathlib
import subprocess
import sys

import numpy

ROOT = pathlib.Path(__file__).resolve().parent.parent
EDGEPIPE = ROOT / ".build/release/edgepipe"
sys.path.insert(0, str(ROOT / "scripts"))
perplexity = importlib.import_module("compare-perplexity")
conversion = perplexity.conversion
goldens = perplexity.perplexity_goldens
GOLDENS = ROOT / "Tests/Goldens/embeddings"
# One is longer than any window of these models, and one is a token or two.
TEXTS = [
    "It was the best of times, it was the worst of times.",
    "Who is there?",
    "a",
    " ".join((ROOT / "texts/sample.txt").read_text().split()[:120]),
    "The quick brown fox jumps over the lazy dog. 12345 \u00fcber na\u00efve caf\u00e9",
]
PAIRS = [["What is a panda?", "A bear that eats bamboo."], ["Who wrote it?", "It was cold in winter."]]
FAMILIES = [
    "qwen3-embedding", "qwen2-both-ways", "qwen3-headless", "qwen3-reranker", "qwen3-untied-reranker", "llama3", "embeddinggemma",
    "dense-embeddinggemma",
    "bert", "bert-reranker-head", "nomic-bert", "xlm-roberta", "xlm-roberta-json", "xlm-roberta-reranker-head", "modern-bert",
    "modern-bert-reranker-head",
]
POOLINGS = ["none", "mean", "cls", "last"]


def ours(model, inputs, *options):
    """-> an array of rows for each input, or a message."""
    lines = "".join(json.dumps(text) + "\n" for text in inputs)
    run = subprocess.run(
        [EDGEPIPE, "embed", model, "--json-lines", "--threads", "1", "--quiet", *options], input=lines, capture_output=True, text=True
    )
    if run.returncode != 0:
        return run.stderr.strip()
    return [numpy.atleast_2d(numpy.array(json.loads(line), dtype=numpy.float64)) for line in run.stdout.splitlines()]


def theirs(programs, model, text, pooling, *options):
    """-> the rows of one text, or a message. Now and then the output ends early: what is whole, or comes twice, counts."""
    command = [programs / "llama-embedding", "-m", model, "-p", text, "--pooling", pooling, "--embd-separator", "<#none#>",
               "-c", "512", "-t", "1", "-fa", "off", "-ctk", "f32", "-ctv", "f32", "--no-warmup", *options]
    found = []
    for _ in range(80):
        run = subprocess.run(command, capture_output=True, text=True, errors="replace")
        try:
            if pooling == "rank":
                rows = [[float(part) for part in line.split()] for line in run.stdout.splitlines() if line.strip()]
            else:
                rows = json.loads(run.stdout)
        except ValueError:
            rows = None
        # An array that ends is whole.
        if rows and (pooling != "rank" or rows in found):
            return numpy.array(rows, dtype=numpy.float64)
        found.append(rows)
    return run.stderr.strip()[-200:]


def least_cosine(mine, reference):
    """-> of all rows of all texts, and a message where they cannot be compared."""
    if isinstance(mine, str):
        return -1, mine
    least = 1
    for rows, others in zip(mine, reference, strict=True):
        if isinstance(others, str):
            return -1, others
        if rows.shape != others.shape:
            return -1, f"{rows.shape} for {others.shape}"
        lengths = numpy.linalg.norm(rows, axis=1), numpy.linalg.norm(others, axis=1)
        least = min(least, ((rows * others).sum(axis=1) / (lengths[0] * lengths[1])).min())
        # Vectors that are not normalized must be as long.
        least = min(least, 1 - abs(lengths[0] / lengths[1] - 1).max() / 10)
    return least, ""


def make_model(name):
    conversion.FAMILIES.update(perplexity.VARIANTS)
    soften = perplexity.soften
    perplexity.soften = lambda path, is_gemma, is_deep: soften(path, is_gemma or name.endswith("embeddinggemma"), is_deep)
    made = perplexity.make_model(name)
    perplexity.soften = soften
    return made


def write_golden(programs, name, poolings, revision):
    """Embeds texts with a model of the same shape whose weights follow from a seed, and writes what the reference gave."""
    from gguf import GGUFReader

    vocabulary = perplexity.WORK / "vocabulary.gguf"
    if not vocabulary.exists():
        subprocess.run([EDGEPIPE, "convert", conversion.TINY, "-o", vocabulary, "--type", "f16", "--quiet"], check=True)
    tokens = len(GGUFReader(vocabulary).fields["tokenizer.ggml.tokens"].contents())
    changes = {"tokenizer.ggml.token_type_count": 2} if name in ("bert", "bert-reranker-head", "nomic-bert") else {}
    metadata, tensors = goldens.recipe(perplexity.WORK / name / "f32.gguf", tokens, changes)
    model = perplexity.WORK / name / "seeded.gguf"
    goldens.write_model(model, vocabulary, metadata, tensors)
    texts = [TEXTS[0], TEXTS[1], " ".join(TEXTS[3].split()[:40])]
    vectors = {}
    for pooling in poolings:
        found = [theirs(programs, model, text, pooling, "--embd-output-format", "array") for text in texts]
        bad = next((rows for rows in found if isinstance(rows, str)), None)
        if bad is not None:
            sys.exit(f"compare-embeddings: {name}: {bad}")
        vectors[pooling] = [[round(float(number), 7) for number in rows[0]] for rows in found]
    goldens.write_golden(
        GOLDENS / f"{name}.json", f"llama-embedding of llama.cpp {revision}, -fa off -ctk f32 -ctv f32", metadata, tensors,
        {"texts": texts, "vectors": vectors},
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--families", default=",".join(FAMILIES))
    parser.add_argument("--poolings", default=",".join(POOLINGS))
    parser.add_argument("--types", default="q8_0", help="of the quantized files")
    parser.add_argument("--goldens", metavar="REVISION", help="also write Tests/Goldens/embeddings, naming llama.cpp's revision")
    parser.add_argument("--keep", action="store_true", help="reuse models that are there")
    arguments = parser.parse_args()
    llama_cpp = pathlib.Path(os.environ["LLAMA_CPP"])
    programs = pathlib.Path(os.environ.get("LLAMA_CPP_BIN", llama_cpp / "build/bin"))
    os.environ["HF_HUB_OFFLINE"] = "1"
    sys.path[:0] = [str(llama_cpp), str(llama_cpp / "gguf-py")]
    import torch
    import transformers

    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    perplexity.WORK.mkdir(parents=True, exist_ok=True)
    failures = 0

    def report(name, case, verdict, is_right):
        nonlocal failures
        failures += not is_right
        print(f"{name:24} {case:14} {'' if is_right else 'DIFFERENT '}{verdict}", flush=True)

    def compare(name, model, case, bound):
        for pooling in arguments.poolings.split(","):
            raw = pooling in ("none", "mean")
            mine = ours(model, TEXTS, "--pooling", pooling, *(["--no-normalize"] if raw else []))
            options = ["--embd-output-format", "array", "--embd-normalize", "-1" if raw else "2"]
            reference = [theirs(programs, model, text, pooling, *options) for text in TEXTS]
            least, message = least_cosine(mine, reference)
            report(name, f"{case} {pooling}", message or f"{least:.7f}", least >= bound)
        if "reranker" in name:
            mine = ours(model, PAIRS, "--pooling", "rank")
            reference = [
                theirs(programs, model, "\t".join(pair), "rank", "--embd-output-format", "raw", "--embd-normalize", "-1")
                for pair in PAIRS
            ]
            bad = next((found for found in [mine, *reference] if isinstance(found, str)), None)
            bound = 0.05 if case != "f32" else 1e-4 if name.startswith("qwen") else 1e-3
            off = bad is None and max(abs(a - b).max() for a, b in zip(mine, reference, strict=True))
            report(name, f"{case} rank", bad or f"{off:.7f} off", bad is None and off < bound)

    for name in arguments.families.split(","):
        model = perplexity.WORK / name / "f32.gguf"
        if not (arguments.keep and model.exists()):
            model = make_model(name)
        if isinstance(model, str):
            report(name, "f32", model, False)
            continue
        compare(name, model, "f32", 0.99999)
        if arguments.goldens:
            write_golden(programs, name, [kind for kind in arguments.poolings.split(",") if kind != "none"], arguments.goldens)
        for kind in filter(None, arguments.types.split(",")):
            quantized = model.with_name(f"{kind}.gguf")
            quantized.unlink(missing_ok=True)
            run = subprocess.run(
                [EDGEPIPE, "quantize", model, "-o", quantized, "--type", kind, "--quiet"], capture_output=True, text=True
            )
            if run.returncode != 0:
                report(name, kind, run.stderr.strip().splitlines()[-1], False)
                continue
            compare(name, quantized, kind, 0.99)
    print(f"{failures} differences" if failures else "all as they should be")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
