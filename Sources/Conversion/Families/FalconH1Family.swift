import GGUF

/// Falcon-H1: attention and a state space side by side in each layer. The multipliers in config.json are merged into
/// the weights.
struct FalconH1Family: StateSpaceFamily {
    static let architectures = ["FalconH1ForCausalLM"]
    static let ggufName = "falcon-h1"
    // The reference reads config.json without its class.
    static let defaults: [String: String] = [:]
    static let stateModule = "mamba"
    static let layerNames = stateNames.merging([
        "feed_forward.gate_proj": "ffn_gate", "feed_forward.up_proj": "ffn_up", "feed_forward.down_proj": "ffn_down",
    ]) { $1 }
    static let outsideNames = ["model.final_layernorm": "output_norm"]
    static let preTokenizer: String? = "falcon-h1"

    let config: ModelConfig

    func use(of name: String) throws -> TensorUse {
        let names = TensorNames(self)
        guard let (layer, rest) = try names.split(name) else { return try names.use(of: name) }
        // Engines do not support these biases.
        if rest.hasSuffix("_proj.bias") { throw ConversionProblem.unknownTensor(name) }
        // Its name in GGUF has no ending.
        if rest == "pre_ff_layernorm.weight" { return .tensors([.init(name: "blk.\(layer).ffn_norm")]) }
        return try useOfState(rest, layer: layer) ?? names.use(of: name)
    }

    func edit(of name: String) throws -> TensorEdit {
        var edit = try editOfState(name) ?? TensorEdit()
        edit.factors = try factors(of: name)
        return edit
    }

    /// The factors of a tensor's rows, in the reference's order.
    private func factors(of name: String) throws -> [RowFactor] {
        func all(_ keys: String...) throws -> [RowFactor] {
            try keys.map { RowFactor(factor: Float(try config.requiredNumber($0))) }
        }
        func network(_ index: Int) throws -> [RowFactor] {
            [RowFactor(factor: Float(try config.requiredNumbers("mlp_multipliers", count: 2)[index]))]
        }
        switch name.split(separator: ".").dropLast().last {
        case "down_proj": return try network(1)
        case "gate_proj": return try network(0)
        case "k_proj": return try all("key_multiplier", "attention_in_multiplier")
        case "q_proj", "v_proj": return try all("attention_in_multiplier")
        case "o_proj": return try all("attention_out_multiplier")
        case "out_proj": return try all("ssm_out_multiplier")
        case "in_proj": return try all("ssm_in_multiplier") + stateFactors()
        case "lm_head": return try all("lm_head_multiplier")
        case "embed_tokens": return try all("embedding_multiplier")
        default: return []
        }
    }

    /// One factor each for gates, values, inputs to the state (B), outputs of it (C), and time steps.
    private func stateFactors() throws -> [RowFactor] {
        let numbers = try config.requiredNumbers("ssm_multipliers", count: 5)
        let inner = try config.requiredCount("mamba_d_ssm")
        let groups = try config.requiredCount("mamba_n_groups") * config.requiredCount("mamba_d_state")
        var first = 0
        return zip([inner, inner, groups, groups, 1 << 40], numbers).map { count, number in
            defer { first += count }
            return RowFactor(rows: first..<(first + count), factor: Float(number))
        }
    }

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        func set(_ key: String, _ value: Int) {
            metadata.set("falcon-h1.\(key)", .uint32(UInt32(clamping: value)))
        }
        set("context_length", try config.integer("max_position_embeddings") ?? 0)
        set("embedding_length", try config.requiredInteger("hidden_size"))
        set("feed_forward_length", try config.requiredInteger("intermediate_size"))
        set("attention.head_count", try config.requiredInteger("num_attention_heads"))
        set("block_count", try config.layerCount)
        let inner = try config.requiredCount("mamba_d_ssm")
        set("ssm.conv_kernel", try config.requiredInteger("mamba_d_conv"))
        set("ssm.inner_size", inner)
        set("ssm.state_size", try config.requiredInteger("mamba_d_state"))
        set("ssm.time_step_rank", inner / (try config.requiredCount("mamba_d_head")))
        set("ssm.group_count", try config.requiredInteger("mamba_n_groups"))
        let epsilon = Float(try config.requiredNumber("rms_norm_eps"))
        metadata.set("falcon-h1.attention.layer_norm_rms_epsilon", .float32(epsilon))
        metadata.set("general.file_type", .uint32(fileType))
        set("vocab_size", try config.requiredInteger("vocab_size"))
        set("attention.head_count_kv", try config.keyValueHeadCount)
        set("attention.key_length", try config.headLength)
        set("attention.value_length", try config.headLength)
        guard let base = try config.ropeNumber("rope_theta") else {
            throw ConversionProblem.missingKey(file: ModelConfig.file, key: "rope_theta")
        }
        metadata.set("falcon-h1.rope.freq_base", .float32(Float(base)))
    }
}
