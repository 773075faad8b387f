#!/usr/bin/env python3
"""Writes a small GGUF model of random weights in the shape of some real family, and random importance matrices for it.

The weights mean nothing; names, shapes and metadata are such that llama-quantize takes the file. The same preset and
seed give the same bytes. Needs no package.

    scripts/make-random-gguf.py build/model.gguf --preset experts8
    scripts/make-random-gguf.py build/model.gguf --preset gqa --shards 3 --imatrix build/model.imatrix
"""

import argparse
import array
import pathlib
import random
import struct
import sys

# GGUF's numbers for types of values and of tensors.
U16, U32, I32, F32_VALUE, STRING, ARRAY = 2, 4, 5, 6, 8, 9
TENSOR_TYPES = {"f32": 0, "f16": 1, "bf16": 30}
ALIGNMENT = 32


def attention(width, query="attn_q", rows=8):
    return [(f"{name}.weight", (width, rows)) for name in (query, "attn_k", "attn_v")] + [
        ("attn_output.weight", (width, rows))
    ]


def dense(width, hidden, rows=8):
    return attention(width, rows=rows) + [
        ("ffn_gate.weight", (width, rows)),
        ("ffn_up.weight", (width, rows)),
        ("ffn_down.weight", (hidden, rows)),
    ]


def experts(width, hidden, count):
    return attention(width) + [
        ("ffn_gate_inp.weight", (width, count)),
        ("ffn_gate_exps.weight", (width, 4, count)),
        ("ffn_up_exps.weight", (width, 4, count)),
        ("ffn_down_exps.weight", (hidden, 4, count)),
    ]


def shared_experts(width, hidden, count):
    return experts(width, hidden, count) + [
        ("ffn_gate_shexp.weight", (width, 4)),
        ("ffn_up_shexp.weight", (width, 4)),
        ("ffn_down_shexp.weight", (hidden, 4)),
    ]


def biased_experts(width, hidden, count):
    return experts(width, hidden, count) + [
        ("attn_sinks.weight", (8,)), ("ffn_gate_exps.bias", (4, count)), ("ffn_down_exps.bias", (4, count)),
    ]


