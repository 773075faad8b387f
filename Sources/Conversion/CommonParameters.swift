import GGUF

/// The hyperparameters that most families write, in the reference converter's order.
struct CommonParameters {
    private let config: ModelConfig
    private let prefix: String
    private let fileType: UInt32
    /// The number of key-value heads of each layer; nil if all layers have the same.
    var keyValueHeadCounts: [Int]?
    var headLength = HeadLength.whereGiven
    /// A kind of RoPE scaling that the family writes as a tensor.
    var ropeOfTensors: String?
    /// Whether to write the number of experts if config.json has one.
    var countsExperts = true
    /// Whether there are as many key-value heads as query heads if config.json does not give their number.
    var assumesOwnKeyHeads = true
    /// The context length, if it differs from the one in config.json.
    var contextLength: Int?
    /// The number of layers after those that config.json counts.
    var extraLayers = 0
    /// Whether config.json must give the width of networks without experts.
    var needsFeedForwardLength = true
    /// The width of each layer's network; nil if all layers have the same.
    var feedForwardLengths: [Int]?

    /// When to write the length of an attention head.
    enum HeadLength { case whereGiven, always, never }

    init(_ config: ModelConfig, _ prefix: String, fileType: UInt32) {
        self.config = config
        self.prefix = prefix
        self.fileType = fileType
    }

    func write(to metadata: inout Metadata) throws {
        func set(_ key: String, _ value: Int?) {
            if let value { metadata.set("\(prefix).\(key)", .uint32(UInt32(value))) }
        }
        func set(_ key: String, _ value: Double?) {
            if let value { metadata.set("\(prefix).\(key)", .float32(Float(value))) }
        }
        set("block_count", try config.layerCount + extraLayers)
        set(
            "context_length",
            try contextLength
                ?? config.integer("max_position_embeddings", "n_ctx", "n_positions", "max_length", "model_max_length")
        )
        set("embedding_length", try config.requiredInteger("hidden_size", "n_embd", "dim"))
        let lengthKeys = ("intermediate_size", "n_inner", "hidden_dim")
        if let lengths = feedForwardLengths {
            metadata.set("\(prefix).feed_forward_length", .array(.int32(lengths.map(Int32.init(clamping:)))))
        } else if let length = try config.integer(lengthKeys.0, lengthKeys.1, lengthKeys.2) {
            set("feed_forward_length", length)
        } else if needsFeedForwardLength {
            _ = try config.requiredInteger(lengthKeys.0, lengthKeys.1, lengthKeys.2)
        }
        let headCount = try config.requiredInteger("num_attention_heads", "n_head", "n_heads")
        set("attention.head_count", headCount)
        if let counts = keyValueHeadCounts {
            metadata.set("\(prefix).attention.head_count_kv", .array(.int32(counts.map(Int32.init))))
        } else {
            let own = try config.integer("num_key_value_heads", "n_kv_heads")
            set("attention.head_count_kv", own ?? (assumesOwnKeyHeads ? headCount : nil))
        }
        if config.flag("is_causal") == false { metadata.set("\(prefix).attention.causal", .bool(false)) }
        try writeRopeScaling(to: &metadata)
        if let sections = try config.ropeSections() {
            metadata.set("\(prefix).rope.dimension_sections", .array(.int32(sections)))
        }
        set("rope.freq_base", try config.ropeNumber("rope_theta"))
        set("rope.freq_base_swa", try config.localRopeBase)
        set("attention.layer_norm_rms_epsilon", try config.number("rms_norm_eps", "norm_eps"))
        set("attention.layer_norm_epsilon", try config.number("layer_norm_eps", "layer_norm_epsilon", "norm_epsilon"))
        if countsExperts { set("expert_count", try config.integer("num_local_experts", "num_experts")) }
        set("expert_used_count", try config.integer("num_experts_per_tok", "num_experts_per_token", "top_k_experts"))
        try writeHeadLength(to: &metadata)
        metadata.set("general.file_type", .uint32(fileType))
    }

    private func writeHeadLength(to metadata: inout Metadata) throws {
        let given = try config.integer("head_dim")
        let length: Int? =
            switch headLength {
            case .whereGiven: given
            case .always: try config.headLength
            case .never: nil
            }
        guard let length else { return }
        metadata.set("\(prefix).attention.key_length", .uint32(UInt32(length)))
        metadata.set("\(prefix).attention.value_length", .uint32(UInt32(length)))
    }

    private func writeRopeScaling(to metadata: inout Metadata) throws {
        func set(_ key: String, _ value: Double?) {
            if let value { metadata.set("\(prefix).rope.scaling.\(key)", .float32(Float(value))) }
        }
        func requiredFactor() throws -> Double {
            guard let factor = try config.ropeNumber("factor") else {
                throw ConversionProblem.missingKey(file: ModelConfig.file, key: "rope_scaling.factor")
            }
            return factor
        }
        switch config.ropeType {
        // Dynamic scaling only applies beyond the trained context, and engines do not support it; sections of positions
        // (mrope) have a key of their own; Llama 3's factors are a tensor.
        case nil, "default", "llama3", "dynamic", "mrope":
            break
        case ropeOfTensors:
            break
        case "su", "longrope":
            metadata.set("\(prefix).rope.scaling.type", .string("longrope"))
        case "linear":
            let factor = try requiredFactor()
            metadata.set("\(prefix).rope.scaling.type", .string("linear"))
            set("factor", factor)
        case "yarn":
            let factor = try requiredFactor()
            // transformers uses the context length if that of the training is not given.
            let original = try config.ropeCount("original_max_position_embeddings")
            let length = try original ?? config.requiredInteger("max_position_embeddings")
            metadata.set("\(prefix).rope.scaling.type", .string("yarn"))
            set("factor", factor)
            metadata.set("\(prefix).rope.scaling.original_context_length", .uint32(UInt32(length)))
            set("yarn_ext_factor", try config.ropeNumber("extrapolation_factor"))
            set("yarn_attn_factor", try config.ropeNumber("attention_factor") ?? config.ropeNumber("attn_factor"))
            set("yarn_beta_fast", try config.ropeNumber("beta_fast"))
            set("yarn_beta_slow", try config.ropeNumber("beta_slow"))
        case let type?:
            throw ConversionProblem.unsupportedRope(type)
        }
    }
}
