import BinaryIO
import GGUF

/// ModernBERT: rotary embeddings, windows in two layers of three, and gated networks.
struct ModernBERTFamily: EncoderFamily {
    static let architectures = ["ModernBertModel", "ModernBertForMaskedLM", "ModernBertForSequenceClassification"]
    static let ggufName = "modern-bert"
    static let defaults = [
        "classifier_pooling": "\"cls\"", "global_attn_every_n_layers": "3", "hidden_activation": "\"gelu\"",
        "hidden_size": "768", "intermediate_size": "1152", "local_attention": "128", "max_position_embeddings": "8192",
        "num_attention_heads": "12", "num_hidden_layers": "22", "vocab_size": "50368",
    ]
    static let layerNames = [
        "attn_norm": "attn_norm", "attn.Wqkv": "attn_qkv", "attn.Wo": "attn_output", "mlp_norm": "ffn_norm",
        "mlp.Wi": "ffn_up", "mlp.Wo": "ffn_down",
    ]
    static let outsideNames = [
        "embeddings.tok_embeddings": "token_embd", "embeddings.norm": "token_embd_norm", "final_norm": "output_norm",
        "head.dense": "cls", "head.norm": "cls.norm",
    ]
    static let holders = ["model."]
    static let droppedNames: [String] = []
    static let preTokenizer: String? = "modern-bert"

    let config: ModelConfig

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        func set(_ key: String, _ value: MetadataValue) { metadata.set("\(Self.ggufName).\(key)", value) }
        try writeEncoderParameters(to: &metadata, fileType: fileType)
        set("attention.sliding_window", .uint32(UInt32(try config.requiredInteger("local_attention"))))
        if let period = try config.integer("global_attn_every_n_layers") {
            set("attention.sliding_window_pattern", .uint32(UInt32(period)))
        }
        set("rope.scaling.type", .string("none"))
        set("vocab_size", .uint32(UInt32(try config.requiredInteger("vocab_size"))))
        if let activation = config.string("hidden_activation"), !activation.isEmpty {
            set("hidden_activation", .string(activation))
        }
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
