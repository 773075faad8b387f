import GGUF

/// OLMo 2: norms after each part instead of before, and on queries and keys as whole rows.
struct OLMo2Family: ModelFamily {
    static let architectures = ["Olmo2ForCausalLM"]
    static let ggufName = "olmo2"
    static let defaults = [
        "max_position_embeddings": "2048", "rms_norm_eps": "1e-5", "rope_theta": "10000.0", "vocab_size": "50304",
    ]
    static let layerNames = [
        "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
        "post_attention_layernorm": "post_attention_norm", "post_feedforward_layernorm": "post_ffw_norm",
    ]
    static let preTokenizer: String? = "dbrx"

    let config: ModelConfig
}

/// OLMo 3: OLMo 2 with sliding windows in most layers.
struct OLMo3Family: ModelFamily {
    static let architectures = ["Olmo3ForCausalLM"]
    static let ggufName = OLMo2Family.ggufName
    static let defaults = OLMo2Family.defaults.merging(["sliding_window": "4096"]) { $1 }
    static let layerNames = OLMo2Family.layerNames
    static let preTokenizer = OLMo2Family.preTokenizer

    let config: ModelConfig

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        try CommonParameters(config, Self.ggufName, fileType: fileType).write(to: &metadata)
        metadata.set("olmo2.attention.sliding_window", .uint32(UInt32(try config.requiredInteger("sliding_window"))))
        // By default every fourth layer has full attention.
        let layers = try config.requiredCount("num_hidden_layers")
        let slides =
            config.strings("layer_types")?.map { $0 == "sliding_attention" } ?? (1...layers).map { $0 % 4 != 0 }
        metadata.set("olmo2.attention.sliding_window_pattern", .array(.bool(slides)))
    }
}
