import Architectures
import Inference
import SystemPackage
import Tokenizers

/// The distance of one build's vectors from another's, on a collection of texts.
///
/// Two figures measure what a build lost: the mean cosine of a text's two vectors, and how many of a text's ten nearest
/// neighbours in the collection are the same. A search in the collection would notice the second. For a reranker, the
/// scores of all documents for a question replace a text's vector, and the ten best documents replace the nearest
/// texts.
public struct EmbeddingComparison: Sendable, Codable, Equatable {
    /// The number of compared texts.
    public let texts: Int
    /// How vectors were pooled.
    public let pooling: String
    /// The number of elements of a vector, or of scores of a question.
    public let dimensions: Int
    /// The cosine of the two vectors of a text, averaged over the texts.
    public let meanCosine: Double
    /// The cosine of the text whose vectors are furthest apart.
    public let minCosine: Double
    /// The number of neighbours of a text that count: ten, or all others if there are fewer.
    public let neighbours: Int
    /// The share of a text's nearest neighbours that both models name, averaged over the texts, in percent.
    public let overlapPercent: Double
    /// The kernels used for matrix products.
    public let kernels: String

    /// The most neighbours that count.
    public static let mostNeighbours = 10

    /// Embeds the texts with both models.
    /// - Parameter progress: called after each text.
    /// - Throws: `EvaluationError` for models whose vectors cannot be compared, and for fewer than two texts;
    ///   `InferenceError`.
    public init(
        of build: EmbeddingRun,
        with base: EmbeddingRun,
        on inputs: [EmbeddingInput],
        progress: (Int, Int) throws -> Void = { _, _ in }
    ) throws {
        try Self.check(build, base)
        let own = try EmbeddedTexts(build, inputs) { try progress($0, 2 * $1) }
        self.init(of: own, with: try EmbeddedTexts(base, inputs) { try progress($1 + $0, 2 * $1) })
    }

    /// Compares the outputs of two builds for the same texts.
    /// - Precondition: `check` accepted the builds, and the texts are the same.
    public init(of build: EmbeddedTexts, with base: EmbeddedTexts) {
        let cosines = zip(build.rows, base.rows).map(Self.cosine)
        texts = build.texts
        pooling = build.pooling.name
        dimensions = build.rows.first?.count ?? 0
        meanCosine = cosines.reduce(0, +) / Double(max(1, cosines.count))
        minCosine = cosines.min() ?? 1
        neighbours = build.neighbours
        let shared = zip(build.nearest, base.nearest).map { Double($0.intersection($1).count) }
        overlapPercent = shared.reduce(0, +) / Double(max(1, shared.count * build.neighbours)) * 100
        kernels = build.kernels
    }

    /// Checks that vectors of two builds can be compared.
    /// - Throws: `EvaluationError` for builds of different models, and for vectors that were made differently.
    public static func check(_ build: EmbeddingRun, _ base: EmbeddingRun) throws {
        let (one, other) = (build.model.shape, base.model.shape)
        func differ(_ what: String, _ own: some Any, _ its: some Any) -> EvaluationError {
            .badEmbeddings(
                "\(build.model.path) (\(own)) and \(base.model.path) (\(its)) differ in \(what): they are different models, whose "
                    + "vectors have nothing in common"
            )
        }
        guard one.architecture == other.architecture else {
            throw differ("architecture", one.architecture.name, other.architecture.name)
        }
        guard one.embeddingLength == other.embeddingLength else {
            throw differ("width", one.embeddingLength, other.embeddingLength)
        }
        guard one.layers.count == other.layers.count else {
            throw differ("the number of layers", one.layers.count, other.layers.count)
        }
        guard one.text.denseLengths == other.text.denseLengths else {
            throw EvaluationError.badEmbeddings(
                "of \(build.model.path) and \(base.model.path) one has dense modules behind the model that the other lacks"
            )
        }
        let tokens = (build.model.tokenizer.vocabulary.tokens, base.model.tokenizer.vocabulary.tokens)
        guard tokens.0 == tokens.1 else {
            throw differ("vocabulary", "\(tokens.0.count) tokens", "\(tokens.1.count) tokens")
        }
        guard build.pooling == base.pooling else {
            throw EvaluationError.badEmbeddings(
                "\(build.model.path) pools by \(build.pooling.name) and \(base.model.path) by \(base.pooling.name)"
            )
        }
        guard build.pooling != .none else { throw EvaluationError.noPooling(build.model.path) }
    }

    /// Returns the cosine; 1 for equal rows, even if their length is 0.
    private static func cosine(_ one: [Float], _ other: [Float]) -> Double {
        var (product, own, its) = (0.0, 0.0, 0.0)
        for (left, right) in zip(one, other) {
            product += Double(left) * Double(right)
            own += Double(left) * Double(left)
            its += Double(right) * Double(right)
        }
        guard own > 0, its > 0 else { return one == other ? 1 : 0 }
        return min(1, max(-1, product / (own * its).squareRoot()))
    }
}
