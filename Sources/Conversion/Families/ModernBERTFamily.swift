import BinaryIO
import GGUF

/// ModernBERT: rotary embeddings, windows around most tokens, gated networks and byte pairs.
struct ModernBERTFamily: EncoderFamily {
    static let architectures = ["ModernBertModel", "ModernBertForMaskedLM", "ModernBertForSequenceClassification"]
    static let ggufName = "modern-bert"
    static let defaults = [
        "hidden_size": "768", "intermediate_size": "1152", "max_position_embeddings": "8192", "norm_eps": "1e-05",
        "num_attention_heads": "12", "num_hidden_layers": "22", "vocab_size": "50368", "local_attention": "128",
        "global_rope_theta": "160000.0", "local_rope_theta": "10000.0", "classifier_pooling": "\"cls\"",
        "hidden_activation": "\"gelu\"",
    ]
    static let layerNames = [
        "attn_norm": "attn_norm", "attn.Wqkv": "attn_qkv", "attn.Wo": "attn_output",
        "mlp_norm": "ffn_norm", "mlp.Wi": "ffn_up", "mlp.Wo": "ffn_down",
    ]
    static let outsideNames = [
        "embeddings.tok_embeddings": "token_embd", "embeddings.norm": "token_embd_norm", "final_norm": "output_norm",
        "head.dense": "cls", "head.norm": "cls.norm", "classifier.out_proj": "cls.output",
    ]
    static let holders = ["model."]
    static let droppedNames: [String] = []
    static let preTokenizer: String? = "modern-bert"

    private static let period = "global_attn_every_n_layers"
    /// The period that engines assume if a file does not give one.
    private static let usualPeriod = 3

    let config: ModelConfig

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        try writeEncoderParameters(to: &metadata, fileType: fileType)
        func set(_ key: String, _ value: Int) { metadata.set("\(Self.ggufName).\(key)", .uint32(UInt32(value))) }
        set("attention.sliding_window", try config.requiredInteger("local_attention"))
        if let period = try period() { set("attention.sliding_window_pattern", period) }
        metadata.set("\(Self.ggufName).rope.scaling.type", .string("none"))
        set("vocab_size", try config.requiredInteger("vocab_size"))
        if let activation = config.string("hidden_activation") {
            metadata.set("\(Self.ggufName).hidden_activation", .string(activation))
        }
    }

    /// The distance between layers of full attention; nil if the layers have the period that engines assume anyway.
    /// - Throws: `ConversionProblem.invalidValue` for kinds of layers in another order, which no GGUF key can express.
    private func period() throws -> Int? {
        if let own = try config.integer(Self.period) { return own }
        guard let kinds = config.json["layer_types"]?.array?.compactMap(\.string), !kinds.isEmpty else {
            return Self.usualPeriod
        }
        let isUsual = kinds.enumerated().allSatisfy { index, kind in
            (kind == "full_attention") == index.isMultiple(of: Self.usualPeriod)
        }
        guard isUsual else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: "layer_types",
                expected: "full attention in every third layer from the first on, or '\(Self.period)' beside it,"
            )
        }
        return nil
    }

    func writeVocabulary(
        of folder: HuggingFaceFolder,
        to metadata: inout Metadata,
        options: ConversionOptions
    ) throws {
        for role in ["bos", "eos", "sep"] { metadata.set("tokenizer.ggml.add_\(role)_token", .bool(true)) }
        let files = try TokenizerFiles(folder)
        try ByteLevelVocabulary(files, options: options, familyName: Self.preTokenizer).write(of: files, to: &metadata)
    }
}
