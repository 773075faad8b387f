#!/usr/bin/env python3
"""Writes a GGUF file of any size whose tensors hold noise in F16: for measuring what takes large files, not for running.

    scripts/make-large-gguf.py build/large.gguf --gigabytes 2
"""

import argparse
import os
import random
import struct

# GGUF's numbers for types of values and of tensors.
U32, STRING = 4, 8
F16 = 1
ALIGNMENT = 32
ROWS, COLUMNS = 4096, 4096


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
    numbers = {
        "llama.block_count": count, "llama.embedding_length": COLUMNS, "llama.attention.head_count": 32,
        "llama.context_length": 4096, "llama.feed_forward_length": ROWS,
    }
    head = b"GGUF" + struct.pack("<IQQ", 3, count, len(numbers) + 1)
    head += text("general.architecture") + struct.pack("<I", STRING) + text("llama")
    for key, value in numbers.items():
        head += text(key) + struct.pack("<II", U32, value)
    for index in range(count):
        name = "token_embd.weight" if index == 0 else f"blk.{index - 1}.ffn_up.weight"
        head += text(name) + struct.pack("<IQQIQ", 2, COLUMNS, ROWS, F16, index * tensor_bytes)
    head += bytes(-len(head) % ALIGNMENT)
    # The exponents of weights say little: of each number's second byte four bits are noise.
    table = bytes(0x28 | (value & 0x8F) for value in range(256))
    with open(arguments.output + ".partial", "wb") as file:
        file.write(head)
        for index in range(count):
            noise = bytearray(random.Random(index).randbytes(tensor_bytes))
            noise[1::2] = bytes(noise[1::2]).translate(table)
            file.write(noise)
    os.rename(arguments.output + ".partial", arguments.output)


if __name__ == "__main__":
    main()
