import GGUF

/// ERNIE 4.5 with experts in all layers but the first, beside a shared one, chosen with a bias. Layers that predict
/// further tokens are left out.
struct Ernie45MoEFamily: ModelFamily {
    static let architectures = ["Ernie4_5_MoeForCausalLM"]
    static let ggufName = "ernie4_5-moe"
    static let defaults = [
        "max_position_embeddings": "131072", "moe_intermediate_size": "1536", "moe_k": "6", "moe_layer_interval": "1",
        "moe_layer_start_index": "1", "moe_num_experts": "64", "moe_num_shared_experts": "2",
        "num_attention_heads": "20", "num_hidden_layers": "28", "num_key_value_heads": "4", "rms_norm_eps": "1e-5",
        "rope_theta": "500000.0",
        "vocab_size": "103424",
    ]
    static let layerNames = [
        "mlp.gate": "ffn_gate_inp", "mlp.shared_experts.gate_proj": "ffn_gate_shexp",
        "mlp.shared_experts.up_proj": "ffn_up_shexp", "mlp.shared_experts.down_proj": "ffn_down_shexp",
    ]
    static let experts: ExpertNames? = ExpertNames(
        module: ExpertNames.projections.module,
        matrices: [("gate_proj", "ffn_gate_exps"), ("up_proj", "ffn_up_exps"), ("down_proj", "ffn_down_exps")],
        countKeys: ["moe_num_experts"]
    )
    static let tiesEmbeddings = true

    /// Prefixes of tensors that only predict further tokens.
    private static let predictors = ["mtp_block.", "mtp_emb_norm.", "mtp_hidden_norm.", "mtp_linear_proj."]

    let config: ModelConfig

    func use(of name: String) throws -> TensorUse {
        let name = name.replacing("ernie.", with: "model.")
        if Self.predictors.contains(where: { name.hasPrefix("model.\($0)") }) { return .leftOut }
        let names = TensorNames(self)
        if let (layer, rest) = try names.split(name), rest == "mlp.moe_statics.e_score_correction_bias" {
            return .tensors([.init(name: "blk.\(layer).exp_probs_b.bias")])
        }
        return try names.use(of: name)
    }

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        func set(_ key: String, _ value: Int?) {
            if let value { metadata.set("\(Self.ggufName).\(key)", .uint32(UInt32(value))) }
        }
        try CommonParameters(config, Self.ggufName, fileType: fileType).write(to: &metadata)
        set("expert_count", try config.requiredInteger("moe_num_experts"))
        set("expert_used_count", try config.requiredInteger("moe_k"))
        set("interleave_moe_layer_step", try config.requiredInteger("moe_layer_interval"))
        set("leading_dense_block_count", try config.requiredInteger("moe_layer_start_index"))
        set("expert_feed_forward_length", try config.integer("moe_intermediate_size"))
        guard let shared = try config.integer("moe_num_shared_experts") else { return }
        set("expert_shared_count", shared)
        guard shared > 0, let length = try config.integer("intermediate_size") else { return }
        // The reference divides by the number of key-value heads, which gives the right width for the published models.
        set("expert_shared_feed_forward_length", length / (try config.requiredCount("num_key_value_heads")))
    }

    func writeVocabulary(
        of folder: HuggingFaceFolder,
        to metadata: inout Metadata,
        options: ConversionOptions
    ) throws {
        try Ernie45Family.writeVocabulary(of: folder, to: &metadata, options: options)
    }
}
