#!/usr/bin/env python3
"""Fine-tunes a checkpoint in six ways, so that updates of real size can be measured.

    scripts/make-tunes.py CHECKPOINT TEXT OUT [--steps 20]

Writes to OUT, each a folder in Hugging Face form with the checkpoint's own element type:

    template        the chat template changed, no weight
    last-layer      the last layer trained
    lora-attention  LoRA of rank 8 on queries, keys, values and outputs, merged
    lora-all        LoRA of rank 8 on all matrices of the layers, merged
    full-1e-5       every weight trained at this rate
    full-1e-4       the same, ten times as fast

These are sizes of update, not good tunes: AdamW, some steps, windows of 256 tokens of TEXT. Needs torch, transformers, safetensors.
"""

import argparse
import json
import pathlib
import shutil

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj", "qkv_proj")
NETWORK = ("gate_proj", "up_proj", "down_proj", "gate_up_proj")


class LowRank(torch.nn.Module):
    """W + 2 B A in the place of a linear layer."""

    def __init__(self, linear, rank=8):
        super().__init__()
        self.linear = linear
        self.a = torch.nn.Parameter(torch.randn(rank, linear.in_features) / linear.in_features**0.5)
        self.b = torch.nn.Parameter(torch.zeros(linear.out_features, rank))

    def forward(self, x):
        return self.linear(x) + 2 * (x @ self.a.T) @ self.b.T

    def merged(self):
        self.linear.weight.data += 2 * self.b.data @ self.a.data
        return self.linear


def replace(model, names, make):
    """Puts what `make` gives in the place of every module whose name ends with one of these."""
    for path, module in list(model.named_modules()):
        if path.rsplit(".", 1)[-1] in names:
            parent, _, name = path.rpartition(".")
            setattr(model.get_submodule(parent), name, make(module))


def train(model, windows, rate, steps):
    wanted = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(wanted, lr=rate)
    for step in range(steps):
        batch = windows[step * 2 % (len(windows) - 1):][:2]
        loss = model(input_ids=batch, labels=batch).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return loss.item()


def tune(name, model, windows, steps):
    model.requires_grad_(False)
    if name == "last-layer":
        model.model.layers[-1].requires_grad_(True)
        return train(model, windows, 1e-4, steps)
    if name.startswith("lora"):
        targets = ATTENTION if name == "lora-attention" else ATTENTION + NETWORK
        replace(model, targets, LowRank)
        loss = train(model, windows, 2e-4, steps)
        replace(model, targets, LowRank.merged)
        return loss
    model.requires_grad_(True)
    return train(model, windows, float(name.removeprefix("full-")), steps)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=pathlib.Path)
    parser.add_argument("text", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--steps", type=int, default=20)
    options = parser.parse_args()
    torch.manual_seed(7)
    config = json.loads((options.checkpoint / "config.json").read_text())
    stored = getattr(torch, config.get("torch_dtype") or "bfloat16")
    tokenizer = AutoTokenizer.from_pretrained(options.checkpoint)
    ids = tokenizer(options.text.read_text(), return_tensors="pt").input_ids[0]
    windows = ids[: len(ids) // 256 * 256].view(-1, 256)

    def copy(name):
        folder = options.out / name
        shutil.copytree(options.checkpoint, folder, dirs_exist_ok=True)
        return folder

    settings = copy("template") / "tokenizer_config.json"
    said = json.loads(settings.read_text())
    said["chat_template"] = (said.get("chat_template") or "{{ messages }}") + "{# Answers are short. #}"
    settings.write_text(json.dumps(said))
    for name in ("last-layer", "lora-attention", "lora-all", "full-1e-5", "full-1e-4"):
        model = AutoModelForCausalLM.from_pretrained(options.checkpoint, dtype=torch.float32)
        loss = tune(name, model, windows, options.steps)
        folder = copy(name)
        for old in folder.glob("*.safetensors*"):
            old.unlink()
        # Only the weights: the program that is measured reads the checkpoint's own settings.
        model.to(stored).save_pretrained(options.out / "saved", max_shard_size="100GB")
        shutil.move(options.out / "saved" / "model.safetensors", folder / "model.safetensors")
        shutil.rmtree(options.out / "saved")
        print(f"{name}: loss {loss:.3f}", flush=True)


if __name__ == "__main__":
    main()
