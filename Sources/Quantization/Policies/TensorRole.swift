/// The role of a tensor in a model, as far as the choice of its type depends on it.
///
/// Recognized from the name, in the order of the cases, by the substrings that llama.cpp searches for.
package enum TensorRole: Equatable, Sendable, CaseIterable {
    case output
    case tokenEmbedding
    case attentionQKV
    case attentionKVB
    case attentionV
    case attentionK
    case attentionQ
    case attentionOutput
    case ffnUp
    case ffnGate
    case ffnDown
    case other

    package init(name: String) {
        switch name {
        case "output.weight": self = .output
        case "token_embd.weight", "per_layer_token_embd.weight": self = .tokenEmbedding
        default: self = Self.allCases.first { $0.mark.map(name.contains) ?? false } ?? .other
        }
    }

    /// The substring in the names of the role's tensors; nil for roles with a single name, and for none.
    package var mark: String? {
        switch self {
        case .output, .tokenEmbedding, .other: nil
        case .attentionQKV: "attn_qkv.weight"
        case .attentionKVB: "attn_kv_b.weight"
        case .attentionV: "attn_v.weight"
        case .attentionK: "attn_k.weight"
        case .attentionQ: "attn_q.weight"
        case .attentionOutput: "attn_output.weight"
        case .ffnUp: "ffn_up"
        case .ffnGate: "ffn_gate"
        case .ffnDown: "ffn_down"
        }
    }

    /// Whether the tensor carries values, which are the most sensitive; fused tensors are included.
    package var carriesValues: Bool { self == .attentionV || self == .attentionQKV || self == .attentionKVB }
}

/// Returns the layer number in a name such as `blk.12.ffn_up.weight`, or nil.
package func layerIndex(of name: some StringProtocol) -> Int? {
    guard name.hasPrefix("blk.") else { return nil }
    return Int(name.dropFirst(4).prefix { $0.isASCII && $0.isNumber })
}

/// Whether a tensor precedes another in llama.cpp's order: those outside layers first, then layer by layer, by the
/// bytes of names.
package func precedesInFile(_ first: String, _ second: String) -> Bool {
    let firstLayer = layerIndex(of: first) ?? -1
    let secondLayer = layerIndex(of: second) ?? -1
    if firstLayer != secondLayer { return firstLayer < secondLayer }
    return first.utf8.lexicographicallyPrecedes(second.utf8)
}
