/// How the vectors of a text's tokens are combined into one. Raw values are those of GGUF's
/// `<architecture>.pooling_type`.
///
/// Source: llama.cpp (`llama.h`, `llama-graph.cpp`).
public enum Pooling: Int, Sendable, CaseIterable {
    /// Not combined: each token keeps its own vector.
    case none = 0
    /// The mean of all vectors.
    case mean = 1
    /// The vector of the first token, which models of this kind train to represent the text.
    case cls = 2
    /// The vector of the last token, which is the only one that depends on the whole text if attention is causal.
    case last = 3
    /// The scores that a classifier computes from one vector.
    case rank = 4

    /// The name as people write it: `mean`.
    public var name: String { "\(self)" }

    /// The names of all.
    public static let names = allCases.map(\.name)

    /// - Returns: nil for an unknown name.
    public init?(named name: String) {
        guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = found
    }
}
