/// Mistral: Llama with other defaults.
struct MistralFamily: LlamaLikeFamily {
    static let architectures = ["MistralForCausalLM"]
    static let ggufName = "llama"
    static let defaults = [
        "max_position_embeddings": "131072", "num_key_value_heads": "8", "rms_norm_eps": "1e-6",
        "rope_theta": "10000.0", "vocab_size": "32000",
    ]
    static let headLength = CommonParameters.HeadLength.always

    let config: ModelConfig
}
