import BinaryIO
import GGUF

/// ERNIE 4.5 without experts: Llama whose checkpoints already have the neighbouring pairs of "normal" RoPE.
struct Ernie45Family: ModelFamily {
    static let architectures = ["Ernie4_5ForCausalLM", "Ernie4_5_ForCausalLM"]
    static let ggufName = "ernie4_5"
    static let defaults = [
        "head_dim": "128", "max_position_embeddings": "131072", "num_key_value_heads": "2", "rms_norm_eps": "1e-5",
        "rope_theta": "500000.0", "vocab_size": "103424",
    ]
    static let tiesEmbeddings = true

    let config: ModelConfig

    /// Some checkpoints have one matrix for queries, keys and values, and one for gate and up.
    func use(of name: String) throws -> TensorUse {
        let name = name.replacing("ernie.", with: "model.")
        let names = TensorNames(self)
        guard let (layer, rest) = try names.split(name) else { return try names.use(of: name) }
        func outputs(_ parts: [(name: String, rows: Int)]) -> TensorUse {
            var first = 0
            return .tensors(
                parts.map { part in
                    defer { first += part.rows }
                    let rows = RowOrder.picked(Array(first..<(first + part.rows)))
                    return .init(name: "blk.\(layer).\(part.name).weight", edit: TensorEdit(order: rows))
                }
            )
        }
        switch rest {
        case "self_attn.qkv_proj.weight":
            let length = try config.headLength
            let keys = try config.keyValueHeadCount * length
            let queries = try config.requiredCount("num_attention_heads") * length
            return outputs([("attn_q", queries), ("attn_k", keys), ("attn_v", keys)])
        case "mlp.up_gate_proj.weight":
            let length = try config.requiredCount("intermediate_size")
            return outputs([("ffn_gate", length), ("ffn_up", length)])
        default:
            return try names.use(of: name)
        }
    }

    func writeVocabulary(
        of folder: HuggingFaceFolder,
        to metadata: inout Metadata,
        options: ConversionOptions
    ) throws {
        try Self.writeVocabulary(of: folder, to: &metadata, options: options)
    }

    /// Writes the vocabulary, which the family's models with experts share.
    static func writeVocabulary(
        of folder: HuggingFaceFolder,
        to metadata: inout Metadata,
        options: ConversionOptions
    ) throws {
        try Vocabularies.write(of: folder, to: &metadata, options: options)
        if let prefix = try folder.json("tokenizer_config.json")?["add_prefix_space"]?.bool {
            metadata.set("tokenizer.ggml.add_space_prefix", .bool(prefix))
        }
    }
}
