#!/usr/bin/env python3
"""Runs edgepipe perplexity and generate against llama.cpp's programs on a small random model of every family.

    LLAMA_CPP=/path/to/llama.cpp python scripts/compare-perplexity.py
    ... --families gemma2,olmo3-yarn

Needs the PyPI packages torch, transformers and sentencepiece, and llama-perplexity and llama-completion in the folder
build/bin of LLAMA_CPP, or in LLAMA_CPP_BIN. Each model's F32 file is run by both in single precision: every running
perplexity must agree within 0.01 %, and 64 tokens of greedy text must be equal. On quantized files llama-perplexity runs
as it does by default, with activations of eight bits: within 0.3 %, and within 1 % for gpt-oss, where its own figure moves so far
when the same weights are given as F32. Experts that a checkpoint has in MXFP4 are such weights in the F32 file too: it is compared
as a quantized one ("packed"), and once more with those weights as F32. One line a case; the exit status is 1 where one is
further off.
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
EDGEPIPE = ROOT / ".build/release/edgepipe"
WORK = ROOT / ".build/compare-perplexity"
TEXT = ROOT / "texts/sample.txt"
CONTEXT, CHUNKS, GOLDEN_CHUNKS = 128, 40, 4
PROMPT = "It was the best of times, it was the worst of times, it was the age of"
sys.path.insert(0, str(ROOT / "scripts"))
conversion = importlib.import_module("compare-conversion")
import conversion_more_families  # noqa: E402
import conversion_state_families  # noqa: E402
import perplexity_goldens  # noqa: E402
from conversion_families import GEMMA4, LLAMA3_ROPE, LONG_FACTORS, YARN, some  # noqa: E402

EXACT = ["-fa", "off", "-ctk", "f32", "-ctv", "f32"]
# Contexts of the run go beyond these, so that windows and scalings show.
WINDOW, ORIGINAL = 32, 64
LONG = dict(max_position_embeddings=512, original_max_position_embeddings=ORIGINAL)
SPARSE = dict(num_experts=4, num_experts_per_tok=2, moe_intermediate_size=32)
# Name: configuration class, settings, tokenizer; beside those of compare-conversion.py.
VARIANTS = {
    "llama-linear": ("LlamaConfig", some(rope_parameters=dict(rope_type="linear", rope_theta=1e4, factor=4.0)), "sentencepiece"),
    "llama3-short": (
        "LlamaConfig",
        some(rope_parameters={**LLAMA3_ROPE, "original_max_position_embeddings": ORIGINAL}, tie_word_embeddings=True),
        "llama3",
    ),
    "qwen2-yarn-beyond": (
        "Qwen2Config",
        some(rope_parameters={**YARN, "rope_theta": 1e4, "original_max_position_embeddings": ORIGINAL}),
        "qwen2",
    ),
    "phi3-long-beyond": (
        "Phi3Config",
        some(rope_parameters={**LONG_FACTORS, "original_max_position_embeddings": ORIGINAL}, **LONG),
        "sentencepiece",
    ),
    "phi4-mini-beyond": (
        "Phi3Config",
        some(num_attention_heads=2, num_key_value_heads=1, sliding_window=262144, **LONG,
             rope_parameters={**LONG_FACTORS, "partial_rotary_factor": 0.5, "original_max_position_embeddings": ORIGINAL}),
        "sentencepiece",
    ),
    "phimoe-beyond": (
        "PhimoeConfig",
        some(num_local_experts=4, attention_bias=True, lm_head_bias=True, **LONG,
             rope_parameters={**LONG_FACTORS, "rope_theta": 10000.0, "original_max_position_embeddings": ORIGINAL,
                              "long_mscale": 1.25, "short_mscale": 1.25}),
        "sentencepiece",
    ),
    "gemma2-window": ("Gemma2Config", some(head_dim=32, sliding_window=WINDOW, num_hidden_layers=4), "sentencepiece"),
    "gemma3-window": ("Gemma3TextConfig", some(head_dim=32, sliding_window=WINDOW, num_hidden_layers=8), "sentencepiece"),
    "gemma4-window": ("Gemma4TextConfig", {**GEMMA4, "sliding_window": WINDOW}, "gemma4"),
    "olmo3-window": ("Olmo3Config", some(num_hidden_layers=4, sliding_window=WINDOW), "olmo2"),
    "olmo3-yarn": (
        "Olmo3Config",
        some(num_hidden_layers=4, sliding_window=WINDOW,
             rope_parameters={**YARN, "rope_theta": 1e4, "original_max_position_embeddings": ORIGINAL,
                              "attention_factor": 1.1386}),
        "olmo2",
    ),
    "qwen3-moe-two": ("Qwen3MoeConfig", some(head_dim=32, norm_topk_prob=True, **SPARSE), "qwen2"),
    "stablelm-headnorm": (
        "StableLmConfig", some(use_parallel_residual=True, qk_layernorm=True, partial_rotary_factor=0.5), "stablelm2",
    ),
    "lfm2-deep": (
        "Lfm2Config", some(num_hidden_layers=4, layer_types=["conv", "conv", "full_attention", "conv"]), "lfm2",
    ),
    **conversion_more_families.variants(some, WINDOW, ORIGINAL),
    **conversion_state_families.variants(some),
}
# Stored in another way; or, as Qwen3-MoE's configuration is, with more experts a token than there are; or with more tokens in
# the vocabulary than in the matrices, which the reference writes and its programs refuse.
LEFT_OUT = conversion.conversion_storage.NUMBERS + ("-fused", "-vision", "-nested", "qwen3-moe", "nemotron-h")


def soften(path, is_gemma, is_deep):
    """Rewrites the checkpoint's random weights so that they keep activations near one, as trained ones do. Through many layers of
    GELU, whose table has half precision, a last digit would grow: there, parts add little to the state."""
    import torch
    from safetensors.torch import load_file, save_file

    tensors = load_file(path)
    for name, tensor in tensors.items():
        if not tensor.is_floating_point():
            continue
        noise = (tensor.float() - 0.01) / 0.5
        if name.endswith("bias") or name.endswith("_proj.b"):
            tensors[name] = noise * 0.2
        elif tensor.dim() == 0:
            continue
        elif tensor.dim() == 1:
            is_less_one = is_gemma and not name.endswith("linear_attn.norm.weight")
            tensors[name] = noise * 0.2 + (0 if is_less_one else 1)
            if is_deep and (".post_" in name or "q_norm" in name):
                tensors[name] *= 0.3 if "q_norm" in name else 0.1
        elif name.endswith(("modality_router.weight", "_coefs.weight")):
            # What the router reads is divided by its width; and what it says must not make streams grow.
            tensors[name] = noise * (6 if "router" in name else 0.2)
        else:
            # Routers know what they want; else roundings choose the experts.
            is_router = name.endswith((".gate.weight", ".router.weight", ".router.proj.weight", ".router.layer.weight"))
            is_outside = any(part in name for part in ["embed", "lm_head", "wte", "wpe"])
            spread = 6 if is_router else 0.8 if is_outside else 1.5
            tensors[name] = noise * (spread / min(tensor.shape[-1], 96) ** 0.5)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path, metadata={"format": "pt"})
    assert all(torch.isfinite(tensor.float()).all() for tensor in tensors.values())


def make_model(name):
    """-> the family's F32 file, or a message."""
    folder = WORK / name
    shutil.rmtree(folder, ignore_errors=True)
    conversion.make_checkpoint(name, folder)
    source = folder / "4-short" / conversion.CHECKPOINT
    # The newer form of config.json goes with all weights.
    shutil.copyfile(folder / "5" / conversion.CHECKPOINT / "config.json", source / "config.json")
    soften(source / "model.safetensors", name.startswith(("gemma", "qwen35")) and not name.startswith(("gemma3n", "gemma4")),
           name.startswith("gemma3n"))
    output = folder / "f32.gguf"
    run = subprocess.run(
        [EDGEPIPE, "convert", source, "-o", output, "--type", "f32", "--quiet", *conversion.OWN_OPTIONS.get(name, [])],
        capture_output=True, text=True,
    )
    return output if run.returncode == 0 else run.stderr.strip().splitlines()[-1]


