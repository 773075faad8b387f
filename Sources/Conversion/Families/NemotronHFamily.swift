import GGUF

/// Nemotron-H: each layer is a state space, attention without positions, or a network with a squared ReLU.
struct NemotronHFamily: LlamaLikeFamily, StateSpaceFamily {
    static let architectures = ["NemotronHForCausalLM"]
    static let ggufName = "nemotron_h"
    // The reference's release of transformers has no class for it.
    static let defaults: [String: String] = [:]
    static let headLength = CommonParameters.HeadLength.never
    static let stateModule = "mixer"
    static let layerNames = stateNames.merging([
        "norm": "attn_norm", "mixer.q_proj": "attn_q", "mixer.k_proj": "attn_k", "mixer.v_proj": "attn_v",
        "mixer.o_proj": "attn_output", "mixer.up_proj": "ffn_up", "mixer.down_proj": "ffn_down",
    ]) { $1 }
    static let outsideNames = ["model.embeddings": "token_embd", "model.norm_f": "output_norm"]
    static let preTokenizer: String? = "tekken"

    private static let patternKey = "hybrid_override_pattern"

    let config: ModelConfig
    /// A letter for each layer: M for a state space, * for attention, - for a network.
    private let layers: [Character]

    init(config: ModelConfig) throws {
        self.config = config
        let count = try config.requiredCount("num_hidden_layers")
        layers = Array(config.string(Self.patternKey) ?? "")
        guard layers.count == count, layers.contains("M"), layers.allSatisfy({ "M*-".contains($0) }) else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: Self.patternKey,
                expected: "one of 'M', '*' and '-' for each of \(count) layers, since experts are not converted,"
            )
        }
    }

    func use(of name: String) throws -> TensorUse {
        let name = name.hasPrefix("backbone.") ? "model." + name.dropFirst("backbone.".count) : name
        let names = TensorNames(self)
        guard let (layer, rest) = try names.split(name), let use = try useOfState(rest, layer: layer) else {
            return try names.use(of: name)
        }
        return use
    }

    func edit(of name: String) throws -> TensorEdit { try editOfState(name) ?? llamaEdit(of: name) }

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        try writeLlamaParameters(to: &metadata, fileType: fileType)
        let heads = try config.requiredCount("num_heads", "mamba_num_heads")
        try writeStates(innerSize: heads * (try config.requiredCount("mamba_head_dim")), to: &metadata)
        try writeHybridAttention(layers.map { $0 == "*" }, to: &metadata)
        let length = try config.requiredInteger("head_dim", "attention_head_dim")
        metadata.set("nemotron_h.attention.key_length", .uint32(UInt32(length)))
        metadata.set("nemotron_h.attention.value_length", .uint32(UInt32(length)))
        let width = Int32(clamping: try config.requiredInteger("intermediate_size"))
        metadata.set("nemotron_h.feed_forward_length", .array(.int32(layers.map { $0 == "-" ? width : 0 })))
    }

    func writeVocabulary(
        of folder: HuggingFaceFolder,
        to metadata: inout Metadata,
        options: ConversionOptions
    ) throws {
        try writePaddedVocabulary(of: folder, to: &metadata, options: options)
    }
}
