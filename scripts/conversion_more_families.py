"""More model families of compare-conversion.py, which one or two traits set apart from those of conversion_families.py."""

import json

HAN = "[一-龥\u3040-\u309f\u30a0-\u30ff]+"
BEGINNING = (
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*"""
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def byte_level(letters, triples, cased):
    """As BYTE_LEVEL of conversion_families.py, whose expressions these are."""
    seed = letters + r"\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+"
    tekken = cased.replace("(?i:'s|'t|'re|'ve|'m|'ll|'d)?", "").replace(r"\p{N}{1,3}", r"\p{N}")
    return {
        "tekken": ([tekken], "tekken", "<s>", "</s>"),
        "glm4": ([triples], "glm4", None, "<|endoftext|>"),
        "dbrx": ([triples], "dbrx", None, "<|end_of_text|>"),
        "command-r": (["digits"], "command-r", "<BOS_TOKEN>", "<EOS_TOKEN>"),
        "exaone4": ([], "exaone4", "[BOS]", "[|endofturn|]"),
        "hunyuan": ([r"\p{N}{1,3}", HAN, BEGINNING], "hunyuan-dense", None, "<|eos|>"),
        "seed": ([seed], "seed-coder", "<seed_bos>", "<seed_eos>"),
        "harmony": ([cased], "gpt-4o", None, "<|return|>"),
    }


def families(some, llama3_rope, sections):
    """As FAMILIES."""
    ministral = dict(
        rope_type="yarn", rope_theta=1000000.0, factor=16.0, original_max_position_embeddings=16384, beta_fast=32.0,
        beta_slow=1.0, mscale_all_dim=1.0, mscale=1.0, llama_4_scaling_beta=0.1,
    )
    sparse = dict(num_experts=4, num_experts_per_tok=2, moe_intermediate_size=32)
    mamba = dict(num_local_experts=0, num_experts_per_tok=0, shared_intermediate_size=96, mamba_n_heads=2, mamba_d_head=64)
    oss = dict(num_hidden_layers=4, head_dim=32, num_local_experts=4, num_experts_per_tok=2)
    granite = dict(embedding_multiplier=12.0, logits_scaling=8.0, residual_multiplier=0.22, attention_multiplier=0.015625)
    # The reference takes the shared expert to be as wide as a network without experts, divided by the key-value heads.
    ernie = dict(
        num_hidden_layers=3, intermediate_size=128, moe_num_experts=4, moe_k=2, moe_intermediate_size=32,
        moe_num_shared_experts=2,
    )
    return {
        "gpt-oss": ("GptOssConfig", some(**oss), "harmony"),
        # As the published models are stored; conversion_storage.py changes the experts.
        "gpt-oss-mxfp4": ("GptOssConfig", some(**oss), "harmony"),
        "ernie-moe": ("Ernie4_5_MoeConfig", some(**ernie), "sentencepiece"),
        "granite-moe": ("GraniteMoeConfig", some(**granite, num_local_experts=4), "granite"),
        "granite-moe-shared": (
            "GraniteMoeSharedConfig", some(**granite, num_local_experts=4, shared_intermediate_size=64), "granite",
        ),
        "qwen3-vl-moe": (
            "Qwen3VLMoeConfig",
            dict(text_config=some(num_hidden_layers=4, rope_parameters=sections, head_dim=16, **{**sparse, "moe_intermediate_size": 96})),
            "qwen2",
        ),
        "ministral3": ("Ministral3Config", some(rope_parameters=ministral, head_dim=32), "tekken"),
        "mistral3-vision": (
            "Mistral3Config",
            dict(text_config=some(model_type="ministral3", rope_parameters=ministral, head_dim=32)),
            "tekken",
        ),
        "mistral3-plain": ("Mistral3Config", dict(text_config=some(model_type="mistral", head_dim=32)), "tekken"),
        "granite4": (
            "GraniteMoeHybridConfig",
            some(**mamba, layer_types=["full_attention"] * 2, embedding_multiplier=12.0, logits_scaling=8.0,
                 residual_multiplier=0.22, attention_multiplier=0.015625),
            "dbrx",
        ),
        "lfm2-moe": (
            "Lfm2MoeConfig",
            some(num_hidden_layers=3, layer_types=["conv", "full_attention", "conv"], num_dense_layers=1, **sparse),
            "lfm2",
        ),
        "qwen2-vl": ("Qwen2VLConfig", dict(text_config=some(rope_parameters=sections, rms_norm_eps=1e-6)), "qwen2"),
        "qwen2.5-vl": ("Qwen2_5_VLConfig", dict(text_config=some(rope_parameters=sections)), "qwen2"),
        "qwen3-vl": ("Qwen3VLConfig", dict(text_config=some(num_hidden_layers=4, rope_parameters=sections, head_dim=16)), "qwen2"),
        "exaone4": ("Exaone4Config", some(num_hidden_layers=4), "exaone4"),
        "exaone4-full": (
            "Exaone4Config",
            some(sliding_window=None, layer_types=["full_attention"] * 2, tie_word_embeddings=True,
                 rope_parameters={**llama3_rope, "factor": 16.0}),
            "exaone4",
        ),
        "hunyuan": (
            "HunYuanDenseV1Config",
            some(head_dim=16, tie_word_embeddings=True, max_position_embeddings=32768,
                 rope_parameters=dict(rope_type="dynamic", rope_theta=10000.0, alpha=1000.0, factor=1.0)),
            "hunyuan",
        ),
        "hunyuan-plain": ("HunYuanDenseV1Config", some(head_dim=16), "hunyuan"),
        "ernie": ("Ernie4_5Config", some(), "sentencepiece"),
        "arcee": ("ArceeConfig", some(head_dim=None), "llama3"),
        "cohere2": ("Cohere2Config", some(num_hidden_layers=4, rotary_pct=1.0, logit_scale=0.25), "command-r"),
        "glm4": ("Glm4Config", some(head_dim=32), "glm4"),
        "seed-oss": ("SeedOssConfig", some(head_dim=32), "seed"),
        "apertus": ("ApertusConfig", some(), "tekken"),
    }


def variants(some, window, original):
    """As VARIANTS of compare-perplexity.py."""
    beyond = dict(
        rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=original, beta_fast=16.0,
        beta_slow=2.0, mscale_all_dim=0.5, mscale=1.0, llama_4_scaling_beta=0.3,
    )
    return {
        "gpt-oss-window": (
            "GptOssConfig",
            some(num_hidden_layers=4, head_dim=32, num_local_experts=4, num_experts_per_tok=2, sliding_window=window,
                 max_position_embeddings=256, rope_parameters=dict(
                     rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=original,
                     beta_fast=32.0, beta_slow=1.0, truncate=False,
                 )),
            "harmony",
        ),
        "ministral3-beyond": (
            "Ministral3Config", some(rope_parameters=beyond, head_dim=32, max_position_embeddings=256), "tekken",
        ),
        "cohere2-window": (
            "Cohere2Config",
            some(num_hidden_layers=5, rotary_pct=1.0, logit_scale=0.25, sliding_window=window), "command-r",
        ),
        "exaone4-window": (
            "Exaone4Config", some(num_hidden_layers=64, hidden_size=32, sliding_window=window), "exaone4",
        ),
    }


# The parts that see, which are left out.
VISION = {
    "Mistral3Config": dict(
        model_type="pixtral", hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, head_dim=16,
        image_size=28, patch_size=14,
    ),
    "Qwen2VLConfig": dict(depth=1, embed_dim=32, hidden_size=64, num_heads=2, mlp_ratio=2, patch_size=14),
    "Qwen2_5_VLConfig": dict(
        depth=1, hidden_size=32, intermediate_size=32, num_heads=2, out_hidden_size=64, fullatt_block_indexes=[0]
    ),
    "Qwen3VLConfig": dict(
        depth=3, hidden_size=32, intermediate_size=32, num_heads=2, out_hidden_size=64, deepstack_visual_indexes=[0, 1, 2],
        num_position_embeddings=16,
    ),
}
VISION["Qwen3VLMoeConfig"] = VISION["Qwen3VLConfig"]


def name_attention(path, config):
    """The older word for attention, which alone the reference knows."""
    config["layer_types"] = ["attention"] * config["num_hidden_layers"]


def end_twice(path, config):
    """Two tokens that end a reply, as the published models have."""
    (path.parent / "generation_config.json").write_text(json.dumps({"eos_token_id": [2, 5]}))


def turn_experts(path, config):
    """Columns before rows, as the published models have them."""
    from safetensors.torch import load_file, save_file

    tensors = {
        name: tensor.transpose(1, 2).contiguous() if ".experts." in name else tensor for name, tensor in load_file(path).items()
    }
    save_file(tensors, path, metadata={"format": "pt"})


# Read without their class, which fills nothing in.
WHOLE = {"granite4"}
CHANGES = {"granite4": name_attention, "hunyuan": end_twice, "qwen3-vl-moe": turn_experts}
