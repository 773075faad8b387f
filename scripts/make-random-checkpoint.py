#!/usr/bin/env python3
"""Writes a checkpoint of random BF16 weights in the shapes of Phi-3, Llama or Mixtral, for measurements that need a
model's size and not its sense. Memory stays small whatever the size; the same preset and seed give the same bytes.

    scripts/make-random-checkpoint.py build/phi3-2gb --preset phi3-2gb
    scripts/make-random-checkpoint.py build/llama-323m --preset llama-323m --adapter build/llama-323m-lora
"""

import argparse
import json
import pathlib
import random
import shutil
import struct
import sys

# Name, which begins with the family: width, feed-forward width, layers, heads, vocabulary. The first two differ from Phi-3-mini (3072, 8192, 32, 32,
# 32064) in the number of layers and in width; row lengths stay multiples of 256, which every format takes.
PRESETS = {
    "phi3-2gb": (3072, 8192, 7, 32, 32064),
    "phi3-323m": (1024, 2816, 20, 16, 32064),
    "phi3-tiny": (256, 768, 2, 8, 3072),
    "llama-323m": (1024, 2816, 20, 16, 32064),
    "mixtral-323m": (1024, 704, 20, 16, 32064),
    "mixtral-tiny": (256, 512, 2, 8, 3072),
}
EXPERTS = 4
ADAPTER_RANK = 16
ARCHITECTURES = {"phi3": "Phi3ForCausalLM", "llama": "LlamaForCausalLM", "mixtral": "MixtralForCausalLM"}
SLAB_ELEMENTS = 1 << 20


def matrices(family, width, hidden):
    """A layer's matrices, names and shapes."""
    if family == "phi3":
        yield "self_attn.qkv_proj", (3 * width, width)
        yield "mlp.gate_up_proj", (2 * hidden, width)
        yield "mlp.down_proj", (width, hidden)
    else:
        for name in ["q_proj", "k_proj", "v_proj"]:
            yield f"self_attn.{name}", (width, width)
    yield "self_attn.o_proj", (width, width)
    if family == "llama":
        yield "mlp.gate_proj", (hidden, width)
        yield "mlp.up_proj", (hidden, width)
        yield "mlp.down_proj", (width, hidden)
    if family == "mixtral":
        yield "block_sparse_moe.gate", (EXPERTS, width)
        for expert in range(EXPERTS):
            for name, shape in [("w1", (hidden, width)), ("w2", (width, hidden)), ("w3", (hidden, width))]:
                yield f"block_sparse_moe.experts.{expert}.{name}", shape


def tensors(family, width, hidden, layers, vocabulary):
    """Names and shapes of the model's tensors."""
    yield "lm_head.weight", (vocabulary, width)
    yield "model.embed_tokens.weight", (vocabulary, width)
    for layer in range(layers):
        prefix = f"model.layers.{layer}."
        for name in ["input_layernorm", "post_attention_layernorm"]:
            yield f"{prefix}{name}.weight", (width,)
        for name, shape in matrices(family, width, hidden):
            yield f"{prefix}{name}.weight", shape
    yield "model.norm.weight", (width,)


def adapter_tensors(family, width, hidden, layers):
    """An update of every matrix in the layers."""
    for layer in range(layers):
        for name, (rows, columns) in matrices(family, width, hidden):
            module = f"base_model.model.model.layers.{layer}.{name}"
            yield f"{module}.lora_A.weight", (ADAPTER_RANK, columns)
            yield f"{module}.lora_B.weight", (rows, ADAPTER_RANK)


def count(shape):
    product = 1
    for dimension in shape:
        product *= dimension
    return product


def slab(generator):
    """Bytes of BF16 numbers whose exponents spread as those of trained weights do: mostly between 2^-9 and 2^-4."""
    raw = generator.randbytes(2 * SLAB_ELEMENTS)
    low = raw[0::2]  # seven bits of fraction, and the exponent's lowest bit on top
    # Sign, and the upper seven bits of exponents from 118 to 123.
    high = raw[1::2].translate(bytes((value & 0x80) | (59 + value % 3) for value in range(256)))
    mixed = bytearray(2 * SLAB_ELEMENTS)
    mixed[0::2] = low
    mixed[1::2] = high
    return bytes(mixed)


def write_weights(path, entries, seed):
    header = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in entries:
        size = 2 * count(shape)
        header[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    generator = random.Random(seed)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        remaining = end
        while remaining:
            piece = slab(generator)[:remaining]
            file.write(piece)
            remaining -= len(piece)
    return 8 + len(text) + end


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=pathlib.Path, help="the folder to write")
    parser.add_argument("--preset", choices=PRESETS, default="phi3-tiny")
    parser.add_argument("--adapter", type=pathlib.Path, help="also write a LoRA adapter for the model to this folder")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    width, hidden, layers, heads, vocabulary = PRESETS[arguments.preset]

    family = arguments.preset.split("-")[0]

    tiny = pathlib.Path(__file__).resolve().parent.parent / "models" / "tiny-phi3"
    config = json.loads((tiny / "config.json").read_text())
    config.update(
        architectures=[ARCHITECTURES[family]],
        model_type=family,
        hidden_size=width,
        intermediate_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        vocab_size=vocabulary,
        **({"num_local_experts": EXPERTS} if family == "mixtral" else {}),
    )
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    # The tokens that the tiny model's vocabulary lacks become padding.
    for name in ["tokenizer.model", "tokenizer_config.json", "added_tokens.json", "special_tokens_map.json"]:
        shutil.copyfile(tiny / name, arguments.output / name)
    entries = list(tensors(family, width, hidden, layers, vocabulary))
    size = write_weights(arguments.output / "model.safetensors", entries, arguments.seed)
    print(f"{arguments.output}: {size / 1e9:.2f} GB, {sum(count(s) for _, s in entries) / 1e6:.0f} M weights", file=sys.stderr)
    if arguments.adapter:
        arguments.adapter.mkdir(parents=True, exist_ok=True)
        settings = {"peft_type": "LORA", "r": ADAPTER_RANK, "lora_alpha": 2 * ADAPTER_RANK}
        (arguments.adapter / "adapter_config.json").write_text(json.dumps(settings) + "\n")
        updates = adapter_tensors(family, width, hidden, layers)
        write_weights(arguments.adapter / "adapter_model.safetensors", updates, arguments.seed + 1)


if __name__ == "__main__":
    main()
