import GGUF

/// What a model is given for each token, beside the token itself: memory depends on it.
public struct InputShape: Sendable, Equatable {
    /// Positions of a token: four where what is seen has places.
    public let positionCount: Int
    /// Rows of embeddings: those of the token, and those that later layers add of what is seen.
    public let rowCount: Int
    /// Whether queries are multiplied by a number for each position.
    public let growsQueries: Bool
    /// Whether embeddings are normalized before the first layer.
    public let isNormalized: Bool
    /// Kinds of text that a token may belong to, each with an embedding of which the first is taken; 0 for none.
    public let typeCount: Int

    /// No model has as many.
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
