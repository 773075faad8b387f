import BinaryIO
import GGUF

/// The text part of Qwen2-VL and Qwen2.5-VL: Qwen2 with sections of positions.
struct Qwen2VLFamily: ModelFamily {
    static let architectures = [
        "Qwen2VLForConditionalGeneration", "Qwen2_5_VLForConditionalGeneration", "Qwen2VLModel", "Qwen2_5OmniModel",
    ]
    static let ggufName = "qwen2vl"
    static let defaults = [
        "max_position_embeddings": "32768", "num_key_value_heads": "8", "rms_norm_eps": "1e-5",
        "rope_theta": "1000000.0", "vocab_size": "152064",
    ]

    let config: ModelConfig
}

/// The text part of Qwen3-VL.
struct Qwen3VLFamily: ModelFamily {
    static let architectures = ["Qwen3VLForConditionalGeneration"]
    static let ggufName = "qwen3vl"
    static let defaults = [
        "head_dim": "128", "max_position_embeddings": "128000", "num_key_value_heads": "32", "rms_norm_eps": "1e-6",
        "rope_theta": "500000.0", "vocab_size": "151936",
    ]
    static let layerNames = Qwen3Family.layerNames

    let config: ModelConfig

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        try CommonParameters(config, Self.ggufName, fileType: fileType).write(to: &metadata)
        Self.writeDeepstack(of: config, to: &metadata, prefix: Self.ggufName)
    }

    /// Writes the number of layers that receive visual features.
    static func writeDeepstack(of config: ModelConfig, to metadata: inout Metadata, prefix: String) {
        let indexes = config.json["vision_config"]?["deepstack_visual_indexes"]?.array
        metadata.set("\(prefix).n_deepstack_layers", .uint32(UInt32(indexes?.count ?? 3)))
    }
}

/// Qwen3-VL with experts, whose matrices are transposed, each kind in one tensor.
struct Qwen3VLMoEFamily: ModelFamily {
    static let architectures = ["Qwen3VLMoeForConditionalGeneration"]
    static let ggufName = "qwen3vlmoe"
    static let defaults = [
        "max_position_embeddings": "128000", "moe_intermediate_size": "1408", "num_attention_heads": "16",
        "num_experts": "60", "num_experts_per_tok": "4", "num_hidden_layers": "24", "num_key_value_heads": "16",
        "rms_norm_eps": "1e-6", "rope_theta": "500000.0", "vocab_size": "151936",
    ]
    static let layerNames = Qwen3MoEFamily.layerNames
    static let experts: ExpertNames? = .projections

    let config: ModelConfig

    func use(of name: String) throws -> TensorUse {
        let names = TensorNames(self)
        guard let (layer, rest) = try names.split(name) else { return try names.use(of: name) }
        func output(_ name: String, _ columns: StackColumns) -> TensorUse.Output {
            .init(name: "blk.\(layer).\(name).weight", edit: TensorEdit(order: .transposedStack(columns)))
        }
        switch rest {
        case "mlp.experts.down_proj", "mlp.experts.down_proj.weight": return .tensors([output("ffn_down_exps", .all)])
        case "mlp.experts.gate_up_proj", "mlp.experts.gate_up_proj.weight":
            return .tensors([
                output("ffn_gate_exps", .half(isSecond: false)), output("ffn_up_exps", .half(isSecond: true)),
            ])
        default: return try names.use(of: name)
        }
    }

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        var common = CommonParameters(config, Self.ggufName, fileType: fileType)
        common.headLength = .always
        try common.write(to: &metadata)
        let length = try config.requiredInteger("moe_intermediate_size")
        metadata.set("qwen3vlmoe.expert_feed_forward_length", .uint32(UInt32(length)))
        Qwen3VLFamily.writeDeepstack(of: config, to: &metadata, prefix: Self.ggufName)
    }
}
