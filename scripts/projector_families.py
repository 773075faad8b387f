"""The models of compare-projectors.py: small ones of every family whose projector edgepipe converts.

An entry is the class of the configuration, its settings, the folder's processor files, and what is said of the checkpoint's
tensors beyond what transformers saves: a function of names and tensors, or None.
"""

import copy

TEXT = dict(
    hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, vocab_size=96,
    bos_token_id=1, eos_token_id=2, pad_token_id=0,
)
# Of the text models, sizes that must fit each other.
SECTIONS = dict(rope_type="default", rope_theta=1000000.0, mrope_section=[2, 3, 3])
SIGLIP = dict(
    model_type="siglip_vision_model", hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4,
    image_size=112, patch_size=14, vision_use_head=False,
)
HALVES = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
CLIP = {
    "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711],
}
IDENTITY = {"image_mean": [0.0, 0.0, 0.0], "image_std": [1.0, 1.0, 1.0]}
QWEN3_VISION = dict(
    depth=3, hidden_size=64, intermediate_size=96, num_heads=4, out_hidden_size=64, num_position_embeddings=16, patch_size=4,
)
GEMMA4_VISION = dict(
    hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=4, head_dim=16,
    patch_size=4, position_embedding_size=32,
)
GEMMA4_TEXT = dict(
    TEXT, head_dim=16, global_head_dim=32, hidden_size_per_layer_input=32, vocab_size_per_layer_input=96, num_kv_shared_layers=0,
    layer_types=["sliding_attention", "full_attention"], num_global_key_value_heads=2,
)
GEMMA4_AUDIO = dict(
    hidden_size=64, num_hidden_layers=2, num_attention_heads=4, subsampling_conv_channels=[16, 8], output_proj_dims=64,
)


def preprocessor(settings, **more):
    return {"preprocessor_config.json": {**settings, **more}}


def processor(settings, **more):
    """The newer form, in which several processors share a file."""
    return {"processor_config.json": {"image_processor": {**settings, **more}, "processor_class": "Processor"}}


FAMILIES = {
    "gemma3": (
        "Gemma3Config", dict(text_config=dict(TEXT, head_dim=16), vision_config=SIGLIP, mm_tokens_per_image=4),
        preprocessor(HALVES, image_seq_length=4),
    ),
    # Of the scale that engines take for granted, and with rows that do not fill blocks of 32.
    "gemma3-usual": (
        "Gemma3Config",
        dict(text_config=dict(TEXT, head_dim=16), mm_tokens_per_image=4,
             vision_config=dict(SIGLIP, hidden_size=48, intermediate_size=80)),
        processor(HALVES, image_seq_length=4, size={"height": 112, "width": 112}),
    ),
    "smolvlm": (
        "SmolVLMConfig",
        dict(text_config=dict(TEXT, model_type="llama"), scale_factor=4,
             vision_config=dict(hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4,
                                image_size=64, patch_size=16)),
        preprocessor(HALVES, size={"longest_edge": 256}),
    ),
    "idefics3": (
        "Idefics3Config",
        dict(text_config=dict(TEXT, model_type="llama"),
             vision_config=dict(hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
                                image_size=64, patch_size=32)),
        preprocessor(HALVES),
    ),
    "lfm2-vl": (
        "Lfm2VlConfig",
        dict(text_config=dict(TEXT, model_type="lfm2", layer_types=["conv", "full_attention"], block_multiple_of=16),
             vision_config=dict(model_type="siglip2_vision_model", hidden_size=64, intermediate_size=96, num_hidden_layers=3,
                                num_attention_heads=4, num_patches=16, patch_size=16, vision_use_head=False),
             projector_hidden_size=96),
        preprocessor(HALVES),
    ),
    "qwen2-vl": (
        "Qwen2VLConfig",
        dict(text_config=dict(TEXT, rope_parameters=SECTIONS, rms_norm_eps=1e-6),
             vision_config=dict(depth=3, embed_dim=32, hidden_size=64, num_heads=2, mlp_ratio=2, patch_size=14)),
        preprocessor(CLIP),
    ),
    "qwen2.5-vl": (
        "Qwen2_5_VLConfig",
        dict(text_config=dict(TEXT, rope_parameters=SECTIONS, rms_norm_eps=1e-6),
             vision_config=dict(depth=4, hidden_size=64, intermediate_size=96, num_heads=4, out_hidden_size=64,
                                fullatt_block_indexes=[1, 3])),
        preprocessor(CLIP),
    ),
    "qwen3-vl": (
        "Qwen3VLConfig",
        dict(text_config=dict(TEXT, num_hidden_layers=4, head_dim=16, rope_parameters=SECTIONS),
             vision_config=dict(QWEN3_VISION, deepstack_visual_indexes=[0, 2])),
        preprocessor(HALVES),
    ),
    "qwen35": (
        "Qwen3_5Config",
        dict(text_config=dict(TEXT, num_hidden_layers=4, head_dim=32, linear_num_key_heads=2, linear_num_value_heads=4,
                              linear_key_head_dim=16, linear_value_head_dim=16),
             vision_config=QWEN3_VISION),
        preprocessor(HALVES),
    ),
    "gemma4": ("Gemma4Config", dict(text_config=GEMMA4_TEXT, vision_config=GEMMA4_VISION), processor(IDENTITY)),
    "gemma4-standard": (
        "Gemma4Config",
        dict(text_config=GEMMA4_TEXT, vision_config=dict(GEMMA4_VISION, standardize=True, use_clipped_linears=True)),
        processor(IDENTITY),
    ),
    "gemma4-audio": (
        "Gemma4Config", dict(text_config=GEMMA4_TEXT, vision_config=GEMMA4_VISION, audio_config=GEMMA4_AUDIO),
        processor(IDENTITY),
    ),
}


def settings(name):
    return copy.deepcopy(FAMILIES[name][1])
