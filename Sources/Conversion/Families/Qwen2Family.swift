import GGUF

/// Qwen2 and Qwen2.5: as Llama, with biases on query, key and value, and RoPE over the halves of a head.
struct Qwen2Family: ModelFamily {
    static let architectures = ["Qwen2ForCausalLM"]
    static let ggufName = "qwen2"

    private let config: ModelConfig
    let layerCount: Int

    init(_ config: ModelConfig) throws {
        self.config = config
        layerCount = try config.requiredInteger("num_hidden_layers")
    }

    func extras() -> FamilyExtras { FamilyExtras() }

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        try CommonParameters.write(
            config,
            layerCount: layerCount,
            keyLength: try config.integer("head_dim"),
            Self.ggufName,
            to: &metadata
        )
        metadata.set("general.file_type", .uint32(fileType))
    }

    func writeVocabulary(
        of folder: HuggingFaceFolder,
        to metadata: inout Metadata,
        options: ConversionOptions
    ) throws {
        try Vocabularies.write(of: folder, to: &metadata, options: options)
    }
}
