import GGUF

/// GPT-2: learned positions, and transposed matrices.
struct GPT2Family: ModelFamily {
    static let architectures = ["GPT2LMHeadModel"]
    static let ggufName = "gpt2"
    static let defaults = [
        "layer_norm_epsilon": "1e-5", "n_embd": "768", "n_head": "12", "n_layer": "12", "n_positions": "1024",
        "vocab_size": "50257",
    ]
    static let layerNames = [
        "ln_1": "attn_norm", "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output", "ln_2": "ffn_norm",
        "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down",
    ]
    static let outsideNames = [
        "transformer.wte": "token_embd", "transformer.wpe": "position_embd", "transformer.ln_f": "output_norm",
    ]

    static let tiesEmbeddings = true
    let config: ModelConfig

    func use(of name: String) throws -> TensorUse {
        // Causal masks, which are not learned.
        if name.hasSuffix(".attn.bias") || name.hasSuffix(".attn.masked_bias") { return .leftOut }
        // The first checkpoints lack the prefix of the outer module.
        let isBare = ["h.", "wte.", "wpe.", "ln_f."].contains(where: name.hasPrefix)
        return try TensorNames(self).use(of: isBare ? "transformer.\(name)" : name)
    }

    func edit(of name: String) -> TensorEdit {
        let isTurned = ["c_attn.weight", "c_proj.weight", "c_fc.weight"].contains(where: name.hasSuffix)
        return TensorEdit(order: isTurned ? .transposed : .unchanged)
    }

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        func set(_ key: String, _ value: Int) { metadata.set("gpt2.\(key)", .uint32(UInt32(clamping: value))) }
        let embeddingLength = try config.requiredInteger("n_embd")
        set("block_count", try config.layerCount)
        set("context_length", try config.requiredInteger("n_ctx", "n_positions"))
        set("embedding_length", embeddingLength)
        set("feed_forward_length", 4 * embeddingLength)
        set("attention.head_count", try config.requiredInteger("n_head"))
        let epsilon = try config.requiredNumber("layer_norm_epsilon")
        metadata.set("gpt2.attention.layer_norm_epsilon", .float32(Float(epsilon)))
        metadata.set("general.file_type", .uint32(fileType))
    }
}
