import GGUF

/// A family of Qwen3.5. Checkpoints store norm weights minus one, except for the norm of the gated delta rule, and
/// value heads in groups, which GGUF stores in tiles.
protocol RecurrentQwenFamily: ModelFamily {}

extension RecurrentQwenFamily {
    static var recurrentDefaults: [String: String] {
        [
            "head_dim": "256", "linear_conv_kernel_dim": "4", "linear_key_head_dim": "128",
            "linear_num_key_heads": "16",
            "linear_value_head_dim": "128", "max_position_embeddings": "32768", "rms_norm_eps": "1e-6",
            "rope_theta": "10000.0", "vocab_size": "248320",
        ]
    }
    static var layerNames: [String: String] {
        Qwen2MoEFamily.layerNames.merging([
            "linear_attn.in_proj_qkv": "attn_qkv", "linear_attn.in_proj_z": "attn_gate",
            "linear_attn.in_proj_a": "ssm_alpha", "linear_attn.in_proj_b": "ssm_beta",
            "linear_attn.conv1d": "ssm_conv1d", "linear_attn.norm": "ssm_norm", "linear_attn.out_proj": "ssm_out",
            "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
            "post_attention_layernorm": "post_attention_norm",
        ]) { $1 }
    }
    static var preTokenizer: String? { "qwen35" }

    /// The reference's default for the number of pairs that each kind of position rotates.
    private static var sections: [Int32] { [11, 11, 10, 0] }

    func use(of name: String) throws -> TensorUse {
        let count = try config.layerCount
        switch PredictorNames.place(of: name) {
        case .joint(let joint):
            return .tensors([.init(name: "blk.\(count).\(joint)", edit: try edit(of: name))])
        case .layer(let layer, let rest):
            // Treated like a tensor of the first layer, then moved to its own layer.
            let use = try use(of: "model.layers.0.\(rest)")
            return use.moved(from: "blk.0.", to: "blk.\(count + layer).")
        case nil:
            break
        }
        let names = TensorNames(self)
        guard let (layer, rest) = try names.split(name) else { return try names.use(of: name) }
        switch rest {
        case "linear_attn.A_log": return .tensors([.init(name: "blk.\(layer).ssm_a", edit: try edit(of: name))])
        case "linear_attn.dt_bias":
            return .tensors([.init(name: "blk.\(layer).ssm_dt.bias", edit: try edit(of: name))])
        default: return try names.use(of: name)
        }
    }

    func edit(of name: String) throws -> TensorEdit {
        if name.hasSuffix("norm.weight") || name.hasPrefix("mtp.pre_fc_norm") || name.hasPrefix("model.mtp.pre_fc_norm")
        {
            return TensorEdit(shift: name.hasSuffix("linear_attn.norm.weight") ? 0 : 1)
        }
        guard name.contains("linear_attn.") else { return TensorEdit() }
        var edit = TensorEdit(
            dropsMiddleDimension: name.hasSuffix(".conv1d.weight"),
            negatesExponential: name.hasSuffix(".A_log")
        )
        let keyHeads = try config.requiredCount("linear_num_key_heads")
        let valueHeads = try config.requiredCount("linear_num_value_heads")
        let (keyLength, valueLength) = (try length("linear_key_head_dim"), try length("linear_value_head_dim"))
        guard keyHeads != valueHeads else { return edit }
        guard valueHeads.isMultiple(of: keyHeads) else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: "linear_num_value_heads",
                expected: "a multiple of linear_num_key_heads"
            )
        }
        func heads(_ length: Int, after first: Int = 0) -> TiledHeads {
            TiledHeads(first: first, groupCount: keyHeads, perGroup: valueHeads / keyHeads, length: length)
        }
        switch name.split(separator: ".").drop(while: { $0 != "linear_attn" }).dropFirst().first {
        case "in_proj_qkv", "conv1d": edit.order = .tiled(heads(valueLength, after: 2 * keyHeads * keyLength))
        case "in_proj_z": edit.order = .tiled(heads(valueLength))
        case "in_proj_a", "in_proj_b", "A_log", "dt_bias": edit.order = .tiled(heads(1))
        case "out_proj": edit.columns = heads(valueLength)
        default: break
        }
        return edit
    }

    private func length(_ key: String) throws -> Int {
        let length = try config.requiredCount(key)
        guard length <= 1 << 16 else {
            throw ConversionProblem.invalidValue(file: ModelConfig.file, key: key, expected: "65536 or less")
        }
        return length
    }

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        let prefix = Self.ggufName
        func set(_ key: String, _ value: Int?) {
            if let value { metadata.set("\(prefix).\(key)", .uint32(UInt32(clamping: value))) }
        }
        var common = CommonParameters(config, prefix, fileType: fileType)
        (common.extraLayers, common.needsFeedForwardLength) = (config.predictorCount, Self.experts == nil)
        try common.write(to: &metadata)
        set("expert_feed_forward_length", try config.integer("moe_intermediate_size"))
        set("expert_shared_feed_forward_length", try config.integer("shared_expert_intermediate_size"))
        if config.predictorCount > 0 { set("nextn_predict_layers", config.predictorCount) }
        let valueHeads = try config.requiredCount("linear_num_value_heads")
        set("ssm.conv_kernel", try config.requiredInteger("linear_conv_kernel_dim"))
        set("ssm.state_size", try length("linear_key_head_dim"))
        set("ssm.group_count", try config.requiredCount("linear_num_key_heads"))
        set("ssm.time_step_rank", valueHeads)
        set("ssm.inner_size", try length("linear_value_head_dim") * valueHeads)
        let recurs = try recurrentLayers() + Array(repeating: false, count: config.predictorCount)
        metadata.set("\(prefix).attention.recurrent_layers", .array(.bool(recurs)))
        set("full_attention_interval", try config.integer("full_attention_interval") ?? 4)
        let share = try config.ropeNumber("partial_rotary_factor") ?? 0.25
        set("rope.dimension_count", Int(Double(try config.headLength) * min(max(share, 0), 1)))
        if try config.ropeSections() == nil {
            metadata.set("\(prefix).rope.dimension_sections", .array(.int32(Self.sections)))
        }
    }

    private func recurrentLayers() throws -> [Bool] {
        let count = try config.requiredCount("num_hidden_layers")
        guard let types = config.strings("layer_types") else {
            let interval = try config.integer("full_attention_interval") ?? 4
            return (0..<count).map { interval == 0 || !($0 + 1).isMultiple(of: interval) }
        }
        guard types.count == count else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: "layer_types",
                expected: "one name for each of \(count) layers"
            )
        }
        return types.map { $0 == "linear_attention" }
    }
}

extension TensorUse {
    /// The use with another prefix in its names.
    func moved(from prefix: String, to other: String) -> TensorUse {
        func moved(_ name: String) -> String {
            name.hasPrefix(prefix) ? other + name.dropFirst(prefix.count) : name
        }
        switch self {
        case .leftOut, .leftOutIfZero: return self
        case .packed(var place):
            place.outputs = place.outputs.map { Output(name: moved($0.name), edit: $0.edit) }
            return .packed(place)
        case .tensors(let outputs): return .tensors(outputs.map { Output(name: moved($0.name), edit: $0.edit) })
        case .stacked(var place):
            place.names = place.names.map(moved)
            return .stacked(place)
        }
    }
}