def ours(model):
    """-> all running perplexities, or a message."""
    run = subprocess.run(
        [EDGEPIPE, "perplexity", model, "--text", TEXT, "--context", str(CONTEXT), "--chunks", str(CHUNKS), "--threads", "1",
         "--json", "--quiet"],
        capture_output=True, text=True,
    )
    return json.loads(run.stdout)["runningPerplexity"] if run.returncode == 0 else run.stderr.strip()


def theirs(programs, model, *options, chunks=CHUNKS):
    command = [programs / "llama-perplexity", "-m", model, "-f", TEXT, "-c", str(CONTEXT), "-b", str(CONTEXT), "--chunks",
               str(chunks), "-t", "1", *options]
    # Now and then its output ends early, more often on a busy machine.
    for _ in range(8):
        run = subprocess.run(command, capture_output=True, text=True, errors="replace")
        values = [float(value) for value in re.findall(r"\[\d+\]([0-9.]+),", run.stdout)]
        if len(values) == chunks:
            return values
    return f"{len(values)} chunks of the reference"


def largest_difference(mine, reference):
    """-> in percent, and a message where there is nothing to compare."""
    for values in [mine, reference]:
        if isinstance(values, str):
            return float("inf"), values
    if len(mine) != len(reference):
        return float("inf"), f"{len(mine)} chunks for {len(reference)}"
    return max(abs(a / b - 1) * 100 for a, b in zip(mine, reference)), ""


