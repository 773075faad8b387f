extension ModelProfile {
    /// Weights of the layers that have other types than the file's name says.
    public struct Fallback: Hashable, Sendable {
        /// The part of the layers' weights, 0 to 1.
        public let share: Double
        /// GGUF's names of the types that they have, the most frequent first.
        public let types: [String]
    }

    /// Types that llama-quantize takes where rows are no whole blocks of 256 weights; no mix of such blocks asks for them in layers.
    private static let substitutes: Set = ["Q4_0", "Q5_0", "Q5_1", "Q8_0", "IQ4_NL", "F16"]
    /// A mixture's small tensors may fall back without anyone's noticing.
    private static let leastShare = 0.05

    /// What of a build fell back to other types than its name promises; nil where next to nothing did.
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

    /// The same as a sentence; the share in whole percent.
    public var fallbackRemark: String? {
        fallback.map { fallback in
            "\(Int((fallback.share * 100).rounded())) % of its layers' weights fell back from \(quantType) to "
                + fallback.types.joined(separator: ", ")
        }
    }
}
