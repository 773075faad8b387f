import GGUF

/// The kind of a model's output for a text. Metrics of one kind do not apply to models of another.
public enum ModelKind: String, Sendable, CaseIterable, Codable {
    /// A continuation of the text.
    case language
    /// A vector.
    case embedding
    /// A score of how well the text answers a question.
    case reranker

    /// The names of all kinds.
    public static let names = allCases.map(\.rawValue)

    /// The kind with an article: `an embedding model`.
    public var words: String {
        switch self {
        case .language: "a language model"
        case .embedding: "an embedding model"
        case .reranker: "a reranker"
        }
    }

    /// The kind that follows from a file's metadata.
    /// - Parameters:
    ///   - pooling: nil if the file gives none, as for language models.
    ///   - seesBothWays: whether attention is bidirectional, so that no text can be generated.
    ///   - labelCount: the number of labels of a classifier's scores; a file with labels and without a pooling type is
    ///     a reranker once the engine is set to rank.
    public init(pooling: Pooling?, seesBothWays: Bool, labelCount: Int) {
        switch pooling {
        case .rank: self = .reranker
        case .mean, .cls, .last: self = .embedding
        case .some(.none), nil: self = labelCount > 0 ? .reranker : seesBothWays ? .embedding : .language
        }
    }

    /// The kind of the model in a file's metadata.
    /// - Throws: `GGUFProblem`, `ShapeProblem` if the metadata do not describe a model.
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
    /// The kind of the model's output.
    public var kind: ModelKind {
        ModelKind(pooling: text.pooling, seesBothWays: seesBothWays, labelCount: text.labels.count)
    }
}
