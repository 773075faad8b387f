import GGUF

/// GLM-4 of 2025: norms before and after each part, gate and up in one matrix, RoPE on half of each head.
struct GLM4Family: ModelFamily {
    static let architectures = ["Glm4ForCausalLM"]
    static let ggufName = "glm4"
    static let defaults = [
        "head_dim": "128", "max_position_embeddings": "131072", "num_key_value_heads": "2",
        "partial_rotary_factor": "0.5", "rms_norm_eps": "1.5625e-07", "rope_theta": "10000.0", "vocab_size": "151552",
    ]
    static let layerNames = [
        "post_self_attn_layernorm": "post_attention_norm", "post_mlp_layernorm": "post_ffw_norm",
        "mlp.gate_up_proj": "ffn_up",
    ]
    /// Tokens with a role by default, unless the files assign it to others.
    private static let roles = [
        ("eos", "<|endoftext|>"), ("eot", "<|user|>"), ("unk", "<|endoftext|>"), ("bos", "<|endoftext|>"),
    ]

    let config: ModelConfig

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        try CommonParameters(config, Self.ggufName, fileType: fileType).write(to: &metadata)
        let length = Int(Double(try config.headLength) * (try config.rotaryShare()))
        metadata.set("glm4.rope.dimension_count", .uint32(UInt32(length)))
    }

    func writeVocabulary(
        of folder: HuggingFaceFolder,
        to metadata: inout Metadata,
        options: ConversionOptions
    ) throws {
        let files = try TokenizerFiles(folder)
        let vocabulary = try ByteLevelVocabulary(files, options: options, familyName: "glm4")
        try vocabulary.write(of: files, to: &metadata, roles: Self.roles)
    }
}
