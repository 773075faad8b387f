import GGUF

/// The hyperparameters that most families write, in the reference converter's order.
struct CommonParameters {
    private let config: ModelConfig
    private let prefix: String
    private let fileType: UInt32
    /// Where layers differ in the number of key-value heads, the number of each.
    var keyValueHeadCounts: [Int]?
    var headLength = HeadLength.whereGiven
    /// A kind of RoPE scaling that the family writes as a tensor.
    var ropeOfTensors: String?
    /// Whether experts are counted where config.json counts them.
    var countsExperts = true
    /// Whether heads of keys and values are as many as of queries where config.json does not count them.
    var assumesOwnKeyHeads = true
    /// The context's length where it is another than config.json says.
    var contextLength: Int?
    /// Layers behind those that config.json counts.
    var extraLayers = 0
    /// Whether config.json must say how wide networks without experts are.
    var needsFeedForwardLength = true
    /// Where layers may differ in the width of their networks, the width of each.
    var feedForwardLengths: [Int]?

    /// When the length of an attention head is written.
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
        // Dynamic scaling happens beyond the trained context alone, and engines do not know it; sections of positions
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
            // transformers takes the context's length where that of the training is not said.
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
