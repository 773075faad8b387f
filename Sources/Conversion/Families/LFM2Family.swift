import GGUF

/// LFM2: short convolutions in most layers, attention in the others.
struct LFM2Family: ModelFamily {
    static let architectures = ["Lfm2ForCausalLM", "LFM2ForCausalLM"]
    static let ggufName = "lfm2"
    static let defaults = [
        "block_auto_adjust_ff_dim": "true", "block_ffn_dim_multiplier": "1.0", "block_multiple_of": "256",
        "conv_L_cache": "3", "max_position_embeddings": "128000", "norm_eps": "1e-5", "num_key_value_heads": "8",
        "rope_theta": "1000000.0", "vocab_size": "65536",
    ]
    static let layerNames = [
        "operator_norm": "attn_norm", "self_attn.out_proj": "attn_output", "self_attn.q_layernorm": "attn_q_norm",
        "self_attn.k_layernorm": "attn_k_norm", "conv.conv": "shortconv.conv", "conv.in_proj": "shortconv.in_proj",
        "conv.out_proj": "shortconv.out_proj", "feed_forward.w1": "ffn_gate", "feed_forward.w2": "ffn_down",
        "feed_forward.w3": "ffn_up", "ffn_norm": "ffn_norm",
    ]
    static let outsideNames = ["model.embedding_norm": "token_embd_norm"]
    static let preTokenizer: String? = "lfm2"

    static let tiesEmbeddings = true
    let config: ModelConfig

    func edit(of name: String) -> TensorEdit {
        TensorEdit(dropsMiddleDimension: name.hasSuffix(".conv.conv.weight"))
    }

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        var common = CommonParameters(config, Self.ggufName, fileType: fileType)
        common.keyValueHeadCounts = try keyValueHeadCounts()
        try common.write(to: &metadata)
        // The key has the usual place; its value is what the blocks make of config.json's number.
        metadata.set("lfm2.feed_forward_length", .uint32(UInt32(clamping: try feedForwardLength())))
        metadata.set("lfm2.vocab_size", .uint32(UInt32(try config.requiredInteger("vocab_size"))))
        metadata.set("lfm2.shortconv.l_cache", .uint32(UInt32(try config.requiredInteger("conv_L_cache"))))
    }

    /// The number of key-value heads of each layer; 0 in layers without attention.
    private func keyValueHeadCounts() throws -> [Int] {
        let count = try config.keyValueHeadCount
        let layers = try config.requiredCount("num_hidden_layers")
        if let types = config.strings("layer_types") { return types.map { $0 == "conv" ? 0 : count } }
        guard let attending = config.integers("full_attn_idxs") else { return Array(repeating: count, count: layers) }
        return (0..<layers).map { attending.contains($0) ? count : 0 }
    }

    private func feedForwardLength() throws -> Int {
        let length = try config.requiredInteger("block_ff_dim", "intermediate_size")
        guard config.flag("block_auto_adjust_ff_dim") == true else { return length }
        let multiple = try config.requiredCount("block_multiple_of")
        let factor = try config.requiredNumber("block_ffn_dim_multiplier")
        guard (0...1024).contains(factor) else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: "block_ffn_dim_multiplier",
                expected: "0 to 1024"
            )
        }
        let adjusted = Int(factor * Double(2 * length / 3))
        return (adjusted + multiple - 1) / multiple * multiple
    }
}
