#!/usr/bin/env python3
"""Writes a GGUF file of any size in Llama's form whose matrices hold noise in F16: for measuring what takes large files.

    scripts/make-large-gguf.py build/large.gguf --gigabytes 2
"""

import argparse
import os
import random
import struct

# GGUF's numbers for types of values and of tensors.
U32, I32, FLOAT, STRING, ARRAY = 4, 5, 6, 8, 9
F32, F16 = 0, 1
ALIGNMENT = 32
ROWS, COLUMNS = 4096, 4096
MATRICES = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")


def text(value):
    encoded = value.encode()
    return struct.pack("<Q", len(encoded)) + encoded


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output")
    parser.add_argument("--gigabytes", type=float, default=2)
    arguments = parser.parse_args()
    tensor_bytes = ROWS * COLUMNS * 2
    count = max(1, round(arguments.gigabytes * 1e9 / tensor_bytes))
    layers = max(1, (count - 1) // len(MATRICES))
    numbers = {
        "llama.block_count": layers, "llama.embedding_length": COLUMNS, "llama.attention.head_count": 32,
        "llama.context_length": 4096, "llama.feed_forward_length": ROWS,
    }
    # Names, types, shapes: matrices of noise, and norms of ones.
    tensors = [("token_embd.weight", F16, (COLUMNS, ROWS)), ("output_norm.weight", F32, (COLUMNS,))]
    for layer in range(layers):
        tensors += [(f"blk.{layer}.{name}_norm.weight", F32, (COLUMNS,)) for name in ("attn", "ffn")]
        tensors += [(f"blk.{layer}.{name}.weight", F16, (COLUMNS, ROWS)) for name in MATRICES]
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(numbers) + 6)
    head += text("general.architecture") + struct.pack("<I", STRING) + text("llama")
    for key, value in numbers.items():
        head += text(key) + struct.pack("<II", U32, value)
    head += text("llama.attention.layer_norm_rms_epsilon") + struct.pack("<If", FLOAT, 1e-5)
    head += text("tokenizer.ggml.model") + struct.pack("<I", STRING) + text("llama")
    tokens = [f"token {index}" for index in range(ROWS)]
    head += text("tokenizer.ggml.tokens") + struct.pack("<IIQ", ARRAY, STRING, ROWS) + b"".join(map(text, tokens))
    head += text("tokenizer.ggml.scores") + struct.pack("<IIQ", ARRAY, FLOAT, ROWS) + bytes(4 * ROWS)
    head += text("tokenizer.ggml.token_type") + struct.pack("<IIQ", ARRAY, I32, ROWS) + struct.pack("<i", 1) * ROWS
    place = 0
    for name, kind, shape in tensors:
        head += text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, place)
        place += tensor_bytes if kind == F16 else 4 * COLUMNS
    head += bytes(-len(head) % ALIGNMENT)
    # The exponents of weights say little: of each number's second byte four bits are noise.
    table = bytes(0x28 | (value & 0x8F) for value in range(256))
    with open(arguments.output + ".partial", "wb") as file:
        file.write(head)
        for index, (_, kind, _) in enumerate(tensors):
            if kind == F32:
                file.write(struct.pack("<f", 1) * COLUMNS)
                continue
            noise = bytearray(random.Random(index).randbytes(tensor_bytes))
            noise[1::2] = bytes(noise[1::2]).translate(table)
            file.write(noise)
    os.rename(arguments.output + ".partial", arguments.output)


if __name__ == "__main__":
    main()
