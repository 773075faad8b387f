import GGUF

/// The input for each token, in addition to the token itself; memory depends on it.
public struct InputShape: Sendable, Equatable {
    /// The number of positions of a token: four if pictures have positions.
    public let positionCount: Int
    /// The number of embedding rows of a token: its own, and those with visual features for later layers.
    public let rowCount: Int
    /// Whether queries are scaled by a factor for each position.
    public let growsQueries: Bool
    /// Whether embeddings are normalized before the first layer.
    public let isNormalized: Bool
    /// The number of token types, each with an embedding; only the first is used. 0 for none.
    public let typeCount: Int

    /// The most rows that are accepted; no model has as many.
    private static let mostRows = 1024

    init(_ keys: ShapeReader, _ family: Family) throws {
        positionCount = family.sections == nil ? 1 : 4
        let name = "n_deepstack_layers"
        let layers = family.hasDeepstack ? try keys.whole(name, from: 0) ?? 0 : 0
        guard layers < Self.mostRows else { throw keys.bad(name, layers, "0 to \(Self.mostRows - 1)") }
        rowCount = 1 + layers
        isNormalized = family.normsEmbedding
        typeCount = family.hasTokenTypes ? try keys.metadata.integer("tokenizer.ggml.token_type_count") ?? 0 : 0
        guard !family.hasTokenTypes || (1...Self.mostRows).contains(typeCount) else {
            throw ShapeProblem.badValue(
                key: "tokenizer.ggml.token_type_count",
                value: "\(typeCount)",
                expected: "1 to \(Self.mostRows)"
            )
        }
        growsQueries = family.hasTemperature ? try TemperatureRule(keys) != nil : false
    }
}
