/// SmolLM3: Llama without RoPE in every fourth layer; engines know that from the architecture's name.
struct SmolLM3Family: LlamaLikeFamily {
    static let architectures = ["SmolLM3ForCausalLM"]
    static let ggufName = "smollm3"
    static let defaults = [
        "max_position_embeddings": "32768", "num_key_value_heads": "4", "rms_norm_eps": "1e-6",
        "rope_theta": "2000000.0", "vocab_size": "128256",
    ]
    static let headLength = CommonParameters.HeadLength.whereGiven

    static let tiesEmbeddings = true
    let config: ModelConfig
}
