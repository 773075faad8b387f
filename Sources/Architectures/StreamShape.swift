import GGUF

/// Streams of hidden states of which a layer works on one: from that one's change it corrects all, after a router has predicted
/// them from each other (AltUp); and a detour of low rank beside attention (LAuReL).
///
/// Source: Baykal et al., "Alternating Updates for Efficient Transformers", 2023; Menghani et al., "LAuReL", 2024; as in
/// Gemma 3n (Google, 2025).
public struct StreamShape: Sendable, Equatable {
    /// Streams; layers work on the first.
    public let count: Int
    /// Rank of the detour.
    public let detourRank: Int

    /// llama.cpp takes no others, whatever a file says.
    private static let (standardCount, standardRank, standardInputLength) = (4, 64, 256)

    /// - Returns: nil for a family without.
    init?(_ family: Family) {
        guard family.hasStreams else { return nil }
        (count, detourRank) = (Self.standardCount, Self.standardRank)
    }

    /// - Returns: nil for a family without.
    /// - Throws: `ShapeProblem` for other streams than llama.cpp computes, or another embedding of tokens for each layer.
    init?(_ keys: ShapeReader, _ family: Family) throws {
        self.init(family)
        for (name, only) in [
            ("altup.num_inputs", Self.standardCount), ("altup.active_idx", 0),
            ("embedding_length_per_layer_input", Self.standardInputLength),
        ] {
            let value = try keys.whole(name, from: 0) ?? only
            guard value == only else { throw keys.bad(name, value, "\(only)") }
        }
    }
}
