extension ModelProfile {
    /// The share of the layers' weights whose types differ from the file's name.
    public struct Fallback: Hashable, Sendable {
        /// The share of the layers' weights, 0 to 1.
        public let share: Double
        /// The GGUF names of their types, the most frequent first.
        public let types: [String]
    }

    /// The types that llama-quantize uses if rows are not a multiple of 256 weights; no mix of 256-weight blocks
    /// assigns them to layers.
    private static let substitutes: Set = ["Q4_0", "Q5_0", "Q5_1", "Q8_0", "IQ4_NL", "F16"]
    /// The smallest share that is reported; a mixture's small tensors may fall back unnoticed.
    private static let leastShare = 0.05

    /// The part of a build that fell back to other types than its name promises; nil if next to nothing did.
    public var fallback: Fallback? {
        let name = quantType.uppercased()
        guard name.contains("_K") || name.hasPrefix("TQ") || (name.hasPrefix("IQ") && name != "IQ4_NL") else {
            return nil
        }
        let layers = TypeMixture.ofPrompts(self)
        let share = layers.share { Self.substitutes.contains($0) }
        guard share >= Self.leastShare else { return nil }
        let types = layers.parts.filter { Self.substitutes.contains($0.type) }.sorted { $0.weights > $1.weights }
        return Fallback(share: share, types: types.map(\.type))
    }

    /// The fallback as a sentence, with the share in whole percent.
    public var fallbackRemark: String? {
        fallback.map { fallback in
            "\(Int((fallback.share * 100).rounded())) % of its layers' weights fell back from \(quantType) to "
                + fallback.types.joined(separator: ", ")
        }
    }
}
