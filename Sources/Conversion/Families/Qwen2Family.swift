/// Qwen2 and Qwen2.5: Llama with biases on query, key and value, and RoPE over the halves of a head.
struct Qwen2Family: ModelFamily {
    static let architectures = [
        "Qwen2ForCausalLM", "Qwen2Model", "AudioFlamingo3ForConditionalGeneration", "DotsOCRForCausalLM",
        "KORMoForCausalLM", "Qwen2AudioForConditionalGeneration",
    ]
    static let ggufName = "qwen2"
    static let readsPooling = true
    static let defaults = [
        "max_position_embeddings": "32768", "num_key_value_heads": "32", "rms_norm_eps": "1e-6",
        "rope_theta": "10000.0", "vocab_size": "151936",
    ]

    // The names in KORMo's checkpoints.
    static let layerNames = ["pre_attention_layernorm": "attn_norm", "pre_mlp_layernorm": "ffn_norm"]

    let config: ModelConfig
}
