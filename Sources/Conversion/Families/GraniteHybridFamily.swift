import GGUF

/// Granite 4 with Mamba layers: state spaces in most layers, attention without positions in the others; a dense
/// network, or experts beside a shared one.
struct GraniteHybridFamily: LlamaLikeFamily, StateSpaceFamily {
    static let architectures = Granite4Family.architectures
    static let ggufName = "granitehybrid"
    // The reference reads config.json without its class.
    static let defaults: [String: String] = [:]
    static let headLength = CommonParameters.HeadLength.never
    static let stateModule = "mamba"
    static let layerNames = stateNames.merging([
        "block_sparse_moe.router.layer": "ffn_gate_inp", "block_sparse_moe.output_linear": "ffn_down_exps",
    ]) { $1 }
    static let preTokenizer = Granite4Family.preTokenizer

    /// The names in the published files, and those that transformers 5 writes.
    private static let attention: Set = ["attention", "full_attention"]
    private static let states: Set = ["mamba", "linear_attention"]

    let config: ModelConfig
    private let attends: [Bool]

    static func fits(_ config: ModelConfig) -> Bool {
        config.strings("layer_types")?.contains(where: states.contains) == true
    }

    init(config: ModelConfig) throws {
        self.config = config
        let count = try config.requiredCount("num_hidden_layers")
        let words = config.strings("layer_types") ?? []
        guard words.count == count, words.allSatisfy({ Self.attention.contains($0) || Self.states.contains($0) }) else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: "layer_types",
                expected: "'attention' or 'mamba' for each of \(count) layers"
            )
        }
        attends = words.map(Self.attention.contains)
    }

    private var hasExperts: Bool { get throws { try config.integer("num_local_experts") ?? 0 > 0 } }

    func use(of name: String) throws -> TensorUse {
        let names = TensorNames(self)
        guard let (layer, rest) = try names.split(name) else { return try names.use(of: name) }
        if let use = try useOfState(rest, layer: layer) { return use }
        let ending = try hasExperts ? "_shexp" : ""
        switch rest {
        case "shared_mlp.input_linear.weight":
            return try Granite4Family.halves(of: layer, ["ffn_gate\(ending)", "ffn_up\(ending)"], config)
        case "shared_mlp.output_linear.weight":
            return .tensors([.init(name: "blk.\(layer).ffn_down\(ending).weight")])
        case "block_sparse_moe.input_linear.weight":
            let halves = [("ffn_gate_exps", false), ("ffn_up_exps", true)]
            return .tensors(
                halves.map { name, isSecond in
                    let half = TensorEdit(order: .half(isSecond: isSecond))
                    return .init(name: "blk.\(layer).\(name).weight", edit: half)
                }
            )
        default: return try names.use(of: name)
        }
    }

    func edit(of name: String) throws -> TensorEdit { try editOfState(name) ?? llamaEdit(of: name) }

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        func set(_ key: String, _ value: Int) {
            metadata.set("\(Self.ggufName).\(key)", .uint32(UInt32(clamping: value)))
        }
        try writeLlamaParameters(to: &metadata, fileType: fileType)
        try GraniteFamily.writeFactors(of: config, to: &metadata, prefix: Self.ggufName)
        if let length = try config.integer("shared_intermediate_size"), length > 0 {
            set("expert_shared_feed_forward_length", length)
        }
        let (width, expansion) = (try config.requiredCount("hidden_size"), try config.requiredCount("mamba_expand"))
        try writeStates(innerSize: width * expansion, to: &metadata)
        if let length = try config.integer("attn_rotary_emb"), length > 0 { set("rope.dimension_count", length) }
        try writeHybridAttention(attends, to: &metadata)
    }

    func writeVocabulary(
        of folder: HuggingFaceFolder,
        to metadata: inout Metadata,
        options: ConversionOptions
    ) throws {
        try writePaddedVocabulary(of: folder, to: &metadata, options: options)
    }
}

extension StateSpaceFamily {
    /// Writes which layers have attention. None of them uses positions, so no context is too long.
    func writeHybridAttention(_ attends: [Bool], to metadata: inout Metadata) throws {
        let heads = Int32(clamping: try config.keyValueHeadCount)
        let counts = attends.map { $0 ? heads : 0 }
        metadata.set("\(Self.ggufName).attention.head_count_kv", .array(.int32(counts)))
        metadata.set("\(Self.ggufName).rope.scaling.finetuned", .bool(false))
        metadata.set("\(Self.ggufName).context_length", .uint32(1 << 20))
    }
}
