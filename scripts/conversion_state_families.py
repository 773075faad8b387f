"""Model families of compare-conversion.py whose layers carry a state (Mamba 2) or have streams of hidden states (Gemma 3n),
beside those of conversion_families.py."""

import json

# Words of the published files in place of those that transformers 5 saves.
LAYER_WORDS = {"full_attention": "attention", "linear_attention": "mamba"}
LETTERS = {"linear_attention": "M", "full_attention": "*", "mlp": "-", "moe": "E"}
SCALES = dict(embedding_multiplier=12.0, logits_scaling=8.0, residual_multiplier=0.22, attention_multiplier=0.25)
MAMBA = dict(mamba_n_heads=4, mamba_d_head=32, mamba_d_state=16)
MULTIPLIERS = dict(
    lm_head_multiplier=0.4, embedding_multiplier=5.65, mlp_multipliers=[0.88, 0.3], key_multiplier=0.39,
    attention_out_multiplier=0.9, attention_in_multiplier=1.1, ssm_multipliers=[0.35, 0.25, 0.35, 0.5, 0.23],
    ssm_in_multiplier=1.25, ssm_out_multiplier=0.47,
)
NEMOTRON = dict(head_dim=32, mamba_num_heads=4, mamba_head_dim=16, n_groups=2, ssm_state_size=16)


# Layers of Gemma 3n share keys from the twentieth on; its other sizes are those that the reference's programs ask for. Some rows of
# the vocabulary have no embedding.
GEMMA3N = dict(
    num_hidden_layers=22, head_dim=32, num_kv_shared_layers=2, hidden_size_per_layer_input=256, laurel_rank=64,
    vocab_size_per_layer_input=3072, activation_sparsity_pattern=[0.95] * 10 + [0.0] * 12,
)


def nemotron(some):
    layers = ["linear_attention", "mlp", "full_attention", "mlp", "linear_attention"]
    return {key: value for key, value in some(**NEMOTRON).items() if key != "num_hidden_layers"} | {"layers_block_type": layers}


def variants(some):
    """As VARIANTS of compare-perplexity.py: a vocabulary whose size is a multiple of eight; a window that is shorter than texts."""
    return {
        "nemotron-h-even": ("NemotronHConfig", nemotron(some), "dbrx"),
        "gemma3n-window": ("Gemma3nTextConfig", {**some(**GEMMA3N), "sliding_window": 32}, "sentencepiece"),
    }


def families(some):
    """As FAMILIES of conversion_families.py."""
    hybrid = some(
        num_hidden_layers=3, layer_types=["linear_attention", "full_attention", "linear_attention"], **SCALES, **MAMBA,
        shared_intermediate_size=96,
    )
    falcon = some(head_dim=32, **MAMBA, mamba_d_ssm=128, rope_parameters=dict(rope_type="default", rope_theta=1e11), **MULTIPLIERS)
    return {
        "granite4-hybrid": ("GraniteMoeHybridConfig", {**hybrid, "num_local_experts": 0, "num_experts_per_tok": 0}, "dbrx"),
        "granite4-hybrid-experts": (
            "GraniteMoeHybridConfig",
            {**hybrid, "num_local_experts": 4, "num_experts_per_tok": 2, "intermediate_size": 32, "mamba_n_groups": 2,
             "tie_word_embeddings": True},
            "dbrx",
        ),
        "falcon-h1": ("FalconH1Config", falcon, "falcon-h1"),
        "falcon-h1-normed": (
            "FalconH1Config",
            {**falcon, "mamba_rms_norm": True, "mamba_n_groups": 2, "mamba_norm_before_gate": False, "tie_word_embeddings": True},
            "falcon-h1",
        ),
        "nemotron-h": ("NemotronHConfig", nemotron(some), "tekken"),
        "gemma3n": ("Gemma3nTextConfig", some(**GEMMA3N), "sentencepiece"),
        "gemma3n-nested": ("Gemma3nTextConfig", some(**GEMMA3N), "sentencepiece"),
    }


def name_layers(path, config):
    """The words of the published files, which alone the reference knows."""
    config["layer_types"] = [LAYER_WORDS.get(word, word) for word in config["layer_types"]]


def spell_layers(path, config):
    """Letters for the layers, and no word of experts: as the published files are."""
    config["hybrid_override_pattern"] = "".join(LETTERS[word] for word in config.pop("layers_block_type"))
    config["num_hidden_layers"] = len(config["hybrid_override_pattern"])
    for key in list(config):
        if "expert" in key or key.startswith(("moe_", "mtp_")) or key in ("n_group", "topk_group", "norm_topk_prob"):
            del config[key]


def keep_keys(path, config):
    """Matrices of layers that read the keys of others, which the published files have."""
    from safetensors.torch import load_file, save_file

    tensors = load_file(path)
    first = config["num_hidden_layers"] - config["num_kv_shared_layers"]
    for layer in range(first, config["num_hidden_layers"]):
        for name in ["k_proj", "v_proj", "k_norm"]:
            own = f"model.layers.{{}}.self_attn.{name}.weight"
            tensors[own.format(layer)] = tensors[own.format(layer - 1 if layer > first else 0)].clone()
    save_file(tensors, path, metadata={"format": "pt"})


def nest(path, config):
    """As published: a model that also sees and hears, whose part for text is one of several."""
    import torch
    from safetensors.torch import load_file, save_file

    keep_keys(path, config)
    tensors = {name.replace("model.", "model.language_model.", 1): tensor for name, tensor in load_file(path).items()}
    tensors["model.vision_tower.timm_model.conv_stem.conv.weight"] = torch.ones(2, 3, 3, 3)
    tensors["model.embed_vision.embedding.weight"] = torch.ones(4, 4)
    tensors["model.audio_tower.conformer.0.norm.weight"] = torch.ones(4)
    save_file(tensors, path, metadata={"format": "pt"})
    outer = {key: config.pop(key) for key in ["architectures", "dtype", "transformers_version"] if key in config}
    text = dict(config)
    config.clear()
    config.update({**outer, "model_type": "gemma3n", "text_config": text})
    config["architectures"] = ["Gemma3nForConditionalGeneration"]


# The release of transformers that the reference asks for has no class of these; later ones fill experts in.
WITHOUT_CLASS = {"nemotron-h", "nemotron-h-even"}
# Read without their class, which fills nothing in; or compared so in another form.
WHOLE = WITHOUT_CLASS | {"granite4-hybrid", "granite4-hybrid-experts", "falcon-h1", "falcon-h1-normed", "gemma3n-nested"}
CHANGES = {
    "granite4-hybrid": name_layers, "granite4-hybrid-experts": name_layers, "nemotron-h": spell_layers,
    "nemotron-h-even": spell_layers, "gemma3n": keep_keys, "gemma3n-window": keep_keys, "gemma3n-nested": nest,
}
