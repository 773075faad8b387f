import GGUF

/// Granite 3: Llama with four scale factors.
struct GraniteFamily: LlamaLikeFamily {
    static let architectures = ["GraniteForCausalLM"]
    static let ggufName = "granite"
    static let defaults = [
        "attention_multiplier": "1.0", "embedding_multiplier": "1.0", "logits_scaling": "1.0",
        "max_position_embeddings": "2048", "residual_multiplier": "1.0", "rms_norm_eps": "1e-6",
        "rope_theta": "10000.0", "vocab_size": "32000",
    ]
    static let headLength = CommonParameters.HeadLength.never
    static let preTokenizer: String? = "refact"

    let config: ModelConfig

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        try writeLlamaParameters(to: &metadata, fileType: fileType)
        try Self.writeFactors(of: config, to: &metadata, prefix: Self.ggufName)
    }

    /// Writes the factors of attention, embeddings, residuals and logits.
    static func writeFactors(
        of config: ModelConfig,
        to metadata: inout Metadata,
        prefix: String = Self.ggufName
    ) throws {
        let factors = [
            ("attention.scale", "attention_multiplier"), ("embedding_scale", "embedding_multiplier"),
            ("residual_scale", "residual_multiplier"), ("logit_scale", "logits_scaling"),
        ]
        for (key, name) in factors {
            guard let factor = try config.number(name), factor != 0 else { continue }
            metadata.set("\(prefix).\(key)", .float32(Float(factor)))
        }
    }
}
