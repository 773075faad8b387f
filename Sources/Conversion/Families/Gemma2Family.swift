import GGUF

/// Gemma 2: norms before and after each part, and soft caps on scores.
struct Gemma2Family: GemmaLikeFamily {
    static let architectures = ["Gemma2ForCausalLM"]
    static let ggufName = "gemma2"
    static let defaults = [
        "attn_logit_softcapping": "50.0", "final_logit_softcapping": "30.0", "head_dim": "256",
        "max_position_embeddings": "8192", "num_attention_heads": "8", "num_key_value_heads": "4",
        "rms_norm_eps": "1e-6", "sliding_window": "4096", "vocab_size": "256000",
    ]
    static let layerNames = [
        "post_attention_layernorm": "post_attention_norm", "pre_feedforward_layernorm": "ffn_norm",
        "post_feedforward_layernorm": "post_ffw_norm",
    ]

    let config: ModelConfig

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        try writeEarlyParameters(to: &metadata, fileType: fileType)
        let attention = try config.requiredNumber("attn_logit_softcapping")
        metadata.set("gemma2.attn_logit_softcapping", .float32(Float(attention)))
        let final = try config.requiredNumber("final_logit_softcapping")
        metadata.set("gemma2.final_logit_softcapping", .float32(Float(final)))
        metadata.set("gemma2.attention.sliding_window", .uint32(UInt32(try config.requiredInteger("sliding_window"))))
    }

    func writeVocabulary(
        of folder: HuggingFaceFolder,
        to metadata: inout Metadata,
        options: ConversionOptions
    ) throws {
        try writeSentencePiece(of: folder, to: &metadata)
        metadata.set("tokenizer.ggml.add_space_prefix", .bool(false))
    }
}
