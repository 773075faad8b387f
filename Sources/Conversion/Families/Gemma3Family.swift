import BinaryIO
import GGUF

/// Gemma 3: Gemma 2 with norms on queries and keys, and another RoPE base in most layers. Of a multimodal model, only
/// the text part.
struct Gemma3Family: GemmaLikeFamily {
    static let architectures = ["Gemma3ForCausalLM", "Gemma3ForConditionalGeneration"]
    static let ggufName = "gemma3"
    static let defaults = [
        "head_dim": "256", "max_position_embeddings": "131072", "num_attention_heads": "8",
        "num_key_value_heads": "4", "rms_norm_eps": "1e-6", "rope_local_base_freq": "10000.0",
        "rope_theta": "1000000.0", "sliding_window": "4096", "vocab_size": "262208",
    ]
    static let layerNames = Gemma2Family.layerNames.merging(Qwen3Family.layerNames) { $1 }

    let config: ModelConfig

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        try refuseBothDirections()
        try CommonParameters(config, Self.ggufName, fileType: fileType).write(to: &metadata)
        if let limit = try config.number("final_logit_softcapping"), limit != 0 {
            metadata.set("gemma3.final_logit_softcapping", .float32(Float(limit)))
        }
        guard try config.integer("sliding_window_pattern") != 1 else { return }
        metadata.set("gemma3.attention.sliding_window", .uint32(UInt32(try config.requiredInteger("sliding_window"))))
    }

    /// Cuts off rows without a token.
    func keptRows(of name: String, _ rows: Int, in folder: HuggingFaceFolder) throws -> Int {
        try rowsOfTokens(of: name, rows, in: folder)
    }

    func writeVocabulary(
        of folder: HuggingFaceFolder,
        to metadata: inout Metadata,
        options: ConversionOptions
    ) throws {
        try writeGemma3Vocabulary(of: folder, to: &metadata, options: options)
    }
}
