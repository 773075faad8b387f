#!/usr/bin/env python3
"""Compares what edgepipe convert makes of LoRA adapters with PEFT and with convert_lora_to_gguf.py, on small random models.

    LLAMA_CPP=/path/to/llama.cpp [LLAMA_CPP_BIN=/path/to/llama.cpp/build/bin] python scripts/compare-lora.py

Needs the PyPI packages torch, transformers, peft and sentencepiece. --lora is held against PEFT's merge_and_unload, in
single precision and in BF16: each weight may differ by a rounding. --lora-only is held against convert_lora_to_gguf.py
byte by byte. Merging into a GGUF file of F32 must give the folder's bytes; into one of F16, with LLAMA_CPP_BIN, what
llama-export-lora does but for a rounding. One line a case; the exit status is 1 where one differs.
"""

import importlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
EDGEPIPE = ROOT / ".build/release/edgepipe"
WORK = ROOT / ".build/compare-lora"
sys.path.insert(0, str(ROOT / "scripts"))
conversion = importlib.import_module("compare-conversion")

# Family, case, settings of PEFT's LoraConfig, and whether the reference can write the adapter by itself.
ALL = "all-linear"
CASES = [
    ("llama", "plain", dict(target_modules=ALL), True),
    ("llama", "some", dict(target_modules=["q_proj", "v_proj"], r=4, lora_alpha=32), True),
    ("llama", "root", dict(target_modules=["k_proj"], use_rslora=True), False),
    ("llama", "magnitudes", dict(target_modules=["q_proj", "down_proj"], use_dora=True), False),
    ("llama", "patterns", dict(target_modules=["q_proj", "up_proj"], rank_pattern={"up_proj": 3},
                                alpha_pattern={r"layers\.0\.self_attn\.q_proj": 7}), False),
    ("llama", "embeddings", dict(target_modules=["embed_tokens", "o_proj"]), True),
    ("llama", "saved", dict(target_modules=["o_proj"], modules_to_save=["lm_head"]), False),
    ("phi3", "plain", dict(target_modules=ALL), True),
    ("qwen2", "plain", dict(target_modules=ALL), True),
    ("gemma2", "plain", dict(target_modules=ALL), True),
    ("gpt2", "plain", dict(target_modules=["c_attn", "c_fc"], fan_in_fan_out=True), False),
]


def make_adapter(base, folder, settings, dtype):
    """Saves a random adapter, and the model that PEFT merges it into."""
    import peft
    import torch
    import transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(base, dtype=dtype)
    config = peft.LoraConfig(**{"r": 8, "lora_alpha": 16, **settings})
    tuned = peft.get_peft_model(model, config)
    torch.manual_seed(7)
    with torch.no_grad():
        for name, parameter in tuned.named_parameters():
            if "lora_" in name:
                parameter.copy_(torch.randn(parameter.shape) * 0.2 + (1 if "magnitude" in name else 0))
            elif "modules_to_save" in name:
                parameter.copy_(torch.randn(parameter.shape))
    tuned.save_pretrained(folder, save_embedding_layers=False)
    card = folder / "README.md"
    card.write_text(card.read_text().replace(str(base), "example/some-model"))
    merged = tuned.merge_and_unload()
    target = folder.parent / "merged" / base.name
    merged.save_pretrained(target)
    for file in base.iterdir():
        if not file.name.endswith(".safetensors") and not (target / file.name).exists():
            shutil.copyfile(file, target / file.name)
    # The class may have written settings of its own.
    shutil.copyfile(base / "config.json", target / "config.json")
    return target


def convert(*arguments):
    run = subprocess.run([EDGEPIPE, "convert", *map(str, arguments), "--quiet"], capture_output=True, text=True)
    return None if run.returncode == 0 else run.stderr.strip().splitlines()[-1]


def largest_difference(ours, reference):
    """The largest difference of a weight, in steps of BF16 at the larger of the tensor's values around it."""
    import numpy
    from gguf import GGUFReader

    mine, theirs = GGUFReader(ours), GGUFReader(reference)
    if [t.name for t in mine.tensors] != [t.name for t in theirs.tensors]:
        return float("inf")
    largest = 0
    for a, b in zip(mine.tensors, theirs.tensors):
        x, y = a.data.astype(numpy.float64), b.data.astype(numpy.float64)
        size = numpy.maximum(numpy.maximum(abs(x), abs(y)), 2.0**-6)
        largest = max(largest, float((abs(x - y) / 2.0 ** (numpy.floor(numpy.log2(size)) - 7)).max()))
    return largest


def export(base, adapter, output):
    """What llama-export-lora makes of two GGUF files."""
    program = pathlib.Path(os.environ["LLAMA_CPP_BIN"]) / "llama-export-lora"
    run = subprocess.run([program, "-m", base, "--lora", adapter, "-o", output], capture_output=True, text=True)
    return None if run.returncode == 0 else (run.stderr.strip().splitlines() or ["no message"])[-1]


