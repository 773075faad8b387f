import GGUF

/// Gemma of the first generation, and CodeGemma.
struct GemmaFamily: GemmaLikeFamily {
    static let architectures = ["GemmaForCausalLM"]
    static let ggufName = "gemma"
    static let defaults = [
        "head_dim": "256", "max_position_embeddings": "8192", "num_attention_heads": "16",
        "num_key_value_heads": "16", "rms_norm_eps": "1e-6", "vocab_size": "256000",
    ]

    let config: ModelConfig

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        try writeEarlyParameters(to: &metadata, fileType: fileType)
    }

    func writeVocabulary(
        of folder: HuggingFaceFolder,
        to metadata: inout Metadata,
        options: ConversionOptions
    ) throws {
        try writeSentencePiece(of: folder, to: &metadata)
        // The end of a turn; the reference writes it for the whole family.
        metadata.set("tokenizer.ggml.eot_token_id", .uint32(107))
        metadata.set("tokenizer.ggml.add_space_prefix", .bool(false))
    }
}
