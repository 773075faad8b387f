#!/usr/bin/env python3
"""Compares what `fit --mmproj` says that a tower computes with to the buffer that llama.cpp prints when it loads the file.

Towers have their families' real widths, a few layers (places repeat from layer to layer) and random weights. Needs LLAMA_CPP (sources),
LLAMA_CPP_BUILD (its build folder, made with -DBUILD_SHARED_LIBS=OFF and the target mtmd), g++, torch, transformers and gguf.
Usage: scripts/compare-tower-memory.py [FAMILY ...]
"""
import argparse
import importlib.util
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

SCRIPTS = pathlib.Path(__file__).resolve().parent
EDGEPIPE = SCRIPTS.parent / ".build/release/edgepipe"
sys.path.insert(0, str(SCRIPTS))
import projector_families  # noqa: E402

specification = importlib.util.spec_from_file_location("compare_projectors", SCRIPTS / "compare-projectors.py")
compare_projectors = importlib.util.module_from_spec(specification)
specification.loader.exec_module(compare_projectors)

# Of the published models: width of the language model, and of the tower what differs from the small one.
WIDTHS = {
    "gemma3": (2560, dict(hidden_size=1152, intermediate_size=4304, num_attention_heads=16, image_size=896)),
    "smolvlm": (576, dict(hidden_size=768, intermediate_size=3072, num_attention_heads=12, image_size=512)),
    "lfm2-vl": (2048, dict(hidden_size=1152, intermediate_size=4304, num_attention_heads=16, num_patches=256)),
    "qwen2-vl": (1536, dict(embed_dim=1280, hidden_size=1536, num_heads=16, mlp_ratio=4, depth=4)),
    "qwen2.5-vl": (2048, dict(hidden_size=1280, intermediate_size=3420, num_heads=16, out_hidden_size=2048, depth=4)),
    "qwen3-vl": (
        2048,
        dict(hidden_size=1024, intermediate_size=4096, num_heads=16, out_hidden_size=2048, patch_size=16,
             num_position_embeddings=2304, depth=4),
    ),
    "gemma4": (
        1536,
        dict(hidden_size=768, intermediate_size=3072, num_attention_heads=12, num_key_value_heads=12, head_dim=64, patch_size=16),
    ),
}


def build_probe(folder):
    sources, build = (pathlib.Path(os.environ[name]) for name in ("LLAMA_CPP", "LLAMA_CPP_BUILD"))
    libraries = [
        "tools/mtmd/libmtmd.a", "common/libllama-common.a", "common/libllama-common-base.a", "src/libllama.a", "ggml/src/libggml.a",
        "ggml/src/libggml-cpu.a", "ggml/src/libggml-base.a",
    ]
    probe = folder / "probe"
    subprocess.run(
        ["g++", "-std=c++17", *(f"-I{sources / part}" for part in ("tools/mtmd", "include", "ggml/include")),
         SCRIPTS / "llama-tower-buffer.cpp", "-o", probe, *(build / name for name in libraries), "-lpthread", "-ldl", "-lgomp"],
        check=True,
    )
    return probe


def make(name, folder):
    width, vision = WIDTHS[name]
    family, settings, files = projector_families.FAMILIES[name]
    settings = {
        **settings,
        "vision_config": {**settings["vision_config"], **vision},
        "text_config": {**settings["text_config"], "hidden_size": width},
    }
    compare_projectors.FAMILIES[name] = (family, settings, files)
    compare_projectors.FORMS = {"5": "float32"}
    compare_projectors.make_checkpoint(name, folder)
    return folder / "5" / compare_projectors.CHECKPOINT


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("families", nargs="*", default=list(WIDTHS))
    options = parser.parse_args()
    print(f"{'family':12} {'edgepipe':>10} {'llama.cpp':>10} {'difference':>10}")
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        probe = build_probe(work)
        for name in options.families:
            checkpoint, file = make(name, work / name), work / f"{name}.gguf"
            subprocess.run([EDGEPIPE, "convert", checkpoint, "-o", file, "--mmproj", "--type", "f16", "--quiet"], check=True, stdout=subprocess.DEVNULL)
            said = subprocess.run([probe, file], check=True, capture_output=True, text=True)
            theirs = float(re.search(r"compute buffer size =\s+([\d.]+) MiB", said.stdout + said.stderr)[1])
            inspected = subprocess.run([EDGEPIPE, "inspect", file, "--json"], check=True, capture_output=True, text=True)
            ours = json.loads(inspected.stdout)["projector"]["computeBytes"] / (1 << 20)
            print(f"{name:12} {ours:9.2f}  {theirs:9.2f}  {100 * (ours / theirs - 1):+9.2f} %", flush=True)


main()