def largest_half_difference(ours, reference):
    """The largest difference of a weight in steps of F16."""
    import numpy
    from gguf import GGUFReader

    mine = {t.name: t for t in GGUFReader(ours).tensors}
    theirs = {t.name: t for t in GGUFReader(reference).tensors}
    if mine.keys() != theirs.keys():
        return float("inf")
    largest = 0
    for name, a in mine.items():
        x, y = a.data.astype(numpy.float64), theirs[name].data.astype(numpy.float64)
        size = numpy.maximum(numpy.maximum(abs(x), abs(y)), 2.0**-14)
        largest = max(largest, float((abs(x - y) / 2.0 ** (numpy.floor(numpy.log2(size)) - 10)).max()))
    return largest


def run_reference(llama_cpp, adapter, base, output, outtype):
    command = [sys.executable, llama_cpp / "convert_lora_to_gguf.py", "--base", base, "--outfile", output, "--outtype", outtype]
    run = subprocess.run([*map(str, command), str(adapter)], capture_output=True, text=True)
    return None if run.returncode == 0 else (run.stderr.strip().splitlines() or ["no message"])[-1]


def main():
    llama_cpp = pathlib.Path(os.environ["LLAMA_CPP"])
    os.environ["HF_HUB_OFFLINE"] = "1"
    sys.path.insert(0, str(llama_cpp / "gguf-py"))
    import torch
    import transformers

    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    shutil.rmtree(WORK, ignore_errors=True)
    failures = 0

    def report(name, verdict, is_right):
        nonlocal failures
        failures += not is_right
        print(f"{name:40} {verdict}", flush=True)

    for family, case, settings, has_reference in CASES:
        if not (WORK / family).exists():
            conversion.make_checkpoint(family, WORK / family)
            # The newer form of config.json goes with all weights.
            newer = WORK / family / "5" / conversion.CHECKPOINT / "config.json"
            shutil.copyfile(newer, WORK / family / "4-short" / conversion.CHECKPOINT / "config.json")
        for form, dtype in [("4-short", torch.float32), ("5", torch.bfloat16)]:
            base = WORK / family / form / conversion.CHECKPOINT
            adapter = WORK / f"{family}-{case}" / form / "some-lora"
            merged = make_adapter(base, adapter, settings, dtype)
            name = f"{family} {case} {str(dtype)[6:]}"
            ours, theirs = adapter.parent / "ours.gguf", adapter.parent / "theirs.gguf"
            problem = convert(base, "-o", ours, "--type", "f32", "--lora", adapter) or convert(
                merged, "-o", theirs, "--type", "f32"
            )
            steps = problem or largest_difference(ours, theirs)
            # PEFT adds to embeddings in BF16 what it multiplied in BF16: sums of opposites keep few digits.
            limit = 0.01 if dtype == torch.float32 else 40 if case == "embeddings" else 1.01
            report(name, f"merged: {steps if problem else f'{steps:.4f} steps of BF16'}", not problem and steps <= limit)
            file, from_file = adapter.parent / "base-f32.gguf", adapter.parent / "from-file.gguf"
            problem = convert(base, "-o", file, "--type", "f32") or convert(file, "-o", from_file, "--lora", adapter)
            equal = not problem and ours.read_bytes() == from_file.read_bytes()
            verdict = problem or ("equal" if equal else f"DIFFERENT {conversion.first_difference(ours, from_file)}")
            report(name, f"into a file: {verdict}", equal)
        for outtype in ["f32", "f16"] if has_reference else []:
            ours, theirs = adapter.parent / f"adapter-{outtype}.gguf", adapter.parent / f"reference-{outtype}.gguf"
            problem = run_reference(llama_cpp, adapter, base, theirs, outtype) or convert(
                base, "-o", ours, "--type", outtype, "--lora", adapter, "--lora-only"
            )
            equal = not problem and ours.read_bytes() == theirs.read_bytes()
            verdict = problem or ("equal" if equal else f"DIFFERENT {conversion.first_difference(ours, theirs)}")
            report(f"{family} {case} {outtype}", f"alone: {verdict}", equal)
            if "LLAMA_CPP_BIN" not in os.environ:
                continue
            base_file, exported = adapter.parent / "base-f16.gguf", adapter.parent / f"exported-{outtype}.gguf"
            # An adapter in half precision is another one than the folder's.
            for kind, given in [("file", theirs)] + [("folder", adapter)] * (outtype == "f32"):
                merged_file = adapter.parent / f"merged-{kind}-{outtype}.gguf"
                problem = (
                    convert(base, "-o", base_file, "--type", "f16")
                    or convert(base_file, "-o", merged_file, "--lora", given)
                    or export(base_file, theirs, exported)
                )
                steps = problem or largest_half_difference(merged_file, exported)
                name = f"{family} {case} {outtype} from its {kind}"
                report(name, f"exported: {problem or f'{steps:.4f} steps of F16'}", not problem and steps <= 1.01)
    print(f"{failures} differences" if failures else "all as they should be")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