def last(values):
    """The final value, or the message in its place."""
    return values if isinstance(values, str) else values[-1:]


def compare_text(programs, model):
    """-> whether 64 tokens of greedy text are equal, and how many characters are."""
    run = subprocess.run(
        [EDGEPIPE, "generate", model, "--prompt", PROMPT, "-n", "64", "--greedy", "--threads", "1", "--json", "--quiet"],
        capture_output=True,
    )
    if run.returncode != 0:
        return False, run.stderr.decode(errors="replace").strip()
    mine = plain(json.loads(run.stdout)["text"])
    found = []
    # Where two tokens are all but equal, the reference itself writes another text with other batches.
    for options in [[], ["-ub", "1"], ["-ub", "8"]]:
        reference = their_text(programs, model, *options)
        if mine == reference:
            return mine != "", " ".join([f"{len(mine)} characters", *options])
        found.append(next((i for i, (a, b) in enumerate(zip(mine, reference)) if a != b), min(len(mine), len(reference))))
    return False, f"{max(found)} of {len(mine)} characters"


def their_text(programs, model, *options):
    """-> 64 tokens of greedy text. Now and then its output ends early: what comes twice and is the longest counts."""
    texts = []
    for _ in range(8):
        texts.append(written(programs, model, *options))
        longest = max(texts, key=len)
        if texts.count(longest) > 1:
            break
    return longest


def written(programs, model, *options):
    run = subprocess.run(
        [programs / "llama-completion", "-m", model, "-p", PROMPT, "-n", "64", "--temp", "0", "-c", "256", "-t", "1",
         "-no-cnv", "--no-display-prompt", "--no-warmup", *EXACT, *options],
        capture_output=True, stdin=subprocess.DEVNULL,
    )
    text = run.stdout.removesuffix(b"\n\n").removesuffix(b" [end of text]\n")
    return plain(text.decode(errors="replace"))


def plain(text):
    """What is left of a text on any way through pipes: some end a piece at a zero, and replace invalid bytes one by one."""
    return re.sub("\ufffd+", "\ufffd", text.replace("\0", ""))


