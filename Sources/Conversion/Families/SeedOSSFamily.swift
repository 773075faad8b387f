/// Seed-OSS: Qwen2 whose second norm has the name of a norm after attention in GGUF.
struct SeedOSSFamily: ModelFamily {
    static let architectures = ["SeedOssForCausalLM"]
    static let ggufName = "seed_oss"
    static let defaults = [
        "head_dim": "128", "max_position_embeddings": "524288", "num_key_value_heads": "8", "rms_norm_eps": "1e-6",
        "rope_theta": "10000.0", "vocab_size": "155136",
    ]
    static let layerNames = ["post_attention_layernorm": "post_attention_norm"]
    static let preTokenizer: String? = "seed-coder"

    let config: ModelConfig
}
