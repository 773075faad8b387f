#!/usr/bin/env python3
"""Writes a checkpoint of random BF16 weights in the shapes of Phi-3, for measurements that need a model's size and not
its sense. Memory stays small whatever the size; the same preset and seed give the same bytes.

    scripts/make-random-checkpoint.py build/phi3-2gb --preset phi3-2gb
"""

import argparse
import json
import pathlib
import random
import shutil
import struct
import sys

# Name: width, feed-forward width, layers, heads, vocabulary. The first two differ from Phi-3-mini (3072, 8192, 32, 32,
# 32064) in the number of layers and in width; row lengths stay multiples of 256, which every format takes.
PRESETS = {
    "phi3-2gb": (3072, 8192, 7, 32, 32064),
    "phi3-323m": (1024, 2816, 20, 16, 32064),
    "tiny": (256, 768, 2, 8, 3072),
}
SLAB_ELEMENTS = 1 << 20


def tensors(width, hidden, layers, vocabulary):
    """Names and shapes in the order in which save_pretrained writes them."""
    yield "lm_head.weight", (vocabulary, width)
    yield "model.embed_tokens.weight", (vocabulary, width)
    for layer in range(layers):
        prefix = f"model.layers.{layer}."
        yield prefix + "input_layernorm.weight", (width,)
        yield prefix + "mlp.down_proj.weight", (width, hidden)
        yield prefix + "mlp.gate_up_proj.weight", (2 * hidden, width)
        yield prefix + "post_attention_layernorm.weight", (width,)
        yield prefix + "self_attn.o_proj.weight", (width, width)
        yield prefix + "self_attn.qkv_proj.weight", (3 * width, width)
    yield "model.norm.weight", (width,)


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
    parser.add_argument("--preset", choices=PRESETS, default="tiny")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    width, hidden, layers, heads, vocabulary = PRESETS[arguments.preset]

    tiny = pathlib.Path(__file__).resolve().parent.parent / "models" / "tiny-phi3"
    config = json.loads((tiny / "config.json").read_text())
    config.update(
        hidden_size=width,
        intermediate_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        vocab_size=vocabulary,
    )
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    # The tokens that the tiny model's vocabulary lacks become padding.
    for name in ["tokenizer.model", "tokenizer_config.json", "added_tokens.json", "special_tokens_map.json"]:
        shutil.copyfile(tiny / name, arguments.output / name)
    entries = list(tensors(width, hidden, layers, vocabulary))
    size = write_weights(arguments.output / "model.safetensors", entries, arguments.seed)
    print(f"{arguments.output}: {size / 1e9:.2f} GB, {sum(count(s) for _, s in entries) / 1e6:.0f} M weights", file=sys.stderr)


if __name__ == "__main__":
    main()
