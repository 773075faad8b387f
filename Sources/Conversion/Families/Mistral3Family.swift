import GGUF

/// The text part of Mistral Small 3.1 and Ministral 3: Llama; Ministral 3 also scales queries by their position.
struct Mistral3Family: LlamaLikeFamily {
    static let architectures = ["Mistral3ForConditionalGeneration"]
    static let ggufName = "mistral3"
    static let defaults = MistralFamily.defaults
    static func defaults(for config: ModelConfig) -> [String: String] {
        config.string("model_type") == "ministral3" ? Ministral3Family.defaults : defaults
    }
    static let headLength = CommonParameters.HeadLength.always
    static let preTokenizer: String? = "tekken"

    let config: ModelConfig

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        try writeLlamaParameters(to: &metadata, fileType: fileType)
        try Ministral3Family.writeTemperature(of: config, to: &metadata)
    }
}

/// Ministral 3 without the vision part.
struct Ministral3Family: LlamaLikeFamily {
    static let architectures = ["Ministral3ForCausalLM"]
    static let ggufName = Mistral3Family.ggufName
    static let defaults = [
        "head_dim": "128", "max_position_embeddings": "262144", "num_key_value_heads": "8", "rms_norm_eps": "1e-5",
        "rope_theta": "10000.0", "vocab_size": "131072",
        "rope_scaling": """
        {"rope_type": "yarn", "rope_theta": 1000000.0, "factor": 16.0, "original_max_position_embeddings": 16384,
        "beta_fast": 32.0, "beta_slow": 1.0, "mscale_all_dim": 1.0, "mscale": 1.0, "llama_4_scaling_beta": 0.1}
        """,
    ]
    static let headLength = CommonParameters.HeadLength.always
    static let preTokenizer = Mistral3Family.preTokenizer

    let config: ModelConfig

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        try writeLlamaParameters(to: &metadata, fileType: fileType)
        try Self.writeTemperature(of: config, to: &metadata)
    }

    /// Writes how attention scales with YaRN, and how queries scale with their position.
    static func writeTemperature(of config: ModelConfig, to metadata: inout Metadata) throws {
        guard config.string("model_type") == "ministral3" else { return }
        guard config.ropeType == "yarn" else { throw ConversionProblem.unsupportedRope(config.ropeType ?? "unnamed") }
        let keys = [
            ("rope.scaling.yarn_log_multiplier", "mscale_all_dim"),
            ("attention.temperature_scale", "llama_4_scaling_beta"),
        ]
        for (key, name) in keys {
            guard let number = try config.ropeNumber(name) else {
                throw ConversionProblem.missingKey(file: ModelConfig.file, key: "rope_parameters.\(name)")
            }
            metadata.set("\(ggufName).\(key)", .float32(Float(number)))
        }
    }
}
