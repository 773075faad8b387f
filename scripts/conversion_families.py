"""The model families of compare-conversion.py: a small configuration of each, its tokenizer, and older spellings.

Settings that equal the class's defaults are left out where that is possible, so that a configuration without them is
compared too.
"""

import copy

import conversion_encoders
import conversion_more_families
import conversion_state_families

LETTERS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
CASED = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
TRIPLES, SINGLES = LETTERS + r"\p{N}{1,3}" + REST, LETTERS + r"\p{N}" + REST
MARKED = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)

# A byte-level tokenizer: the expressions that split a text ("digits" for the Digits step, none for byte-level BPE's
# own rule), the name that llama.cpp gives the rule in this family, and the texts of BOS and EOS, the first of which the
# post-processor adds if it is given.
BYTE_LEVEL = {
    "llama3": ([TRIPLES], "llama-bpe", "<|begin_of_text|>", "<|end_of_text|>"),
    "smollm": (["digits"], "smollm", None, "<|im_end|>"),
    "granite": (["digits"], "refact", None, "<|end_of_text|>"),
    "qwen2": ([SINGLES], "qwen2", None, "<|im_end|>"),
    "qwen35": ([MARKED], "qwen35", None, "<|im_end|>"),
    "qwen2-judge": ([SINGLES], "qwen2", None, "<|im_end|>"),
    "gpt2": ([], "gpt-2", None, "<|endoftext|>"),
    "gpt4o": ([CASED], "gpt-4o", None, "<|endoftext|>"),
    "stablelm2": ([SINGLES], "stablelm2", None, "<|endoftext|>"),
    "olmo2": ([TRIPLES], "dbrx", None, "<|endoftext|>"),
    "lfm2": ([TRIPLES], "lfm2", "<|startoftext|>", "<|im_end|>"),
}

COMMON = dict(hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2)
LLAMA3_ROPE = dict(
    rope_type="llama3", rope_theta=500000.0, factor=32.0, low_freq_factor=1.0, high_freq_factor=4.0,
    original_max_position_embeddings=8192,
)
LONG_FACTORS = dict(
    rope_type="longrope", long_factor=[1.0 + i / 7 for i in range(8)], short_factor=[1.0 + i / 90 for i in range(8)]
)
SECTIONS = dict(rope_type="default", rope_theta=1000000.0, mrope_section=[2, 3, 3])
YARN = dict(rope_type="yarn", rope_theta=1000000.0, factor=4.0, original_max_position_embeddings=32768)


def some(**settings):
    return {**COMMON, **settings}


