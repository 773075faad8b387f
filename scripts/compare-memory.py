#!/usr/bin/env python3
"""Compares the memory that edgepipe fit computes with the buffers that llama.cpp says it allocates.

    LLAMA_CPP_BIN=/path/to/llama.cpp/build/bin scripts/compare-memory.py [MODEL...] [--context 4096] [--batch 512] [--kv f16]

Writes a file in the shapes of each model, whose weights are holes that take no room on the disk, lets llama-completion load it and
write one token, and reads what it says of its buffers. Weights (not mapped, in both layouts), KV cache with recurrent state, compute buffer, and
their sum must agree within 3 %; the exit status is 1 where one does not. Needs the PyPI package gguf, and up to 10 GB of memory.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import gguf
import numpy

ROOT = pathlib.Path(__file__).resolve().parent.parent
EDGEPIPE = ROOT / ".build/release/edgepipe"
TOLERANCE = 0.03
TYPES = {"Q4_0": gguf.GGMLQuantizationType.Q4_0, "Q4_K": gguf.GGMLQuantizationType.Q4_K, "Q6_K": gguf.GGMLQuantizationType.Q6_K,
         "Q8_0": gguf.GGMLQuantizationType.Q8_0, "MXFP4": gguf.GGMLQuantizationType.MXFP4, "F32": gguf.GGMLQuantizationType.F32, "F16": gguf.GGMLQuantizationType.F16}


def shape(architecture, layers, width, hidden, heads, vocabulary, matrix="Q4_K", tied=False, head=None, **more):
    """heads: of queries, and of keys and values, the latter a list where each layer has its own number."""
    return dict(architecture=architecture, layers=layers, width=width, hidden=hidden, heads=heads, vocabulary=vocabulary,
                matrix=matrix, tied=tied, head=head or width // heads[0], more=more)


# Shapes from the models' own configurations.
MODELS = {
    "llama-3-8b": shape("llama", 32, 4096, 14336, (32, 8), 128256),
    "phi-3-mini": shape("phi3", 32, 3072, 8192, (32, 32), 32064, fused=True, **{"attention.sliding_window": 2047}),
    "qwen2.5-1.5b": shape("qwen2", 28, 1536, 8960, (12, 2), 151936, tied=True, biases=True),
    "qwen3-1.7b": shape("qwen3", 28, 2048, 6144, (16, 8), 151936, tied=True, head=128, norms=True),
    "gemma-2-2b": shape("gemma2", 26, 2304, 9216, (8, 4), 256000, tied=True, head=256, post=True,
                        **{"attention.sliding_window": 4096}),
    "gemma-3-1b": shape("gemma3", 26, 1152, 6912, (4, 1), 262144, matrix="Q4_0", tied=True, head=256, post=True, norms=True,
                        **{"attention.sliding_window": 512}),
    "smollm2-1.7b": shape("llama", 24, 2048, 8192, (32, 32), 49152, matrix="Q4_0", tied=True),
    "mistral-7b": shape("llama", 32, 4096, 14336, (32, 8), 32768, matrix="Q4_0"),
    "olmoe-1b-7b": shape("olmoe", 16, 2048, 1024, (16, 16), 50304, wide_norms=True, experts=(64, 8)),
    "qwen1.5-moe-2.7b": shape("qwen2moe", 24, 2048, 5632, (16, 16), 151936, biases=True, experts=(60, 4), expert=1408, shared=5632),
    "lfm2-1.2b": shape("lfm2", 16, 2048, 8192, (32, [0, 0, 8, 0, 0, 8, 0, 0, 8, 0, 8, 0, 8, 0, 8, 0]), 65536, tied=True, norms=True,
                       **{"shortconv.l_cache": 3}),
    # None was published with a window; the reference gives it to every layer that attends.
    "lfm2-windowed": shape("lfm2", 16, 2048, 8192, (32, [0, 0, 8, 0, 0, 8, 0, 0, 8, 0, 8, 0, 8, 0, 8, 0]), 65536, tied=True, norms=True,
                       **{"shortconv.l_cache": 3, "attention.sliding_window": 1024}),
    "stablelm-2-1.6b": shape("stablelm", 24, 2048, 5632, (32, 32), 100352, layer_norm=True, rotary=16),
    "gpt2-xl": shape("gpt2", 48, 1600, 6400, (25, 25), 50257, matrix="Q4_0", fused=True, layer_norm=True, plain=True, positions=1024),
    "ministral-3-8-layers": shape("mistral3", 8, 3072, 9216, (32, 8), 131072, head=128, tied=True,
                            **{"attention.temperature_scale": 0.1, "rope.scaling.original_context_length": 16384}),
    "granite-4-350m": shape("granite", 28, 1024, 2048, (16, 4), 100352, tied=True, head=64, **{"logit_scale": 4.0, "residual_scale": 0.25}),
    "lfm2-moe-7-layers": shape("lfm2moe", 7, 2048, 7168, (32, [0, 0, 8, 0, 0, 0, 8]), 65536,
                         tied=True, norms=True, experts=(32, 4), expert=1792, dense=2, biased_choice=True,
                         **{"shortconv.l_cache": 3, "expert_gating_func": 2, "leading_dense_block_count": 2}),
    "qwen2-vl-2b": shape("qwen2vl", 28, 1536, 8960, (12, 2), 151936, tied=True, biases=True, **{"rope.dimension_sections": [16, 24, 24, 0]}),
    "qwen3-vl-2b": shape("qwen3vl", 28, 2048, 6144, (16, 8), 151936, tied=True, head=128, norms=True,
                         **{"rope.dimension_sections": [24, 20, 20, 0], "n_deepstack_layers": 3}),
    "exaone-4-1.2b": shape("exaone4", 30, 2048, 4096, (32, 8), 102400, tied=True, norms=True, post=True, first=False),
    "hunyuan-0.5b": shape("hunyuan-dense", 24, 1024, 3584, (16, 8), 120816, tied=True, head=128, norms=True),
    "ernie-4.5-0.3b": shape("ernie4_5", 18, 1024, 3072, (16, 2), 103424, tied=True, head=128),
    "afm-8-layers": shape("arcee", 8, 2560, 18432, (20, 4), 128004, plain=True),
    "command-r-8-layers": shape("cohere2", 8, 4096, 14336, (32, 8), 256000, tied=True, parallel=True,
                         **{"attention.sliding_window": 4096, "logit_scale": 0.25}),
    "glm-4-8-layers": shape("glm4", 8, 4096, 13696, (32, 2), 151552, head=128, post=True, gated_in_one=True, biases=True, rotary=64),
    "seed-oss-8-layers": shape("seed_oss", 8, 5120, 27648, (80, 8), 155136, head=128, biases=True, second="post_attention_norm"),
    # Tokens see those behind them: llama-embedding loads these, with a batch as long as the context.
    "embeddinggemma-300m": shape("gemma-embedding", 24, 768, 1152, (3, 1), 262144, matrix="Q8_0", tied=True, head=256, post=True,
                                 norms=True, embeds=True, **{"attention.sliding_window": 512, "pooling_type": 1}),
    "bge-base": shape("bert", 12, 768, 3072, (12, 12), 30522, matrix="Q8_0", tied=True, plain=True, positions=512, embeds=True,
                      layer_norm=True, biases=True, sums=True, first=False, **{"pooling_type": 2}),
    "apertus-8-layers": shape("apertus", 8, 4096, 21504, (32, 8), 131072, norms=True, plain=True),
}

# Layers of Gemma 4 look back so far, but every fifth or sixth; the last ones read the keys and values of earlier ones.
GEMMA4 = dict(matrix="Q4_0", tied=True, head=512, post=True, norms=True, local_head=256, **{"attention.sliding_window": 512})
MODELS |= {
    "gemma-4-e2b": shape("gemma4", 35, 1536, 6144, (8, 1), 262144, inputs=256, shared_layers=20, wide=12288, period=5, **GEMMA4),
    "gemma-4-e4b": shape("gemma4", 42, 2560, 10240, (8, 2), 262144, inputs=256, shared_layers=18, period=6, **GEMMA4),
    "gemma-4-12b": shape("gemma4", 48, 3840, 15360, (16, [8, 8, 8, 8, 8, 1] * 8), 262144, inputs=0, period=6, keys_for_values=True,
                         **GEMMA4),
    # Twelve of its thirty layers.
    "gemma-4-26b-a4b-12": shape("gemma4", 12, 2816, 2112, (16, [8, 8, 8, 8, 8, 2] * 2), 262144, inputs=0, period=6,
                               keys_for_values=True, experts=(128, 8), expert=704, both=True, **GEMMA4),
}

# Streams of hidden states, with detours of this rank.
MODELS |= {
    "gemma-3n-e2b": shape("gemma3n", 30, 2048, 8192, (8, 2), 262400, matrix="Q4_0", tied=True, head=256, post=True, norms=True,
                          inputs=256, streams=64, **{"attention.sliding_window": 512}),
    "gemma-3n-e4b": shape("gemma3n", 35, 2048, 16384, (8, 2), 262400, matrix="Q4_0", tied=True, head=256, post=True, norms=True,
                          inputs=256, streams=64, **{"attention.sliding_window": 512}),
}

# Three gated delta rules for one attention, whose query matrix also gates: (key heads, value heads, elements of a head).
MODELS |= {
    "qwen-3.5-0.8b": shape("qwen35", 24, 1024, 3584, (8, 2), 248320, tied=True, head=256, norms=True, rotary=64, delta=(16, 16, 128)),
    "qwen-3.5-4b": shape("qwen35", 32, 2560, 9216, (16, 4), 248320, tied=True, head=256, norms=True, rotary=64, delta=(16, 32, 128)),
}

# State spaces: (heads, elements of a head's values, groups, elements of a row of a state); a letter for each layer: M for a state
# space, * for attention, - for a network. Falcon-H1 has a state space beside attention in every layer.
def hybrid(pattern, heads):
    return [heads if letter == "*" else 0 for letter in pattern]


TEN = "MMMMM*MMMM"
MODELS |= {
    "granite-4-h-350m": shape("granitehybrid", 32, 768, 2048, (12, hybrid("MMMMMMMMMM*MM*MMM*MMMMMMMMM*MMMM", 4)), 100352, tied=True,
                              space=(48, 32, 1, 128), turned=False, **{"residual_scale": 0.25}),
    "granite-4-h-tiny": shape("granitehybrid", 40, 1536, 512, (12, hybrid(4 * TEN, 4)), 100352, tied=True, space=(48, 64, 1, 128),
                              experts=(64, 6), expert=512, shared_mlp=1024, turned=False, **{"residual_scale": 0.25}),
    "falcon-h1-0.5b": shape("falcon-h1", 36, 1024, 2048, (8, 2), 32784, tied=True, head=64, space=(24, 64, 1, 128), bare=True),
    "nemotron-h-12-layers": shape("nemotron_h", 12, 4096, 21504, (32, hybrid("M-M-M-M*-M-M", 8)), 131072, head=128, plain=True,
                                  space=(128, 64, 8, 128), pattern="M-M-M-M*-M-M"),
}


# Mixtures, some of their layers.
MODELS |= {
    "gpt-oss-20b-6-layers": shape("gpt-oss", 6, 2880, 2880, (64, 8), 201088, matrix="Q8_0", head=64, biases=True, experts=(32, 4),
                                  second="post_attention_norm", expert_matrix="MXFP4", biased_experts=True,
                                  **{"attention.sliding_window": 128}),
    "ernie-4.5-21b-a3b-4-layers": shape("ernie4_5-moe", 4, 2560, 12288, (20, 4), 103424, tied=True, head=128, experts=(64, 6),
                                        expert=1536, shared=3072, dense=1, biased_choice=True, ungated_shared=True,
                                        **{"leading_dense_block_count": 1, "interleave_moe_layer_step": 1}),
    "granite-3-3b-a800m-8-layers": shape("granitemoe", 8, 1536, 512, (24, 8), 49155, tied=True, experts=(40, 8),
                                         **{"logit_scale": 6.0, "residual_scale": 0.22}),
    "qwen3-vl-30b-a3b-6-layers": shape("qwen3vlmoe", 6, 2048, 6144, (32, 4), 151936, head=128, norms=True, experts=(128, 8),
                                       expert=768, **{"rope.dimension_sections": [24, 20, 20, 0], "n_deepstack_layers": 3}),
}


# What a shape says that is no hyperparameter.
FLAGS = {
    "layer_norm", "wide_norms", "biased_choice", "gated_in_one", "shared_mlp", "expert_matrix", "biased_experts", "ungated_shared",
    "embeds", "sums",
}


def tensors(model):
    """Names, dimensions (the fastest first) and whether they are matrices of the model's type."""
    width, hidden, more = model["width"], model["hidden"], model["more"]
    query = model["heads"][0] * model["head"]
    # Embeddings that are also the output are held twice where that type is repacked, which phones do with more types than this processor.
    yield "token_embd.weight", (width, model["vocabulary"]), model["matrix"] if model["tied"] else "Q6_K" if width % 256 == 0 else "Q8_0"
    if not model["tied"]:
        yield "output.weight", (width, model["vocabulary"]), "Q6_K" if width % 256 == 0 else "Q8_0"
    if more.get("sums"):
        yield "token_types.weight", (width, 2), "F32"
        for part in "weight", "bias":
            yield f"token_embd_norm.{part}", (width,), "F32"
            for layer in range(model["layers"]):
                yield f"blk.{layer}.attn_output_norm.{part}", (width,), "F32"
                yield f"blk.{layer}.layer_output_norm.{part}", (width,), "F32"
    else:
        yield ("token_embd_norm.weight" if model["architecture"].startswith("lfm2") else "output_norm.weight"), (width,), "F32"
    matrix = model["matrix"]
    if more.get("inputs"):
        yield "per_layer_token_embd.weight", (more["inputs"] * model["layers"], model["vocabulary"]), matrix
        yield "per_layer_model_proj.weight", (width, more["inputs"] * model["layers"]), "F16"
        yield "per_layer_proj_norm.weight", (more["inputs"],), "F32"
    if "local_head" in more:
        yield "rope_freqs.weight", (model["head"] // 2,), "F32"
    if "streams" in more:
        yield "altup_proj.weight", (width, width, 3), "F16"
        yield "altup_unembd_proj.weight", (width, width, 3), "F16"
    bias = more.get("layer_norm")
    if bias and not more.get("sums"):
        yield "output_norm.bias", (width,), "F32"
    if "positions" in more:
        yield "position_embd.weight", (width, more["positions"]), "F32"
    for layer in range(model["layers"]):
        slides = "local_head" in more and (layer + 1) % more["period"] != 0
        head = more["local_head"] if slides else model["head"]
        query = model["heads"][0] * head
        kv = model["heads"][1]
        kv = (kv[layer] if isinstance(kv, list) else kv) * head
        reads_other = layer >= model["layers"] - more.get("shared_layers", 0)
        hidden = more.get("wide", model["hidden"]) if reads_other else model["hidden"]
        own = f"blk.{layer}."

        def vector(name, length):
            return own + name, (length,), "F32"

        def product(name, rows, columns=width):
            return own + name + ".weight", (columns, rows), matrix

        delta, space = more.get("delta"), more.get("space")
        letter = more.get("pattern", "+" * model["layers"])[layer]
        if more.get("first", True):
            yield vector("attn_norm.weight", width)
        if more.get("bare"):
            yield vector("ffn_norm", width)
        elif more.get("first", True) and not more.get("parallel") and letter == "+":
            yield vector("post_attention_norm.weight" if delta else more.get("second", "ffn_norm") + ".weight", width)
        if bias and not more.get("sums"):
            yield vector("attn_norm.bias", width)
            yield vector("ffn_norm.bias", width)
        if more.get("post"):
            yield vector("post_attention_norm.weight", width)
            yield vector("post_ffw_norm.weight", width)
        if delta and (layer + 1) % 4:
            keys, values, length = delta
            yield product("attn_qkv", (2 * keys + values) * length)
            yield product("attn_gate", values * length)
            yield product("ssm_beta", values)
            yield product("ssm_alpha", values)
            yield own + "ssm_conv1d.weight", (4, (2 * keys + values) * length), "F32"
            yield vector("ssm_dt.bias", values)
            yield vector("ssm_a", values)
            yield vector("ssm_norm.weight", length)
            yield product("ssm_out", width, values * length)
        elif kv == 0 and space:
            pass
        elif kv == 0:
            yield own + "shortconv.conv.weight", (more["shortconv.l_cache"], width), "F32"
            yield product("shortconv.in_proj", 3 * width)
            yield product("shortconv.out_proj", width)
        else:
            if more.get("fused"):
                yield product("attn_qkv", query + 2 * kv)
                if bias:
                    yield vector("attn_qkv.bias", query + 2 * kv)
            else:
                for name, rows in ("attn_q", query), ("attn_k", kv), ("attn_v", kv):
                    if name != "attn_q" and reads_other or name == "attn_v" and more.get("keys_for_values") and not slides:
                        continue
                    yield product(name, 2 * rows if delta and name == "attn_q" else rows)
                    if more.get("biases"):
                        yield vector(f"{name}.bias", rows)
            yield product("attn_output", width, query)
            if bias and more.get("fused"):
                yield vector("attn_output.bias", width)
            if more.get("norms"):
                yield vector("attn_q_norm.weight", head)
                if not reads_other:
                    yield vector("attn_k_norm.weight", head)
            if more.get("wide_norms"):
                yield vector("attn_q_norm.weight", query)
                yield vector("attn_k_norm.weight", kv)
        if space and (kv == 0 or more.get("bare")) and letter != "-":
            heads, length, groups, size = space
            channels = heads * length + 2 * groups * size
            yield product("ssm_in", heads * length + channels + heads)
            yield own + "ssm_conv1d.weight", (4, channels), "F32"
            yield vector("ssm_conv1d.bias", channels)
            yield vector("ssm_dt.bias", heads)
            yield own + "ssm_a", (1, heads), "F32"
            yield own + "ssm_d", (1, heads), "F32"
            if not more.get("bare"):
                yield own + "ssm_norm.weight", (heads * length // groups, groups), "F32"
            yield product("ssm_out", width, heads * length)
        if "streams" in more:
            yield vector("altup_correct_scale.weight", width)
            yield vector("altup_router_norm.weight", width)
            yield vector("laurel_post_norm.weight", width)
            for name, columns, rows, kind in [
                ("altup_correct_coef", 4, 4, "F32"), ("altup_predict_coef", 4, 16, "F32"), ("altup_router", width, 4, "F16"),
                ("laurel_l", width, more["streams"], "F16"), ("laurel_r", more["streams"], width, "F16"),
            ]:
                yield f"{own}{name}.weight", (columns, rows), kind
        if more.get("inputs"):
            yield product("inp_gate", more["inputs"])
            yield product("proj", width, more["inputs"])
            yield vector("post_norm.weight", width)
        if "local_head" in more:
            yield vector("layer_output_scale.weight", 1)
        if more.get("both"):
            count, expert = more["experts"][0], more["expert"]
            yield own + "ffn_gate_inp.weight", (width, count), "F32"
            yield vector("ffn_gate_inp.scale", width)
            for name in ["pre_ffw_norm_2", "post_ffw_norm_1", "post_ffw_norm_2"]:
                yield vector(name + ".weight", width)
            yield own + "ffn_gate_up_exps.weight", (width, 2 * expert, count), matrix
            yield own + "ffn_down_exps.weight", (expert, width, count), matrix
            yield vector("ffn_down_exps.scale", count)
        if "experts" in more and not more.get("both") and layer >= more.get("dense", 0):
            if more.get("biased_choice"):
                yield vector("exp_probs_b.bias", more["experts"][0])
            count, expert = more["experts"][0], more.get("expert", hidden)
            yield own + "ffn_gate_inp.weight", (width, count), "F32"
            stored = more.get("expert_matrix")
            for name, first, second in ("gate", width, expert), ("up", width, expert), ("down", expert, width):
                yield own + f"ffn_{name}_exps.weight", (first, second, count), stored or (matrix if first % 256 == 0 else "Q8_0")
                if more.get("biased_experts"):
                    yield own + f"ffn_{name}_exps.bias", (second, count), "F32"
            if more.get("biased_experts"):
                yield vector("ffn_gate_inp.bias", count)
                yield vector("attn_sinks.weight", model["heads"][0])
                yield vector("attn_output.bias", width)
            always = more.get("shared", more.get("shared_mlp"))
            if "shared" in more and not more.get("ungated_shared"):
                yield own + "ffn_gate_inp_shexp.weight", (width,), "F32"
            if always:
                for name, first, second in ("gate", width, always), ("up", width, always), ("down", always, width):
                    yield own + f"ffn_{name}_shexp.weight", (first, second), matrix
        elif letter not in "+-":
            pass
        elif more.get("plain"):
            yield product("ffn_up", hidden)
            yield product("ffn_down", width, hidden)
            if bias:
                yield vector("ffn_up.bias", hidden)
                yield vector("ffn_down.bias", width)
        elif more.get("fused") or more.get("gated_in_one"):
            yield product("ffn_up", 2 * hidden)
            yield product("ffn_down", width, hidden)
        else:
            yield product("ffn_gate", hidden)
            yield product("ffn_up", hidden)
            yield product("ffn_down", width, hidden)


def write(path, model):
    writer = gguf.GGUFWriter(path, model["architecture"])
    more = model["more"]
    writer.add_context_length(more.get("positions", 32768))
    writer.add_embedding_length(model["width"])
    writer.add_block_count(model["layers"])
    first = model["layers"] - more.get("shared_layers", 0)
    wide = more.get("wide", model["hidden"])
    writer.add_feed_forward_length([model["hidden"] if layer < first else wide for layer in range(model["layers"])]
                                   if "wide" in more else [model["hidden"] if letter == "-" else 0 for letter in more["pattern"]]
                                   if "pattern" in more else model["hidden"])
    if "delta" in more:
        keys, values, length = more["delta"]
        writer.add_rope_dimension_sections([11, 11, 10, 0])
        writer.add_ssm_conv_kernel(4)
        writer.add_ssm_state_size(length)
        writer.add_ssm_group_count(keys)
        writer.add_ssm_time_step_rank(values)
        writer.add_ssm_inner_size(values * length)
        writer.add_full_attention_interval(4)
    if "space" in more:
        heads, length, groups, size = more["space"]
        writer.add_ssm_conv_kernel(4)
        writer.add_ssm_state_size(size)
        writer.add_ssm_group_count(groups)
        writer.add_ssm_time_step_rank(heads)
        writer.add_ssm_inner_size(heads * length)
        writer.add_rope_scaling_finetuned(more.get("turned", True))
    if "streams" in more:
        writer.add_embedding_length_per_layer_input(more["inputs"])
        writer.add_altup_num_inputs(4)
        writer.add_altup_active_idx(0)
    if "local_head" in more:
        writer.add_sliding_window_pattern([(layer + 1) % more["period"] != 0 for layer in range(model["layers"])])
        writer.add_shared_kv_layers(more.get("shared_layers", 0))
        writer.add_embedding_length_per_layer_input(more["inputs"])
        writer.add_key_length_swa(more["local_head"])
        writer.add_value_length_swa(more["local_head"])
        writer.add_rope_dimension_count_swa(more["local_head"])
    writer.add_head_count(model["heads"][0])
    writer.add_head_count_kv(model["heads"][1])
    writer.add_key_length(model["head"])
    writer.add_value_length(model["head"])
    if "positions" not in more:
        writer.add_rope_dimension_count(more.get("rotary", model["head"]))
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_layer_norm_eps(1e-5)
    if more.get("layer_norm") and model["architecture"] == "stablelm":
        writer.add_parallel_residual(False)
    if "experts" in more:
        writer.add_expert_count(more["experts"][0])
        writer.add_expert_used_count(more["experts"][1])
        writer.add_expert_feed_forward_length(more.get("expert", model["hidden"]))
        if "shared" in more or "shared_mlp" in more:
            writer.add_expert_shared_feed_forward_length(more.get("shared", more.get("shared_mlp")))
    for key, value in more.items():
        if "." not in key and "_" not in key or key in FLAGS:
            continue
        add = {list: writer.add_array, float: writer.add_float32}.get(type(value), writer.add_uint32)
        add(f"{model['architecture']}.{key}", value)
    if more.get("sums"):
        writer.add_token_type_count(2)
    if model["architecture"] == "apertus":
        for name in "alpha_n", "alpha_p", "beta", "eps":
            writer.add_array(f"xielu.{name}", [0.5] * model["layers"])
    writer.add_tokenizer_model("llama")
    texts = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    texts += [f"\u2581t{index}" for index in range(model["vocabulary"] - len(texts))]
    writer.add_token_list(texts)
    writer.add_token_scores([0.0] * len(texts))
    writer.add_token_types([2, 3, 3] + [6] * 256 + [1] * (len(texts) - 259))
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    end = 0
    for name, dimensions, kind in tensors(model):
        if dimensions[0] % gguf.GGML_QUANT_SIZES[TYPES[kind]][0]:
            kind = "F16"
        block, size = gguf.GGML_QUANT_SIZES[TYPES[kind]]
        count = int(numpy.prod(dimensions, dtype=numpy.int64)) // block * size
        stored = list(reversed(dimensions))
        if kind not in ("F32", "F16"):
            stored[-1] = stored[-1] // block * size
        dtype = {"F32": numpy.float32, "F16": numpy.float16}.get(kind, numpy.uint8)
        writer.add_tensor_info(name, stored, numpy.dtype(dtype), count, TYPES[kind])
        end += (count + 31) // 32 * 32
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    os.truncate(path, (os.path.getsize(path) + 31) // 32 * 32 + end)


def printed(path, options):
    """What llama.cpp says of its buffers, in MiB."""
    folder = pathlib.Path(os.environ["LLAMA_CPP_BIN"])
    # One sequence more than one, or it makes room for as many as it can.
    program = [folder / "llama-embedding", "-np", "2"] if options.embeds else [folder / "llama-completion", "-no-cnv", "-n", "1"]
    done = subprocess.run(
        [*program, "-m", path, "-c", str(options.context), "-ub", str(options.batch), "-ctk", options.kv, "-ctv", options.kv,
         "-p", "t", "--no-warmup", "-t", "2", "-fa", "on", "-v", "--fit", "off", "-lm", "none"],
        capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL)
    log = done.stdout + done.stderr

    def total(pattern):
        return sum(float(size) for size in re.findall(pattern, log))

    found = {
        "weights": total(r"CPU(?:_REPACK)? model buffer size =\s*([0-9.]+) MiB"),
        "cache": total(r"(?:KV|RS) buffer size =\s*([0-9.]+) MiB"),
        "compute": total(r"CPU compute buffer size =\s*([0-9.]+) MiB"),
    }
    if not found["compute"]:
        sys.exit(f"compare-memory: llama-completion ended with {done.returncode} and names no compute buffer:\n{log[-3000:]}")
    return found


def computed(path, options):
    done = subprocess.run(
        [EDGEPIPE, "fit", path, "--device", "pixel-8", "--context", str(options.context), "--batch", str(options.batch),
         "--kv-type", options.kv, "--json"],
        capture_output=True, text=True)
    if not done.stdout:
        sys.exit(f"compare-memory: edgepipe fit ended with {done.returncode}: {done.stderr}")
    answer = json.loads(done.stdout)
    memory = (answer[0] if isinstance(answer, list) else answer)["memory"]
    return {name: memory[own]["mid"] / (1 << 20) for name, own in
            [("weights", "weights"), ("cache", "kvCache"), ("compute", "computeBuffer")]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", choices=[[], *MODELS], help="of these: " + ", ".join(MODELS))
    parser.add_argument("--context", type=int, default=4096)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--kv", default="f16")
    options = parser.parse_args()
    if "LLAMA_CPP_BIN" not in os.environ:
        sys.exit("compare-memory: set LLAMA_CPP_BIN to the folder of llama-completion")
    failures = 0
    print(f"{'model':18} {'weights MiB':>22} {'cache MiB':>22} {'compute MiB':>22}  sum")
    with tempfile.TemporaryDirectory() as folder:
        for name in options.models or MODELS:
            path = pathlib.Path(folder) / f"{name}.gguf"
            model = MODELS[name]
            write(path, model)
            limit = model["more"].get("positions")
            own = argparse.Namespace(**{**vars(options), "context": min(options.context, limit or options.context), "embeds": False})
            if model["more"].get("embeds"):
                own.embeds, own.context = True, min(own.context, own.batch)
            theirs, ours = printed(path, own), computed(path, own)
            path.unlink()
            cells, sums = [], [0.0, 0.0]
            for part in "weights", "cache", "compute":
                error = ours[part] / theirs[part] - 1 if theirs[part] else float(ours[part] != 0)
                sums = [sums[0] + ours[part], sums[1] + theirs[part]]
                cells.append(f"{ours[part]:8.1f}/{theirs[part]:8.1f} {error:+.1%}")
                failures += abs(error) > TOLERANCE
            print(f"{name:18} {cells[0]:>22} {cells[1]:>22} {cells[2]:>22}  {sums[0] / sums[1] - 1:+.2%}", flush=True)
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
