#!/usr/bin/env python3
"""Runs edgepipe convert --mmproj and convert_hf_to_gguf.py --mmproj side by side on small random checkpoints of every
family whose projector is converted, and compares what they write, byte by byte; then does the same with what edgepipe
quantize and llama-quantize make of the projector.

    LLAMA_CPP=/path/to/llama.cpp LLAMA_CPP_BIN=/path/to/bin python scripts/compare-projectors.py
    ... --families gemma3,qwen3-vl --types f16 --forms 5

Needs the PyPI packages torch and transformers. Each checkpoint is converted with its config.json in the form of
transformers 5 (BF16 weights), in that of transformers 4 (F16), and in the latter without what the class fills in by itself
(F32). One line a case: equal, refused by both, or DIFFERENT with the first difference, and then the exit status is 1.
llama-quantize stops at tensors of four dimensions, which Gemma 4's ear has, and edgepipe refuses them.

Tensors have the names of the published models, which transformers 5 does not save any more. Where the reference takes a
softplus, in Gemma 4's ear, the correctly rounded one is put in its place.
"""

import argparse
import contextlib
import copy
import json
import os
import pathlib
import runpy
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
EDGEPIPE = ROOT / ".build/release/edgepipe"
WORK = ROOT / ".build/compare-projectors"
GOLDENS = ROOT / "Tests/Goldens/projectors"
CHECKPOINT = "model-1.5-instruct"
FORMS = {"5": "bfloat16", "4": "float16", "4-short": "float32"}
KEPT = {"architectures", "model_type", "hidden_size", "torch_dtype"}
QUANTIZED = ["q8_0", "q4_0", "q4_k_m"]

sys.path.insert(0, str(ROOT / "scripts"))
from projector_families import FAMILIES, settings  # noqa: E402

first_difference = runpy.run_path(str(ROOT / "scripts/compare-conversion.py"), run_name="comparison")["first_difference"]


def published(name):
    """A tensor's name as the published models have it: SigLIP's tower is a module inside its holder."""
    for part in ["embeddings.", "encoder.layers.", "post_layernorm."]:
        if name.removeprefix("model.").startswith("vision_tower." + part):
            return name.replace("vision_tower.", "vision_tower.vision_model.", 1)
    return name


def older(config):
    """config.json as transformers 4 wrote it, as far as projectors read it."""
    config = copy.deepcopy(config)
    for part in [config, config.get("text_config") or {}, config.get("vision_config") or {}]:
        if "dtype" in part:
            part["torch_dtype"] = part.pop("dtype")
    return config


def shorter(config, defaults):
    """The configuration without what the class fills in by itself."""
    short = {key: value for key, value in config.items() if key in KEPT or value != defaults.get(key, ...)}
    for part in ["text_config", "vision_config", "audio_config"]:
        if isinstance(short.get(part), dict):
            short[part] = shorter(short[part], defaults.get(part) or {})
    return short


def make_checkpoint(name, folder):
    """Writes the folder of a family in all forms, `folder/form`."""
    import torch
    import transformers
    from safetensors.torch import load_file, save_file

    class_name, _, files = FAMILIES[name]
    folder.mkdir(parents=True)
    configuration = getattr(transformers, class_name)
    torch.manual_seed(sum(name.encode()))
    model = transformers.AutoModelForImageTextToText.from_config(configuration(**settings(name)))
    saved = folder / "saved"
    model.to(torch.float32).save_pretrained(saved)
    tensors = {
        (key if name.startswith("gemma4") else published(key)): torch.randn(tensor.shape) * 0.5 + 0.01
        for key, tensor in load_file(saved / "model.safetensors").items()
    }
    config = json.loads((saved / "config.json").read_text())
    for form, dtype in FORMS.items():
        path = folder / form / CHECKPOINT
        path.mkdir(parents=True)
        typed = {key: tensor.to(getattr(torch, dtype)).contiguous() for key, tensor in tensors.items()}
        save_file(typed, path / "model.safetensors", metadata={"format": "pt"})
        changed = {**config, "dtype": dtype}
        if form != "5":
            changed = older(changed)
        if form == "4-short":
            changed = shorter(changed, configuration().to_dict())
        (path / "config.json").write_text(json.dumps(changed, indent=2) + "\n")
        for file, content in files.items():
            (path / file).write_text(json.dumps(content, indent=2) + "\n")


