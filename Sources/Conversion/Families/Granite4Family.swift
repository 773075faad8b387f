import GGUF

/// Granite 4 without Mamba layers: Granite 3 whose network is named like the shared expert of a mixture without other
/// experts.
struct Granite4Family: LlamaLikeFamily {
    static let architectures = ["GraniteMoeHybridForCausalLM"]
    static let ggufName = GraniteFamily.ggufName
    // The reference reads config.json without its class.
    static let defaults: [String: String] = [:]
    static let headLength = CommonParameters.HeadLength.never
    static let layerNames = ["shared_mlp.output_linear": "ffn_down"]
    static let preTokenizer: String? = "dbrx"

    let config: ModelConfig

    static func fits(_ config: ModelConfig) -> Bool { !GraniteHybridFamily.fits(config) }

    /// - Throws: `ConversionProblem` for a model with other kinds of layers, or with experts.
    init(config: ModelConfig) throws {
        self.config = config
        let layers = try config.requiredCount("num_hidden_layers")
        guard let types = config.strings("layer_types"), types.count == layers, types.allSatisfy({ $0 == "attention" })
        else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: "layer_types",
                expected: "'attention' or 'mamba' for each of \(layers) layers"
            )
        }
        guard try config.integer("num_experts_per_tok", "num_experts_per_token") ?? 0 == 0 else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: "num_experts_per_tok",
                expected: "0, since this family's experts are not converted,"
            )
        }
    }

    func use(of name: String) throws -> TensorUse {
        let names = TensorNames(self)
        guard let (layer, rest) = try names.split(name), rest == "shared_mlp.input_linear.weight" else {
            return try names.use(of: name)
        }
        return try Self.halves(of: layer, ["ffn_gate", "ffn_up"], config)
    }

    /// The outputs for a network's gate and up in one matrix.
    static func halves(of layer: Int, _ names: [String], _ config: ModelConfig) throws -> TensorUse {
        let length = try config.requiredCount("shared_intermediate_size")
        return .tensors(
            zip(names, [0, length]).map { name, first in
                let rows = RowOrder.picked(Array(first..<(first + length)))
                return .init(name: "blk.\(layer).\(name).weight", edit: TensorEdit(order: rows))
            }
        )
    }

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        func set(_ key: String, _ value: Int) {
            metadata.set("\(Self.ggufName).\(key)", .uint32(UInt32(clamping: value)))
        }
        try writeLlamaParameters(to: &metadata, fileType: fileType)
        try GraniteFamily.writeFactors(of: config, to: &metadata, prefix: Self.ggufName)
        if let length = try config.integer("shared_intermediate_size"), length > 0 {
            set("expert_shared_feed_forward_length", length)
        }
        // The reference writes Mamba's numbers although no layer needs them.
        set("ssm.conv_kernel", try config.requiredInteger("mamba_d_conv"))
        set("ssm.state_size", try config.requiredInteger("mamba_d_state"))
        set("ssm.group_count", try config.requiredInteger("mamba_n_groups"))
        let (width, expansion) = (try config.requiredCount("hidden_size"), try config.requiredCount("mamba_expand"))
        set("ssm.inner_size", width * expansion)
        set("ssm.time_step_rank", try config.requiredInteger("mamba_n_heads"))
        if let length = try config.integer("attn_rotary_emb"), length > 0 { set("rope.dimension_count", length) }
        let heads = Array(repeating: Int32(try config.keyValueHeadCount), count: try config.layerCount)
        metadata.set("granite.attention.head_count_kv", .array(.int32(heads)))
        metadata.set("granite.rope.scaling.finetuned", .bool(true))
    }

    func writeVocabulary(
        of folder: HuggingFaceFolder,
        to metadata: inout Metadata,
        options: ConversionOptions
    ) throws {
        try Vocabularies.write(of: folder, to: &metadata, options: options, preTokenizer: Self.preTokenizer)
    }
}
