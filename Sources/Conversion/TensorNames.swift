/// The names of a family's expert matrices.
struct ExpertNames: Sendable {
    /// The text between the layer's name and the expert's number.
    let module: String
    /// The matrices in the order in which they are written, with Hugging Face's name and GGUF's.
    let matrices: [(name: String, ggufName: String)]
    /// The keys of the number of experts in config.json.
    let countKeys: [String]

    /// The names that Mixtral introduced.
    static let numbered = ExpertNames(
        module: "block_sparse_moe.experts",
        matrices: [("w1", "ffn_gate_exps"), ("w2", "ffn_down_exps"), ("w3", "ffn_up_exps")],
        countKeys: ["num_local_experts", "num_experts"]
    )
    /// Mixtral's names beside those of a dense network.
    static let ofFeedForward = ExpertNames(
        module: "feed_forward.experts",
        matrices: numbered.matrices,
        countKeys: numbered.countKeys
    )
    static let projections = ExpertNames(
        module: "mlp.experts",
        matrices: [("down_proj", "ffn_down_exps"), ("gate_proj", "ffn_gate_exps"), ("up_proj", "ffn_up_exps")],
        countKeys: ["num_local_experts", "num_experts"]
    )
}

/// GGUF's names of tensors by Hugging Face's: those that most decoder models share, and the family's own.
struct TensorNames {
    private static let outside = [
        "model.embed_tokens": "token_embd",
        "model.norm": "output_norm",
        "lm_head": "output",
    ]
    private static let layer = [
        "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm",
        "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output",
        "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down",
    ]
    /// Buffers in older checkpoints that are not needed.
    private static let dropped = [".attention.masked_bias", ".attention.bias", ".rotary_emb.inv_freq"]
    /// Parts of the names of vision and audio modules, which a text model leaves out.
    private static let senses = [
        "vision_", "vision.", "visual.", "audio_", "audio.", "projector.", "talker.", "token2wav.", "image_newline",
        "view_seperator", "patch_embed", "patch_merger.", "patch_merge_mlp.", "model.connector.",
    ]
    /// Prefixes of modules that contain a text model.
    private static let holders = ["language_model.", "text_model.", "thinker."]

    private let family: any ModelFamily

    init(_ family: any ModelFamily) {
        self.family = family
    }

    /// The name that a tensor has in the text model alone; nil for a tensor of another part.
    static func ofTextModel(_ name: String) -> String? {
        if senses.contains(where: name.contains) { return nil }
        return holders.reduce(name) { $0.replacing($1, with: "") }
    }

    /// - Throws: `ConversionProblem.unknownTensor`.
    func use(of name: String) throws -> TensorUse {
        if Self.dropped.contains(where: name.hasSuffix) { return .leftOut }
        if let use = try useOfExperts(name) { return use }
        let whole = Self.withModel(name)
        guard let dot = whole.lastIndex(of: "."), [".weight", ".bias"].contains(String(whole[dot...])) else {
            throw ConversionProblem.unknownTensor(name)
        }
        let (base, ending) = (String(whole[..<dot]), whole[dot...])
        let type = Swift.type(of: family)
        let ggufName: String
        if let mapped = type.outsideNames[base] ?? Self.outside[base] {
            ggufName = mapped + ending
        } else if let (layer, rest) = try split(base), let mapped = type.layerNames[rest] ?? Self.layer[rest] {
            ggufName = "blk.\(layer).\(mapped)\(ending)"
        } else {
            throw ConversionProblem.unknownTensor(name)
        }
        return .tensors([.init(name: ggufName, edit: try family.edit(of: name))])
    }

    /// Adds the prefix of the outer module, which a model saved without its head lacks.
    private static func withModel(_ name: String) -> String {
        ["layers.", "embed_tokens.", "norm."].contains(where: name.hasPrefix) ? "model.\(name)" : name
    }

    /// The layer's number, which must be below the count in config.json, and the rest of the name.
    func split(_ name: String) throws -> (layer: Int, rest: String)? {
        let parts = Self.withModel(name).split(separator: ".", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, ["model.layers", "transformer.h"].contains("\(parts[0]).\(parts[1])"),
            let layer = Int(parts[2]), (0..<(try family.config.layerCount)).contains(layer)
        else { return nil }
        return (layer, String(parts[3]))
    }

    /// The use of an expert's tensor. Experts are stored one by one, or fused into one tensor, as the name shows.
    private func useOfExperts(_ name: String) throws -> TensorUse? {
        guard let experts = Swift.type(of: family).experts, let (layer, rest) = try split(name),
            rest.hasPrefix(experts.module + ".")
        else { return nil }
        let parts = rest.dropFirst(experts.module.count + 1).split(separator: ".", omittingEmptySubsequences: false)
        func output(_ matrix: String, _ order: RowOrder = .unchanged) -> TensorUse.Output? {
            guard let found = experts.matrices.first(where: { $0.name == matrix }) else { return nil }
            return .init(name: "blk.\(layer).\(found.ggufName).weight", edit: .init(order: order))
        }
        if parts == ["gate_up_proj"] || parts == ["gate_up_proj", "weight"] {
            let halves = [output("gate_proj", .half(isSecond: false)), output("up_proj", .half(isSecond: true))]
            return .tensors(halves.compactMap { $0 })
        }
        if parts == ["down_proj"] || parts == ["down_proj", "weight"], let down = output("down_proj") {
            return .tensors([down])
        }
        let depth = try family.config.requiredCount(experts.countKeys)
        guard parts.count == 3, parts[2] == "weight", let index = Int(parts[0]), (0..<depth).contains(index),
            let stack = experts.matrices.firstIndex(where: { $0.name == parts[1] })
        else { throw ConversionProblem.unknownTensor(name) }
        let names = experts.matrices.map { "blk.\(layer).\($0.ggufName).weight" }
        return .stacked(StackPlace(names: names, depth: depth, stack: stack, index: index))
    }
}
