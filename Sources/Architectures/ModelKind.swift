import GGUF

/// What a model gives for a text. Figures of one kind say nothing about models of another.
public enum ModelKind: String, Sendable, CaseIterable, Codable {
    /// What may follow it.
    case language
    /// A vector.
    case embedding
    /// How well it answers a question.
    case reranker

    /// The names of all.
    public static let names = allCases.map(\.rawValue)

    /// With its article: `an embedding model`.
    public var words: String {
        switch self {
        case .language: "a language model"
        case .embedding: "an embedding model"
        case .reranker: "a reranker"
        }
    }

    /// By what a file says of it.
    /// - Parameters:
    ///   - pooling: nil where the file says nothing, as with language models.
    ///   - seesBothWays: whether tokens see those behind them, so that none can be written.
    ///   - labelCount: of a classifier's scores; a file with such labels and without a pooling ranks once it is told to.
    public init(pooling: Pooling?, seesBothWays: Bool, labelCount: Int) {
        switch pooling {
        case .rank: self = .reranker
        case .mean, .cls, .last: self = .embedding
        case .some(.none), nil: self = labelCount > 0 ? .reranker : seesBothWays ? .embedding : .language
        }
    }

    /// The kind of the model that a file's metadata describe.
    /// - Throws: `GGUFProblem`, `ShapeProblem` for metadata that describe none.
    public init(_ metadata: Metadata) throws {
        let architecture = try Architecture(metadata)
        let prefix = architecture.name
        let number = try metadata.integer("\(prefix).pooling_type")
        self.init(
            pooling: number.flatMap(Pooling.init(rawValue:)),
            seesBothWays: try !architecture.keepsKeys || metadata.bool("\(prefix).attention.causal") == false,
            labelCount: try metadata.strings("\(prefix).classifier.output_labels")?.count ?? 0
        )
    }
}

extension ModelShape {
    /// What the model gives for a text.
    public var kind: ModelKind {
        ModelKind(pooling: text.pooling, seesBothWays: seesBothWays, labelCount: text.labels.count)
    }
}
