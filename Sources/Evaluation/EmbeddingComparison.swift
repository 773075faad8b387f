import Architectures
import Inference
import Work

/// How far the vectors of one model are from another's, on a collection of texts.
///
/// Two figures say what a build lost: the mean cosine of a text's two vectors, and how many of a text's ten nearest neighbours in the
/// collection are the same. The second is what a search in the collection would notice.
public struct EmbeddingComparison: Sendable, Codable, Equatable {
    /// Texts that were compared.
    public let texts: Int
    /// How vectors were pooled.
    public let pooling: String
    /// Elements of a vector.
    public let dimensions: Int
    /// Of the two vectors of each text, on average.
    public let meanCosine: Double
    /// Of the text whose vectors are furthest apart.
    public let minCosine: Double
    /// How many neighbours of a text count: ten, or as many others as there are.
    public let neighbours: Int
    /// The share of a text's nearest neighbours that both models name, on average, in percent.
    public let overlapPercent: Double

    /// Neighbours that count.
    public static let mostNeighbours = 10
    private static let mostTexts = 20_000

    /// Embeds the texts with both models.
    /// - Parameter progress: called after each text.
    /// - Throws: `EvaluationError` for models whose vectors cannot be compared, and for fewer than two texts; `InferenceError`.
    public init(
        of build: EmbeddingRun,
        with base: EmbeddingRun,
        on inputs: [EmbeddingInput],
        progress: (Int, Int) throws -> Void = { _, _ in }
    ) throws {
        try Self.check(build, base)
        guard (2...Self.mostTexts).contains(inputs.count) else {
            let reason = "\(inputs.count) texts were given, where 2 to \(Self.mostTexts) are needed, one a line"
            throw EvaluationError.badEmbeddings(reason)
        }
        var vectors: [[[Float]]] = []
        for (index, run) in [build, base].enumerated() {
            var own: [[Float]] = []
            try run.embed(run.tokens(of: inputs)) { _, rows in
                own.append(EmbeddingRun.normalized(rows[0]))
                try progress(index * inputs.count + own.count, 2 * inputs.count)
            }
            vectors.append(own)
        }
        let cosines = zip(vectors[0], vectors[1]).map(Self.cosine)
        texts = inputs.count
        pooling = build.pooling.name
        dimensions = vectors[0][0].count
        meanCosine = cosines.reduce(0, +) / Double(cosines.count)
        minCosine = cosines.min() ?? 1
        neighbours = min(Self.mostNeighbours, inputs.count - 1)
        overlapPercent = Self.overlap(vectors[0], vectors[1], neighbours) * 100
    }

    private static func check(_ build: EmbeddingRun, _ base: EmbeddingRun) throws {
        let (one, other) = (build.model.shape, base.model.shape)
        guard one.architecture == other.architecture, one.embeddingLength == other.embeddingLength else {
            throw EvaluationError.badEmbeddings(
                "\(build.model.path) (\(one.architecture.name), \(one.embeddingLength) elements) and \(base.model.path) "
                    + "(\(other.architecture.name), \(other.embeddingLength) elements) are different models, whose vectors "
                    + "have nothing in common"
            )
        }
        guard build.pooling == base.pooling else {
            throw EvaluationError.badEmbeddings(
                "\(build.model.path) pools by \(build.pooling.name) and \(base.model.path) by \(base.pooling.name)"
            )
        }
        guard build.pooling != .none, build.pooling != .rank else {
            throw EvaluationError.badEmbeddings(
                "pooling \(build.pooling.name) gives no vector of a text; choose mean, cls or last"
            )
        }
    }

    private static func cosine(_ one: [Float], _ other: [Float]) -> Double {
        zip(one, other).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }

    /// The mean share of each text's nearest neighbours that both collections have.
    private static func overlap(_ ones: [[Float]], _ others: [[Float]], _ count: Int) -> Double {
        let shares = ones.indices.map { index in
            let (mine, theirs) = (nearest(index, ones, count), nearest(index, others, count))
            return Double(mine.intersection(theirs).count) / Double(count)
        }
        return shares.reduce(0, +) / Double(shares.count)
    }

    /// The other texts that are nearest; of those that are equally near, the first ones.
    private static func nearest(_ index: Int, _ vectors: [[Float]], _ count: Int) -> Set<Int> {
        var scores: [(score: Float, text: Int)] = []
        for (text, vector) in vectors.enumerated() where text != index {
            var score: Float = 0
            for place in vector.indices { score += vector[place] * vectors[index][place] }
            scores.append((score, text))
        }
        scores.sort { ($0.score, $1.text) > ($1.score, $0.text) }
        return Set(scores.prefix(count).map(\.text))
    }
}
