import BinaryIO
import GGUF

/// gpt-oss: experts with biases, stored in MXFP4 in the published checkpoints, attention sinks, and windows in every
/// other layer. MXFP4 tensors are kept for any requested type.
struct GPTOSSFamily: ModelFamily {
    static let architectures = ["GptOssForCausalLM"]
    static let ggufName = "gpt-oss"
    static let defaults = [
        "head_dim": "64", "max_position_embeddings": "131072", "num_attention_heads": "64", "num_experts_per_tok": "4",
        "num_hidden_layers": "36", "num_key_value_heads": "8", "num_local_experts": "128", "rms_norm_eps": "1e-5",
        "rope_theta": "150000.0", "sliding_window": "128", "vocab_size": "201088",
    ]
    static let layerNames = [
        "post_attention_layernorm": "post_attention_norm", "mlp.router": "ffn_gate_inp",
    ]
    static let preTokenizer: String? = "gpt-4o"
    static let packedMethods: Set<String> = ["mxfp4"]

    /// The scaling of positions if config.json has none.
    private static let scaling = """
        {"rope_type":"yarn","factor":32.0,"beta_fast":32.0,"beta_slow":1.0,"original_max_position_embeddings":4096}
        """
    /// The clamp of the activations and the slope of their sigmoid in engines; no file contains them.
    private static let activation = [("swiglu_limit", 7.0), ("swiglu_alpha", 1.702)]

    let config: ModelConfig

    static func defaults(for config: ModelConfig) -> [String: String] {
        let given = ["rope_parameters", "rope_scaling"].compactMap { config.json[$0] }
        return given.allSatisfy(\.isNull) ? defaults.merging(["rope_parameters": scaling]) { $1 } : defaults
    }

    /// - Throws: `ConversionProblem` for activations and windows that engines do not support.
    init(config: ModelConfig) throws {
        self.config = config
        for (key, value) in Self.activation {
            guard let found = try config.number(key), found != value else { continue }
            let expected = "\(value), as engines compute it,"
            throw ConversionProblem.invalidValue(file: ModelConfig.file, key: key, expected: expected)
        }
        // Engines also assume which layers have a window, because GGUF does not store it.
        guard let types = config.strings("layer_types") else { return }
        let layers = try config.requiredCount("num_hidden_layers")
        let expected = (0..<layers).map { $0.isMultiple(of: 2) ? "sliding_attention" : "full_attention" }
        guard types == expected else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: "layer_types",
                expected: "'sliding_attention' and 'full_attention' in turn for \(layers) layers, as engines have them,"
            )
        }
    }

    func use(of name: String) throws -> TensorUse {
        let names = TensorNames(self)
        guard let (layer, rest) = try names.split(name) else { return try names.use(of: name) }
        func output(_ name: String, _ order: RowOrder = .unchanged) -> TensorUse.Output {
            .init(name: "blk.\(layer).\(name)", edit: TensorEdit(order: order))
        }
        /// Gate and up, whose rows alternate.
        func both(_ ending: String, _ order: (Bool) -> RowOrder) -> [TensorUse.Output] {
            [output("ffn_gate_exps.\(ending)", order(false)), output("ffn_up_exps.\(ending)", order(true))]
        }
        func packed(_ part: String, isScales: Bool, _ outputs: [TensorUse.Output]) -> TensorUse {
            .packed(PackPlace(name: "model.layers.\(layer).mlp.experts.\(part)", isScales: isScales, outputs: outputs))
        }
        let experts = "mlp.experts."
        guard rest.hasPrefix(experts) else {
            return rest == "self_attn.sinks" ? .tensors([output("attn_sinks.weight")]) : try names.use(of: name)
        }
        let part = rest.dropFirst(experts.count)
        switch part {
        case "gate_up_proj_bias": return .tensors(both("bias") { .alternating(isSecond: $0) })
        case "down_proj_bias": return .tensors([output("ffn_down_exps.bias")])
        case "gate_up_proj":
            return .tensors(both("weight") { .transposedStack(.alternating(isSecond: $0)) })
        case "down_proj": return .tensors([output("ffn_down_exps.weight", .transposedStack(.all))])
        case "gate_up_proj_blocks", "gate_up_proj_scales":
            let outputs = both("weight") { .alternating(isSecond: $0) }
            return packed("gate_up_proj", isScales: part.hasSuffix("scales"), outputs)
        case "down_proj_blocks", "down_proj_scales":
            return packed("down_proj", isScales: part.hasSuffix("scales"), [output("ffn_down_exps.weight")])
        default: throw ConversionProblem.unknownTensor(name)
        }
    }

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        func set(_ key: String, _ value: Int) { metadata.set("gpt-oss.\(key)", .uint32(UInt32(value))) }
        try CommonParameters(config, Self.ggufName, fileType: fileType).write(to: &metadata)
        set("attention.sliding_window", try config.requiredInteger("sliding_window"))
        set("expert_feed_forward_length", try config.requiredInteger("intermediate_size"))
    }
}