def run_reference(llama_cpp, source, output, outtype):
    """Runs the reference in a child that shares this process's imports. -> an error's last line, or None."""
    log = output.with_suffix(".log")
    child = os.fork()
    if child == 0:
        with open(log, "w") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        status = 1
        try:
            import torch

            softplus = torch.nn.functional.softplus
            torch.nn.functional.softplus = lambda numbers: softplus(numbers.double()).to(numbers.dtype)
            sys.argv = ["convert_hf_to_gguf.py", str(source), "--outfile", str(output), "--outtype", outtype, "--mmproj"]
            with contextlib.suppress(SystemExit):
                runpy.run_path(str(llama_cpp / "convert_hf_to_gguf.py"), run_name="__main__")
            status = 0
        except BaseException as error:  # The child must never come back into the caller's loop.
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    _, status = os.waitpid(child, 0)
    return None if status == 0 and output.exists() else (log.read_text().splitlines() or ["no message"])[-1]


def verdict(refusal, ours, reference, run):
    """-> equal, or what is not."""
    if refusal is not None:
        return "refused by both" if run.returncode != 0 else f"REFUSED by the reference alone: {refusal}"
    if run.returncode != 0:
        return f"DIFFERENT refused: {run.stderr.strip().splitlines()[-1]}"
    return "equal" if ours.read_bytes() == reference.read_bytes() else f"DIFFERENT {first_difference(ours, reference)}"


def run_edgepipe(*arguments):
    return subprocess.run([EDGEPIPE, *arguments, "--quiet"], capture_output=True, text=True)


def convert(llama_cpp, folder, outtype):
    """-> the verdict."""
    source = folder / CHECKPOINT
    ours, reference = folder / f"ours-{outtype}.gguf", folder / f"reference-{outtype}.gguf"
    for path in [ours, reference]:
        path.unlink(missing_ok=True)
    refusal = run_reference(llama_cpp, source, reference, outtype)
    run = run_edgepipe("convert", source, "-o", ours, "--type", outtype, "--mmproj")
    return verdict(refusal, ours, reference, run)


def quantize(binaries, folder, kind):
    """-> the verdict on what both make of the reference's f16 file."""
    source = folder / "reference-f16.gguf"
    ours, reference = folder / f"ours-quantized-{kind}.gguf", folder / f"reference-quantized-{kind}.gguf"
    for path in [ours, reference]:
        path.unlink(missing_ok=True)
    other = subprocess.run([binaries / "llama-quantize", source, reference, kind, "2"], capture_output=True, text=True)
    refusal = None if other.returncode == 0 else f"llama-quantize ended with {other.returncode}"
    run = run_edgepipe("quantize", source, "-o", ours, "--type", kind)
    return verdict(refusal, ours, reference, run)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--families", default=",".join(FAMILIES))
    parser.add_argument("--types", default="f32,f16,bf16,q8_0")
    parser.add_argument("--forms", default=",".join(FORMS))
    parser.add_argument("--keep", action="store_true", help="reuse checkpoints that are there")
    parser.add_argument(
        "--goldens", metavar="REVISION", help="also write Tests/Goldens/projectors, naming llama.cpp's revision"
    )
    arguments = parser.parse_args()
    llama_cpp = pathlib.Path(os.environ["LLAMA_CPP"])
    binaries = os.environ.get("LLAMA_CPP_BIN")
    os.environ["HF_HUB_OFFLINE"] = "1"
    sys.path[:0] = [str(llama_cpp), str(llama_cpp / "gguf-py")]
    import torch
    import transformers
    from conversion_goldens import write_projector_golden

    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    differences = 0

    def say(name, form, kind, answer):
        nonlocal differences
        differences += answer not in ("equal", "refused by both")
        print(f"{name:16} {form:8} {kind:16} {answer}", flush=True)

    for name in arguments.families.split(","):
        if not (arguments.keep and (WORK / name).exists()):
            shutil.rmtree(WORK / name, ignore_errors=True)
            make_checkpoint(name, WORK / name)
        for form in arguments.forms.split(","):
            folder = WORK / name / form
            for outtype in arguments.types.split(","):
                say(name, form, outtype, convert(llama_cpp, folder, outtype))
            if (folder / "reference-f16.gguf").exists() and "f16" in arguments.types:
                if arguments.goldens and form == "5":
                    provenance = (
                        f"convert_hf_to_gguf.py --mmproj of llama.cpp {arguments.goldens}, "
                        f"transformers {transformers.__version__}"
                    )
                    write_projector_golden(folder / CHECKPOINT, folder / "reference-f16.gguf", GOLDENS, provenance)
                for kind in QUANTIZED if binaries else []:
                    say(name, form, f"f16 > {kind}", quantize(pathlib.Path(binaries), folder, kind))
    print(f"{differences} differences" if differences else "all equal")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
