/// How the vectors of a text's tokens become one. Raw values are GGUF's, in `<architecture>.pooling_type`.
///
/// Source: llama.cpp (`llama.h`, `llama-graph.cpp`).
public enum Pooling: Int, Sendable, CaseIterable {
    /// Not at all: each token keeps its own.
    case none = 0
    /// Their mean.
    case mean = 1
    /// The first token's, in which models of this kind gather the text.
    case cls = 2
    /// The last token's, which alone has seen the whole text where attention is causal.
    case last = 3
    /// Scores that a classifier makes of one vector.
    case rank = 4

    /// As people write it: `mean`.
    public var name: String { "\(self)" }

    /// The names of all.
    public static let names = allCases.map(\.name)

    /// - Returns: nil for a name that no kind has.
    public init?(named name: String) {
        guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = found
    }
}