def state_space(width, inner):
    return [
        ("ssm_in.weight", (width, 16)), ("ssm_conv1d.weight", (4, 16)), ("ssm_conv1d.bias", (16,)), ("ssm_dt.bias", (8,)),
        ("ssm_a", (1, 8)), ("ssm_d", (1, 8)), ("ssm_norm.weight", (inner // 2, 2)), ("ssm_out.weight", (inner, 8)),
    ]


def streams(width):
    return [
        ("altup_correct_coef.weight", (4, 4)), ("altup_predict_coef.weight", (4, 16)), ("altup_router.weight", (width, 4)),
        ("altup_correct_scale.weight", (width,)), ("laurel_l.weight", (width, 64)), ("laurel_r.weight", (64, 8)),
        ("inp_gate.weight", (width, 8)), ("proj.weight", (256, 8)),
    ]


def model(architecture, layers, heads, tensors, width=256, tied=False, outside=(), **values):
    """heads: query heads and key-value heads; the latter a list where each layer has its own.
    tensors: a list, or one for each layer.
    """
    return dict(
        architecture=architecture, layers=layers, heads=heads, tensors=tensors, width=width, tied=tied,
        outside=outside, values=values,
    )


STATE = {
    "ssm.conv_kernel": 4, "ssm.state_size": 16, "ssm.group_count": 2, "ssm.time_step_rank": 8, "ssm.inner_size": 512,
    "attention.layer_norm_epsilon": 1e-5,
}
NETWORK = dense(256, 512)[4:]


PRESETS = {
    "dense": model("llama", 9, (8, 8), dense(256, 512)),
    "gqa": model("llama", 16, (8, 2), dense(256, 512)),
    "tied": model("qwen2", 8, (8, 4), dense(256, 512), tied=True),
    "one-layer": model("llama", 1, (4, 4), dense(256, 256)),
    # The class of 70 billions is known by its eighty layers and its shared heads.
    "eighty-layers": model("llama", 80, (64, 8), dense(256, 256, rows=2)),
    "eighty-layers-qwen": model("qwen2", 80, (8, 8), dense(256, 256, rows=2)),
    "heads-by-layer": model("llama", 4, (8, [2, 8, 8, 4]), dense(256, 256)),
    # Rows of 288 divide by 32 alone, those of 320 by 64, of 384 by 128, of 40 by nothing that a block has.
    "rows-32": model("llama", 8, (8, 8), dense(288, 544), width=288),
    "rows-64": model("llama", 4, (8, 8), dense(320, 576), width=320),
    "rows-128": model("llama", 4, (8, 8), dense(384, 640), width=384),
    "rows-40": model("llama", 4, (8, 8), dense(256, 40)),
    "rows-40-everywhere": model("llama", 2, (4, 4), dense(40, 72), width=40),
    "fused": model(
        "phi3", 12, (8, 8),
        [("attn_qkv.weight", (256, 24)), ("attn_output.weight", (256, 8)), ("ffn_up.weight", (256, 16)),
         ("ffn_down.weight", (512, 8))],
    ),
    "falcon": model(
        "falcon", 32, (71, 1),
        [("attn_qkv.weight", (256, 8)), ("attn_output.weight", (256, 4)), ("ffn_up.weight", (256, 4)),
         ("ffn_down.weight", (256, 4))],
        **{"attention.layer_norm_epsilon": 1e-5},
    ),
    "experts8": model(
        "llama", 9, (8, 2), experts(256, 512, 8), **{"expert_count": 8, "expert_used_count": 2}
    ),
    "experts16": model(
        "qwen2moe", 8, (8, 8), shared_experts(256, 256, 16), **{"expert_count": 16, "expert_used_count": 4}
    ),
    "experts3": model(
        "qwen3moe", 6, (8, 1), experts(256, 288, 3), **{"expert_count": 3, "expert_used_count": 2}
    ),
    "gpt-oss": model(
        "gpt-oss", 6, (8, 2), biased_experts(256, 512, 8),
        **{"expert_count": 8, "expert_used_count": 4, "expert_feed_forward_length": 512, "attention.sliding_window": 128},
    ),
    "ernie-moe": model(
        "ernie4_5-moe", 6, (8, 2), shared_experts(256, 512, 8), tied=True,
        **{"expert_count": 8, "expert_used_count": 2, "expert_feed_forward_length": 512, "interleave_moe_layer_step": 1},
    ),
    "granite-moe": model(
        "granitemoe", 6, (8, 2), shared_experts(256, 512, 8), tied=True,
        **{"expert_count": 8, "expert_used_count": 2, "expert_shared_feed_forward_length": 512, "logit_scale": 6.0},
    ),
    "qwen3-vl-moe": model(
        "qwen3vlmoe", 6, (8, 2), experts(256, 512, 8),
        **{"expert_count": 8, "expert_used_count": 2, "rope.dimension_sections": [8, 4, 4, 0]},
    ),
    "state-space": model(
        "granitehybrid", 8, (8, [0, 0, 2, 0, 0, 0, 2, 0]),
        [(attention(256) if layer in (2, 6) else state_space(256, 512)) + NETWORK for layer in range(8)], **STATE,
    ),
    "state-space-experts": model(
        "granitehybrid", 8, (8, [0, 0, 2, 0, 0, 0, 2, 0]),
        [(attention(256) if layer in (2, 6) else state_space(256, 512)) + shared_experts(256, 256, 8)[4:] for layer in range(8)],
        tied=True, **STATE, expert_count=8, expert_used_count=2,
    ),
    "state-space-beside": model("falcon-h1", 8, (8, 2), attention(256) + state_space(256, 512) + NETWORK, **STATE),
    "state-space-alone": model(
        "nemotron_h", 9, (8, [0, 0, 0, 2, 0, 0, 0, 2, 0]),
        [attention(256) if layer in (3, 7) else state_space(256, 512) if layer % 2 == 0 else NETWORK[1:] for layer in range(9)],
        **STATE, feed_forward_length=[0, 512, 0, 0, 0, 512, 0, 0, 0],
    ),
    "streams": model(
        "gemma3n", 22, (8, 2), dense(256, 512) + streams(256), tied=True,
        outside=[("altup_proj.weight", (256, 8, 3)), ("altup_unembd_proj.weight", (256, 8, 3)),
                 ("per_layer_token_embd.weight", (256, 16)), ("per_layer_model_proj.weight", (256, 16))],
        **{"attention.sliding_window": 512},
    ),
    "per-layer-embedding": model(
        "llama", 3, (8, 8), dense(256, 256), tied=True, outside=[("per_layer_token_embd.weight", (256, 16))]
    ),
}


def entries(preset):
    """Names and shapes, fastest dimension first, in the order in which converters write them."""
    width = preset["width"]
    yield "token_embd.weight", (width, 32)
    yield from preset["outside"]
    for layer in range(preset["layers"]):
        yield f"blk.{layer}.attn_norm.weight", (width,)
        yield f"blk.{layer}.ffn_norm.weight", (width,)
        own = preset["tensors"]
        for name, shape in own[layer] if isinstance(own[0], list) else own:
            yield f"blk.{layer}.{name}", shape
    yield "output_norm.weight", (width,)
    if not preset["tied"]:
        yield "output.weight", (width, 32)


def count(shape):
    product = 1
    for dimension in shape:
        product *= dimension
    return product


def weights(generator, shape):
    """Numbers as trained weights have them, with what formats find hard: rows of zeros, of one value, and outliers."""
    length = shape[0]
    rows = []
    for _ in range(count(shape) // length):
        kind = generator.random()
        scale = 0.02 * 2 ** generator.uniform(-3, 3)
        if kind < 0.02:
            rows.append([0.0] * length)
        elif kind < 0.04:
            rows.append([scale] * length)
        else:
            row = [generator.gauss(0, scale) for _ in range(length)]
            if kind < 0.2:
                row[generator.randrange(length)] *= 30
            rows.append(row)
    return [value for row in rows for value in row]


def packed(values, kind):
    if kind == "f16":
        return struct.pack(f"<{len(values)}e", *values)
    floats = array.array("f", values)
    if sys.byteorder == "big":
        floats.byteswap()
    if kind == "f32":
        return floats.tobytes()
    raw = floats.tobytes()
    upper = bytearray(len(raw) // 2)
    upper[0::2], upper[1::2] = raw[2::4], raw[3::4]
    return bytes(upper)


def text(value):
    encoded = value.encode()
    return struct.pack("<Q", len(encoded)) + encoded


def value_bytes(value):
    if isinstance(value, str):
        return struct.pack("<I", STRING) + text(value)
    if isinstance(value, float):
        return struct.pack("<If", F32_VALUE, value)
    if isinstance(value, list) and isinstance(value[0], str):
        return struct.pack("<IIQ", ARRAY, STRING, len(value)) + b"".join(map(text, value))
    if isinstance(value, list):
        return struct.pack(f"<IIQ{len(value)}i", ARRAY, I32, len(value), *value)
    if isinstance(value, tuple):
        kind, number = value
        return struct.pack("<I" + {U16: "H", I32: "i"}[kind], kind, number)
    return struct.pack("<II", U32, value)


def padded(data):
    return data + b"\0" * (-len(data) % ALIGNMENT)


def write_gguf(path, metadata, tensors):
    """tensors: name, shape, number of the type, bytes."""
    header = struct.pack("<IIQQ", 0x46554747, 3, len(tensors), len(metadata))
    for key, value in metadata.items():
        header += text(key) + value_bytes(value)
    end = 0
    for name, shape, kind, data in tensors:
        header += text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, end)
        end += len(padded(data))
    path.write_bytes(padded(header) + b"".join(padded(data) for *_, data in tensors))


def model_metadata(name, preset):
    architecture = preset["architecture"]
    queries, keys = preset["heads"]
    values = {
        "block_count": preset["layers"],
        "context_length": 512,
        "embedding_length": preset["width"],
        "feed_forward_length": 512,
        "attention.head_count": queries,
        "attention.head_count_kv": keys,
        "attention.layer_norm_rms_epsilon": 1e-5,
        **preset["values"],
    }
    return {
        "general.architecture": architecture,
        "general.name": f"random {name}",
        **{f"{architecture}.{key}": value for key, value in values.items()},
        "general.file_type": 1,
        "general.quantization_version": 2,
        "tokenizer.ggml.model": "none",
    }


def write_model(path, metadata, tensors, shards):
    if shards == 1:
        write_gguf(path, metadata, tensors)
        return
    share = -(-len(tensors) // shards)
    for index in range(shards):
        own = dict(metadata) if index == 0 else {}
        own.update(
            {"split.no": (U16, index), "split.count": (U16, shards), "split.tensors.count": (I32, len(tensors))}
        )
        target = path.with_name(f"{path.stem}-{index + 1:05}-of-{shards:05}.gguf")
        write_gguf(target, own, tensors[index * share : (index + 1) * share])


def write_matrices(stem, shapes, generator):
    """The same kind of numbers in both forms; some experts were never used."""
    weighted = [
        (name, shape) for name, shape in shapes
        if name.startswith("blk.") and name.endswith(".weight") and len(shape) > 1 and "_inp." not in name
    ]
    gguf, legacy = [], struct.pack("<i", len(weighted))
    for name, shape in weighted:
        matrices = shape[2] if len(shape) > 2 else 1
        counts = [float(generator.choice([0, 512, 1024]) if matrices > 1 else 2048) for _ in range(matrices)]
        sums = [
            generator.expovariate(1.0) * 2 ** generator.uniform(-4, 4) * uses
            for uses in counts
            for _ in range(shape[0])
        ]
        floats = packed(sums, "f32")
        gguf.append((f"{name}.in_sum2", (shape[0], matrices), 0, floats))
        gguf.append((f"{name}.counts", (1, matrices), 0, packed(counts, "f32")))
        encoded = name.encode()
        legacy += struct.pack("<i", len(encoded)) + encoded + struct.pack("<ii", 4, len(sums))
        legacy += packed([value / 512 or 4.0 for value in sums], "f32")
    legacy += struct.pack("<i", 4) + struct.pack("<i", 10) + b"random.txt"
    metadata = {
        "general.type": "imatrix",
        "imatrix.datasets": ["random.txt"],
        "imatrix.chunk_count": 4,
        "imatrix.chunk_size": 512,
    }
    write_gguf(stem.with_name(stem.name + ".gguf"), metadata, gguf)
    stem.with_name(stem.name + ".dat").write_bytes(legacy)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=pathlib.Path, help="the file to write; shards get numbers before the ending")
    parser.add_argument("--preset", choices=PRESETS, default="dense")
    parser.add_argument("--type", choices=TENSOR_TYPES, default="f16", help="of the matrices; vectors are f32")
    parser.add_argument("--shards", type=int, default=1)
    parser.add_argument("--imatrix", type=pathlib.Path, help="write FILE.gguf and FILE.dat too")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()

    preset = PRESETS[arguments.preset]
    generator = random.Random(arguments.seed)
    shapes = list(entries(preset))
    tensors = []
    for name, shape in shapes:
        kind = arguments.type if len(shape) > 1 and "_inp." not in name and not name.endswith(".bias") else "f32"
        tensors.append((name, shape, TENSOR_TYPES[kind], packed(weights(generator, shape), kind)))
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    write_model(arguments.output, model_metadata(arguments.preset, preset), tensors, arguments.shards)
    if arguments.imatrix:
        write_matrices(arguments.imatrix, shapes, generator)


if __name__ == "__main__":
    main()
