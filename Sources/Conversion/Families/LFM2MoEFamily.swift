import GGUF

/// LFM2-MoE: LFM2 with experts in all layers but the first ones.
struct LFM2MoEFamily: ModelFamily {
    static let architectures = ["Lfm2MoeForCausalLM"]
    static let ggufName = "lfm2moe"
    static let defaults = [
        "conv_L_cache": "3", "max_position_embeddings": "128000", "moe_intermediate_size": "1792", "norm_eps": "1e-5",
        "num_dense_layers": "2", "num_experts": "32", "num_experts_per_tok": "4", "num_key_value_heads": "8",
        "rope_theta": "1000000.0", "vocab_size": "65536",
    ]
    static let layerNames = LFM2Family.layerNames.merging(["feed_forward.gate": "ffn_gate_inp"]) { $1 }
    static let outsideNames = LFM2Family.outsideNames
    static let experts: ExpertNames? = .ofFeedForward
    static let preTokenizer = LFM2Family.preTokenizer
    static let tiesEmbeddings = true

    let config: ModelConfig

    func use(of name: String) throws -> TensorUse {
        let names = TensorNames(self)
        if let (layer, rest) = try names.split(name), rest == "feed_forward.expert_bias" {
            return .tensors([.init(name: "blk.\(layer).exp_probs_b.bias")])
        }
        return try names.use(of: name)
    }

    func edit(of name: String) -> TensorEdit {
        TensorEdit(dropsMiddleDimension: name.hasSuffix(".conv.conv.weight"))
    }

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        func set(_ key: String, _ value: Int) { metadata.set("lfm2moe.\(key)", .uint32(UInt32(value))) }
        var common = CommonParameters(config, Self.ggufName, fileType: fileType)
        let (count, layers) = (try config.keyValueHeadCount, try config.requiredCount("num_hidden_layers"))
        guard let types = config.strings("layer_types"), types.count == layers else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: "layer_types",
                expected: "a list of \(layers), one for each layer"
            )
        }
        common.keyValueHeadCounts = types.map { $0 == "full_attention" ? count : 0 }
        try common.write(to: &metadata)
        set("expert_feed_forward_length", try config.requiredInteger("moe_intermediate_size"))
        set("leading_dense_block_count", try config.requiredInteger("num_dense_layers"))
        set("expert_gating_func", 2)
        set("vocab_size", try config.requiredInteger("vocab_size"))
        set("shortconv.l_cache", try config.requiredInteger("conv_L_cache"))
    }
}
