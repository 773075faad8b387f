import Architectures
import BlockFormats
import Inference
import Work

/// A model's output for a collection of texts: a vector for each text; or, by a reranker, the scores of the documents
/// for each question.
public struct EmbeddedTexts: Sendable {
    /// The most questions for a reranker on a collection without questions of its own.
    static let mostQuestions = 10

    /// How the texts' vectors were pooled.
    public let pooling: Pooling
    /// The kernels used for matrix products.
    public let kernels: String
    /// A vector of length one for each text, or the scores of a question.
    let rows: [[Float]]
    /// The indices of the nearest texts, for each row.
    let nearest: [Set<Int>]
    /// The number of neighbours that count.
    let neighbours: Int
    /// The number of texts.
    let texts: Int

    /// Runs the model over the texts.
    /// - Parameter progress: called after each text with the number done and the total.
    /// - Throws: `EvaluationError` for fewer than two texts, and for pairs when vectors are made; `InferenceError`,
    ///   `TokenizerError`.
    public init(
        _ run: EmbeddingRun,
        _ inputs: [EmbeddingInput],
        progress: (Int, Int) throws -> Void = { _, _ in }
    ) throws {
        guard (2...TextCollection.most).contains(inputs.count) else {
            throw EvaluationError.wrongTextCount(inputs.count, least: 2, most: TextCollection.most)
        }
        guard run.pooling != .none else { throw EvaluationError.noPooling(run.model.path) }
        pooling = run.pooling
        kernels = try Kernels.selected().rawValue
        texts = inputs.count
        guard run.pooling == .rank else {
            if inputs.contains(where: \.isPair) { throw EvaluationError.badEmbeddings("a pair of texts has no vector") }
            var own: [[Float]] = []
            try run.embed(run.tokens(of: inputs)) { _, rows in
                own.append(EmbeddingRun.normalized(rows[0]))
                try progress(own.count, inputs.count)
            }
            let (vectors, count) = (own, min(EmbeddingComparison.mostNeighbours, own.count - 1))
            rows = vectors
            nearest = try Array(vectors.indices).concurrentMap(threads: run.threads) { index in
                let scores = vectors.indices.map {
                    $0 == index ? -.infinity : Self.product(vectors[$0], vectors[index])
                }
                return Self.best(of: scores, count)
            }
            neighbours = count
            return
        }
        let questions = Self.questions(in: inputs)
        let all = questions.reduce(0) { $0 + $1.count }
        var (own, done) = ([[Float]](), 0)
        for pairs in questions {
            var scores: [Float] = []
            try run.embed(run.tokens(of: pairs)) { _, rows in
                scores.append(rows[0][0])
                done += 1
                try progress(done, all)
            }
            own.append(scores)
        }
        let count = min(EmbeddingComparison.mostNeighbours, own.map(\.count).min() ?? 0)
        rows = own
        nearest = own.map { Self.best(of: $0, count) }
        neighbours = count
    }

    /// Returns the documents for each question: those paired with it, or all other texts of a collection without
    /// questions.
    private static func questions(in inputs: [EmbeddingInput]) -> [[EmbeddingInput]] {
        var (order, pairs) = ([String](), [String: [EmbeddingInput]]())
        var texts: [String] = []
        for input in inputs {
            switch input {
            case .text(let text): texts.append(String(decoding: text, as: UTF8.self))
            case .pair(let query, _):
                if pairs[query] == nil { order.append(query) }
                pairs[query, default: []].append(input)
            }
        }
        let own =
            texts.count < 2
            ? []
            : texts.indices.prefix(mostQuestions).map { index in
                texts.indices.filter { $0 != index }.map {
                    EmbeddingInput.pair(query: texts[index], document: texts[$0])
                }
            }
        return own + order.compactMap { pairs[$0] }
    }

    /// Returns the indices of the largest scores; of equal ones, the first.
    private static func best(of scores: [Float], _ count: Int) -> Set<Int> {
        let order = scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }
        return Set(order.prefix(count))
    }

    private static func product(_ one: [Float], _ other: [Float]) -> Float {
        var sum: Float = 0
        for index in one.indices { sum += one[index] * other[index] }
        return sum
    }
}

extension EmbeddingInput {
    fileprivate var isPair: Bool { if case .pair = self { true } else { false } }
}
