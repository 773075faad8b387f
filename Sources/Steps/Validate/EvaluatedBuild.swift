import BinaryIO
import Evaluation

/// What a build scored on a text.
public struct EvaluatedBuild: Codable, Sendable {
    /// The build's type.
    public let type: String
    /// Of its file.
    public let digest: SHA256Digest
    /// Of the text.
    public let textDigest: SHA256Digest
    /// By llama-perplexity's method; nil for models that do not write.
    public let perplexity: PerplexityResult?
    /// The comparison with the model it was made from, where one was asked for.
    public let divergence: KLDivergenceResult?
    /// Of the model that it was compared with.
    public let baseDigest: SHA256Digest?
    /// Of the tasks, where there are any.
    public let accuracy: AccuracyResult?
    /// Of the tasks' file.
    public let tasksDigest: SHA256Digest?
    /// How it answered questions, where any were asked.
    public let talk: TalkResult?
    /// How near an embedding model's vectors are to those of the model it was made from; nil for models that write.
    public let embedding: EmbeddingComparison?
    /// Tokens of a text at most, beside `embedding`.
    public let embeddingContext: Int?
}

extension EvaluatedBuild {
    /// What keeps the build from passing a gate, in words.
    /// - Parameter reference: bits per byte of the published build that it is held against, on the same text; nil where there is none.
    func failures(of gate: QualityGate, over reference: (name: String, bitsPerByte: Double)? = nil) -> [String] {
        var failures: [String] = []
        func check(_ value: Double?, atMost limit: Double?, _ what: String, unit: String = "") {
            guard let limit, let value, value > limit else { return }
            failures.append("\(what) is \(value.formatted(4))\(unit), over \(limit.formatted(4))\(unit)")
        }
        check(perplexity?.perplexity, atMost: gate.maxPerplexity, "perplexity")
        check(perplexity?.bitsPerByte, atMost: gate.maxBitsPerByte, "bits per byte")
        check(divergence?.divergence.mean, atMost: gate.maxMeanKLD, "mean KL divergence")
        let increase = divergence.flatMap { result in
            perplexity.map { ($0.perplexity / result.basePerplexity.value - 1) * 100 }
        }
        check(increase, atMost: gate.maxPerplexityIncrease, "the increase of perplexity", unit: " %")
        if let limit = gate.maxBitsPerByteIncrease, let reference, let bits = perplexity?.bitsPerByte {
            let increase = (bits / reference.bitsPerByte - 1) * 100
            check(increase, atMost: limit, "the increase of bits per byte over \(reference.name)", unit: " %")
        }
        if let limit = gate.minSameTop, let same = divergence?.sameTopPercent.value, same < limit {
            failures.append("the same top token comes in \(same.formatted(2)) %, under \(limit.formatted(2)) %")
        }
        if let limit = gate.minAccuracy, let accuracy = accuracy?.accuracy.percent, accuracy < limit {
            failures.append("accuracy is \(accuracy.formatted(2)) %, under \(limit.formatted(2)) %")
        }
        if let limit = gate.minAnswered, let talk, talk.answered.percent < limit {
            let wrong = talk.answers.compactMap { answer in
                answer.fault.map { "the answer to \"\(answer.question.prefix(40))\" \($0.words)" }
            }
            let share = "\(talk.answered.percent.formatted(0)) % of the questions are answered properly"
            failures.append("\(share), under \(limit.formatted(0)) %: \(wrong.prefix(2).joined(separator: "; "))")
        }
        if let limit = gate.minMeanCosine, let cosine = embedding?.meanCosine, cosine < limit {
            failures.append("the mean cosine is \(cosine.formatted(6)), under \(limit.formatted(6))")
        }
        if let limit = gate.minTop10Overlap, let overlap = embedding?.overlapPercent, overlap < limit {
            let share = "\(overlap.formatted(2)) % of the ten nearest texts"
            failures.append("\(share) are the same, under \(limit.formatted(2)) %")
        }
        return failures
    }
}
