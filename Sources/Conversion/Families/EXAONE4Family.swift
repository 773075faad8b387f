import GGUF

/// EXAONE 4: norms after each part instead of before, and on queries and keys; the largest model has windows.
struct EXAONE4Family: ModelFamily {
    static let architectures = ["Exaone4ForCausalLM"]
    static let ggufName = "exaone4"
    static let defaults = [
        "max_position_embeddings": "2048", "num_key_value_heads": "32", "rms_norm_eps": "1e-5",
        "rope_theta": "10000.0", "sliding_window": "4096", "vocab_size": "102400",
    ]
    static let layerNames = OLMo2Family.layerNames
    static let preTokenizer: String? = "exaone4"

    let config: ModelConfig

    func extras() throws -> FamilyExtras {
        FamilyExtras(tensors: try Llama3Factors.read(config, factor: 16).map { [("rope_freqs.weight", $0)] } ?? [])
    }

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        try CommonParameters(config, Self.ggufName, fileType: fileType).write(to: &metadata)
        metadata.set("exaone4.vocab_size", .uint32(UInt32(try config.requiredInteger("vocab_size"))))
        guard !config.isNull("sliding_window") else { return }
        metadata.set("exaone4.attention.sliding_window", .uint32(UInt32(try config.requiredInteger("sliding_window"))))
        metadata.set("exaone4.attention.sliding_window_pattern", .array(.bool(try slides())))
    }

    /// The layers with a window: from a list, from a repeated pattern of letters, or all but every n-th.
    private func slides() throws -> [Bool] {
        let layers = try config.requiredCount("num_hidden_layers")
        if let types = config.strings("layer_types") {
            guard types.count == layers else {
                throw ConversionProblem.invalidValue(
                    file: ModelConfig.file,
                    key: "layer_types",
                    expected: "a list of \(layers), one for each layer"
                )
            }
            return types.map { $0 == "sliding_attention" }
        }
        if let letters = config.string("sliding_window_pattern").map(Array.init), !letters.isEmpty {
            return (0..<layers).map { letters[$0 % letters.count] == "L" }
        }
        let period = max(1, try config.integer("sliding_window_pattern") ?? 4)
        return (1...layers).map { !$0.isMultiple(of: period) }
    }
}
