import GGUF

/// Streams of hidden states, of which a layer works on one: a router predicts all streams from each other, and the
/// change of that one corrects all (AltUp). Includes a low-rank branch in parallel with attention (LAuReL).
///
/// Source: Baykal et al., "Alternating Updates for Efficient Transformers", 2023; Menghani et al., "LAuReL", 2024; as
/// in Gemma 3n (Google, 2025).
public struct StreamShape: Sendable, Equatable {
    /// The number of streams; layers work on the first.
    public let count: Int
    /// The rank of the low-rank branch.
    public let detourRank: Int

    /// The only values that llama.cpp supports, whatever a file says.
    private static let (standardCount, standardRank, standardInputLength) = (4, 64, 256)

    /// - Returns: nil for an architecture without streams.
    init?(_ family: Family) {
        guard family.hasStreams else { return nil }
        (count, detourRank) = (Self.standardCount, Self.standardRank)
    }

    /// - Returns: nil for an architecture without streams.
    /// - Throws: `ShapeProblem` for other streams, or other per-layer embeddings of tokens, than llama.cpp supports.
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
