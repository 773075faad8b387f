/// The part a tensor plays in a model, as far as the choice of its type depends on it.
///
/// Recognized from the name, in the order of the cases, by the substrings llama.cpp looks for.
package enum TensorRole: Equatable, Sendable {
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
        let marks: [(String, TensorRole)] = [
            ("attn_qkv.weight", .attentionQKV), ("attn_kv_b.weight", .attentionKVB), ("attn_v.weight", .attentionV),
            ("attn_k.weight", .attentionK), ("attn_q.weight", .attentionQ), ("attn_output.weight", .attentionOutput),
            ("ffn_up", .ffnUp), ("ffn_gate", .ffnGate), ("ffn_down", .ffnDown),
        ]
        switch name {
        case "output.weight": self = .output
        case "token_embd.weight", "per_layer_token_embd.weight": self = .tokenEmbedding
        default: self = marks.first { name.contains($0.0) }?.1 ?? .other
        }
    }

    /// Tensors that carry values and are the most sensitive ones: fused ones count.
    package var carriesValues: Bool { self == .attentionV || self == .attentionQKV || self == .attentionKVB }
}

/// The layer number in a name such as `blk.12.ffn_up.weight`, or nil.
package func layerIndex(of name: some StringProtocol) -> Int? {
    guard name.hasPrefix("blk.") else { return nil }
    return Int(name.dropFirst(4).prefix { $0.isASCII && $0.isNumber })
}

/// The order in which llama.cpp writes tensors: those outside layers first, then layer by layer, by the bytes of names.
package func precedesInFile(_ first: String, _ second: String) -> Bool {
    let firstLayer = layerIndex(of: first) ?? -1
    let secondLayer = layerIndex(of: second) ?? -1
    if firstLayer != secondLayer { return firstLayer < secondLayer }
    return first.utf8.lexicographicallyPrecedes(second.utf8)
}