def write_golden(programs, name, base, changes, revision):
    """Measures a model of the same shape whose weights follow from a seed, and writes its golden."""
    from gguf import GGUFReader

    vocabulary = WORK / "vocabulary.gguf"
    if not vocabulary.exists():
        subprocess.run([EDGEPIPE, "convert", conversion.TINY, "-o", vocabulary, "--type", "f16", "--quiet"], check=True)
    tokens = len(GGUFReader(vocabulary).fields["tokenizer.ggml.tokens"].contents())
    metadata, tensors = perplexity_goldens.recipe(WORK / base / "f32.gguf", tokens, changes)
    model = WORK / name / "seeded.gguf"
    model.parent.mkdir(exist_ok=True)
    perplexity_goldens.write_model(model, vocabulary, metadata, tensors)
    texts = {their_text(programs, model, *options) for options in [[], ["-ub", "1"], ["-ub", "8"]]}
    running = theirs(programs, model, *EXACT, chunks=GOLDEN_CHUNKS)
    if isinstance(running, str):
        sys.exit(f"compare-perplexity: {name}: {running}")
    measured = {
        "context": CONTEXT,
        "running": running,
        "prompt": PROMPT,
        # None where the reference does not agree with itself.
        "greedy": texts.pop() if len(texts) == 1 else None,
    }
    perplexity_goldens.write_golden(
        ROOT / f"Tests/Goldens/perplexity/{name}.json", f"llama-perplexity and llama-completion of llama.cpp {revision}, "
        + " ".join(EXACT), metadata, tensors, measured,
    )


def main():
    conversion.FAMILIES.update(VARIANTS)
    names = [name for name in conversion.FAMILIES if not name.endswith(LEFT_OUT)]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--families", default=",".join(names))
    parser.add_argument("--types", default="q8_0,q4_0", help="of the quantized files")
    parser.add_argument(
        "--goldens", metavar="REVISION", help="also write Tests/Goldens/perplexity, naming llama.cpp's revision"
    )
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
    WORK.mkdir(parents=True, exist_ok=True)
    failures = 0

    def report(name, case, verdict, is_right):
        nonlocal failures
        failures += not is_right
        print(f"{name:20} {case:6} {'' if is_right else 'DIFFERENT '}{verdict}", flush=True)

    for name in arguments.families.split(","):
        model = WORK / name / "f32.gguf"
        if not (arguments.keep and model.exists()):
            model = make_model(name)
        if isinstance(model, str):
            report(name, "f32", model, False)
            continue
        bound = 1 if name.startswith("gpt-oss") else 0.3
        if name.endswith("-mxfp4"):
            packed = model.with_name("packed.gguf")
            if not packed.exists():
                model.rename(packed)
                subprocess.run(
                    [EDGEPIPE, "quantize", packed, "-o", model, "--type", "f32", "--allow-requantize", "--quiet"],
                    check=True, stdout=subprocess.DEVNULL,
                )
            difference, message = largest_difference(last(ours(packed)), last(theirs(programs, packed, *EXACT)))
            report(name, "packed", message or f"{difference:.4f} %", difference < bound)
        mine = ours(model)
        difference, message = largest_difference(
            mine, theirs(programs, model, *EXACT))
        figure = "" if isinstance(mine, str) else f" of {mine[-1]:.4f}"
        report(name, "f32", message or f"{difference:.5f} %{figure}", difference < 0.01)
        is_equal, verdict = compare_text(programs, model)
        report(name, "greedy", verdict, is_equal)
        for kind in filter(None, arguments.types.split(",")):
            quantized = model.with_name(f"{kind}.gguf")
            quantized.unlink(missing_ok=True)
            run = subprocess.run(
                [EDGEPIPE, "quantize", model, "-o", quantized, "--type", kind, "--quiet"], capture_output=True, text=True
            )
            if run.returncode != 0:
                report(name, kind, run.stderr.strip().splitlines()[-1], False)
                continue
            difference, message = largest_difference(last(ours(quantized)), last(theirs(programs, quantized)))
            report(name, kind, message or f"{difference:.4f} %", difference < bound)
        # In MXFP4 a model has no seed; its goldens are those of its family.
        if arguments.goldens and not name.endswith("-mxfp4"):
            write_golden(programs, name, name, perplexity_goldens.CHANGES.get(name, {}), arguments.goldens)
            for derived, (base, changes) in perplexity_goldens.DERIVED.items():
                if base == name:
                    write_golden(programs, derived, base, changes, arguments.goldens)
    print(f"{failures} differences" if failures else "all as they should be")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