# Name: configuration class, settings, tokenizer.
FAMILIES = {
    "qwen3": ("Qwen3Config", some(rope_parameters=dict(rope_type="default", rope_theta=1000000.0)), "qwen2"),
    "qwen2": ("Qwen2Config", some(intermediate_size=100, tie_word_embeddings=True), "qwen2"),
    "qwen2-yarn": ("Qwen2Config", some(rope_parameters=YARN), "qwen2"),
    "gemma2": ("Gemma2Config", some(head_dim=32), "sentencepiece"),
    "gemma3": ("Gemma3TextConfig", some(sliding_window=512), "sentencepiece"),
    "gemma3-vision": ("Gemma3Config", dict(text_config=some(head_dim=32, sliding_window=512)), "sentencepiece"),
    "gemma": ("GemmaConfig", some(), "sentencepiece"),
    "llama": ("LlamaConfig", some(), "sentencepiece"),
    "llama-biased": ("LlamaConfig", some(attention_bias=True, mlp_bias=True, head_dim=32), "sentencepiece-json"),
    "llama3": ("LlamaConfig", some(rope_parameters=LLAMA3_ROPE, tie_word_embeddings=True), "llama3"),
    "mistral": ("MistralConfig", some(), "sentencepiece"),
    "mixtral": ("MixtralConfig", some(num_local_experts=4), "sentencepiece"),
    "smollm2": ("LlamaConfig", some(rope_parameters=dict(rope_type="default", rope_theta=100000.0)), "smollm"),
    "smollm3": ("SmolLM3Config", some(num_hidden_layers=4), "llama3"),
    "phi3": ("Phi3Config", some(), "sentencepiece"),
    "phi3-long": (
        "Phi3Config",
        some(max_position_embeddings=131072, rope_parameters=LONG_FACTORS),
        "sentencepiece",
    ),
    "phi4-mini": (
        "Phi3Config",
        some(max_position_embeddings=131072, num_attention_heads=2, num_key_value_heads=1,
             rope_parameters={**LONG_FACTORS, "partial_rotary_factor": 0.5}, sliding_window=262144),
        "gpt4o",
    ),
    "phimoe": (
        "PhimoeConfig",
        some(num_local_experts=4, attention_bias=True, lm_head_bias=True,
             rope_parameters={**LONG_FACTORS, "rope_theta": 10000.0, "original_max_position_embeddings": 4096,
                              "long_mscale": 1.25, "short_mscale": 1.25}),
        "sentencepiece",
    ),
    "qwen2-moe": (
        "Qwen2MoeConfig",
        some(num_experts=4, num_experts_per_tok=2, moe_intermediate_size=32, shared_expert_intermediate_size=64),
        "qwen2",
    ),
    "qwen3-moe": ("Qwen3MoeConfig", some(num_experts_per_tok=2, num_experts=4, head_dim=32, moe_intermediate_size=32), "qwen2"),
    "qwen3-moe-fused": ("Qwen3MoeConfig", some(num_experts_per_tok=2, num_experts=4, head_dim=32, moe_intermediate_size=32), "qwen2"),
    "granite": (
        "GraniteConfig",
        some(embedding_multiplier=12.0, logits_scaling=8.0, residual_multiplier=0.22, attention_multiplier=0.015625),
        "granite",
    ),
    "olmo2": ("Olmo2Config", some(rope_parameters=dict(rope_type="default", rope_theta=500000.0)), "olmo2"),
    "olmo3": ("Olmo3Config", some(num_hidden_layers=4), "olmo2"),
    "stablelm": ("StableLmConfig", some(use_qkv_bias=True), "stablelm2"),
    # With qk_layernorm the reference ends in an error of its own, "Unprocessed norms".
    "stablelm-parallel": ("StableLmConfig", some(use_parallel_residual=True), "stablelm2"),
    "lfm2": ("Lfm2Config", some(layer_types=["conv", "full_attention"]), "lfm2"),
    # Other forms of RoPE, of which little is written.
    "llama-dynamic": ("LlamaConfig", some(rope_parameters=dict(rope_type="dynamic", factor=2.0)), "sentencepiece"),
    "llama-longrope": ("LlamaConfig", some(rope_parameters={**LONG_FACTORS, "factor": 4.0}), "sentencepiece"),
    "qwen2-sections": ("Qwen2Config", some(rope_parameters=SECTIONS), "qwen2"),
    # Other purposes; conversion_purposes.py changes what was saved by the end of the name.
    "embeddinggemma": ("Gemma3TextConfig", some(head_dim=32, sliding_window=32, num_hidden_layers=8), "sentencepiece"),
    "dense-embeddinggemma": ("Gemma3TextConfig", some(head_dim=32, sliding_window=32, num_hidden_layers=8), "sentencepiece"),
    "qwen3-embedding": ("Qwen3Config", some(tie_word_embeddings=True), "qwen2"),
    "qwen2-both-ways": ("Qwen2Config", some(tie_word_embeddings=True), "qwen2"),
    "qwen3-headless": ("Qwen3Config", some(), "qwen2"),
    "llama-headless": ("LlamaConfig", some(), "sentencepiece"),
    "qwen3-reranker": ("Qwen3Config", some(tie_word_embeddings=True), "qwen2-judge"),
    "qwen3-untied-reranker": ("Qwen3Config", some(), "qwen2-judge"),
    # The same families in other storage; conversion_storage.py changes what was saved by the end of the name.
    "qwen3-f64": ("Qwen3Config", some(), "qwen2"),
    "qwen3-fp8-blocks": ("Qwen3Config", some(head_dim=32), "qwen2"),
    "llama3-fp8-tensors": ("LlamaConfig", some(), "llama3"),
    "llama3-fp8-rows": ("LlamaConfig", some(), "llama3"),
    "llama3-gptq": ("LlamaConfig", some(), "llama3"),
    "qwen2-gptq2": ("Qwen2Config", some(), "qwen2"),
    "llama3-int4": ("LlamaConfig", some(), "llama3"),
    "qwen2-int4-zeros": ("Qwen2Config", some(), "qwen2"),
    "llama3-int8-rows": ("LlamaConfig", some(), "llama3"),
    "gpt2": ("GPT2Config", dict(n_embd=64, n_layer=2, n_head=4, n_ctx=1024), "gpt2"),
}

BYTE_LEVEL.update(conversion_more_families.byte_level(LETTERS, TRIPLES, CASED))
FAMILIES.update(conversion_more_families.families(some, LLAMA3_ROPE, SECTIONS))
FAMILIES.update(conversion_encoders.families(some))
BYTE_LEVEL["falcon-h1"] = ([TRIPLES], "falcon-h1", None, "<|end_of_text|>")
FAMILIES.update(conversion_state_families.families(some))

