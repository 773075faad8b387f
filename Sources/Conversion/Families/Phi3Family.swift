/// Phi-3, Phi-3.5 and Phi-4 mini: one tensor for query, key and value, one for gate and up projection.
struct Phi3Family: PhiLikeFamily {
    static let architectures = ["Phi3ForCausalLM", "Phi4ForCausalLMV"]
    static let ggufName = "phi3"
    static let defaults = [
        "max_position_embeddings": "4096", "original_max_position_embeddings": "4096", "rms_norm_eps": "1e-5",
        "rope_theta": "10000.0", "vocab_size": "32064",
    ]
    static let layerNames = ["self_attn.qkv_proj": "attn_qkv", "mlp.gate_up_proj": "ffn_up"]

    let config: ModelConfig
}