# Layers of Gemma 4: those at the end read the keys and values of the last two before them.
SLIDING, FULL = "sliding_attention", "full_attention"
GEMMA4 = some(
    num_hidden_layers=7, layer_types=[SLIDING, SLIDING, SLIDING, FULL, SLIDING, SLIDING, FULL], num_kv_shared_layers=3,
    head_dim=32, global_head_dim=64, hidden_size_per_layer_input=32, use_double_wide_mlp=True, final_logit_softcapping=30.0,
)
# Without embeddings for each layer, and with keys for values in layers of full attention.
GEMMA4_LARGE = some(
    num_hidden_layers=4, layer_types=[SLIDING, FULL, SLIDING, FULL], head_dim=32, global_head_dim=64,
    hidden_size_per_layer_input=0, attention_k_eq_v=True, num_global_key_value_heads=1, final_logit_softcapping=30.0,
)
GEMMA4_MOE = {**GEMMA4_LARGE, **dict(enable_moe_block=True, num_experts=4, top_k_experts=2, moe_intermediate_size=32)}
FAMILIES |= {
    "gemma4": ("Gemma4TextConfig", GEMMA4, "gemma4"),
    "gemma4-large": ("Gemma4TextConfig", GEMMA4_LARGE, "gemma4"),
    "gemma4-moe": ("Gemma4TextConfig", GEMMA4_MOE, "gemma4"),
    "gemma4-vision": ("Gemma4Config", dict(text_config=GEMMA4), "gemma4"),
    # The reference asks for a width of experts, even of none.
    "gemma4-unified": ("Gemma4UnifiedConfig", dict(text_config={**GEMMA4_LARGE, "moe_intermediate_size": None}), "gemma4"),
}

# Three gated delta rules for one attention, with more value heads than key heads; the last layer predicts further tokens.
QWEN35 = some(
    num_hidden_layers=4, head_dim=32, linear_num_key_heads=2, linear_num_value_heads=4, linear_key_head_dim=16,
    linear_value_head_dim=16, mtp_num_hidden_layers=1,
)
QWEN35_MOE = {key: value for key, value in QWEN35.items() if key != "intermediate_size"} | dict(
    num_experts=4, num_experts_per_tok=2, moe_intermediate_size=32, shared_expert_intermediate_size=64
)
FAMILIES |= {
    "qwen35": ("Qwen3_5TextConfig", QWEN35, "qwen35"),
    "qwen35-tied": (
        "Qwen3_5TextConfig",
        {**QWEN35, "tie_word_embeddings": True, "linear_num_key_heads": 4, "mtp_num_hidden_layers": 0},
        "qwen35",
    ),
    "qwen35-moe": ("Qwen3_5MoeTextConfig", QWEN35_MOE, "qwen35"),
    "qwen35-vision": ("Qwen3_5Config", dict(text_config=QWEN35), "qwen35"),
}


def predictors(tensors, width):
    """Names and shapes of a layer that predicts further tokens, built like the layer of attention among `tensors`."""
    attending = next(name for name in tensors if name.endswith("self_attn.q_proj.weight")).split("self_attn.")[0]
    for name, shape in tensors.items():
        if name.startswith(attending):
            yield f"mtp.layers.0.{name.removeprefix(attending)}", shape
    yield "mtp.fc.weight", (width, 2 * width)
    for name in ["norm", "pre_fc_norm_embedding", "pre_fc_norm_hidden"]:
        yield f"mtp.{name}.weight", (width,)


# What the reference is to be told beside the files.
REFERENCE_OPTIONS = {"qwen35-tied": ["--no-mtp"], "dense-embeddinggemma": ["--sentence-transformers-dense-modules"]}
OWN_OPTIONS = {"dense-embeddinggemma": ["--dense-modules"]}

# What the reference calls an architecture that transformers calls otherwise.
ARCHITECTURES = {"phimoe": "PhiMoEForCausalLM"}


def older(config):
    """config.json as transformers 4 wrote it."""
    config = copy.deepcopy(config)
    for part in [config, config.get("text_config", {})]:
        if "dtype" in part:
            part["torch_dtype"] = part.pop("dtype")
        if "per_layer_config" in part:  # A family newer than the form, which the Hub has in one of its own.
            own = next(iter(part.pop("per_layer_config").values()))
            part["global_head_dim"] = own["head_dim"]
            if "num_key_value_heads" in own:
                part["num_global_key_value_heads"] = own["num_key_value_heads"]
            continue
        rope = part.pop("rope_parameters", None)
        if rope is None:
            continue
        if "full_attention" in rope:
            part["rope_local_base_freq"] = rope["sliding_attention"]["rope_theta"]
            rope = rope["full_attention"]
        for key in ["rope_theta", "partial_rotary_factor"]:
            if key in rope:
                part[key] = rope.pop(key)
        part["rope_scaling"] = None if rope.get("rope_type", "default") == "default" else rope
    return config


def shorter(config, defaults):
    """The configuration without what the class fills in by itself."""
    kept = {"architectures", "model_type", "hidden_size", "intermediate_size", "num_hidden_layers", "torch_dtype"}
    short = {key: value for key, value in config.items() if key in kept or value != defaults.get(key, ...)}
    short.pop("rope_scaling", None) if short.get("rope_scaling") is None else None
    if "text_config" in short:
        short["text_config"] = shorter(short["text_config"], defaults["text_config"])
    if short.get("rope_theta") == (defaults.get("rope_parameters") or {}).get("rope_theta"):
        short.pop("rope_theta", None)
    return short
