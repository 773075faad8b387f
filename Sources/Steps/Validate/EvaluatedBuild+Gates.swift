import BinaryIO
import Evaluation

/// A figure of a build beside the limit that a gate sets.
struct GateFigure {
    enum Bound { case atMost, atLeast }

    /// What it is, as a subject: `mean KL divergence`.
    let name: String
    let value: Double
    /// Its standard error; nil where none is known.
    var error: Double?
    let bound: Bound
    let limit: Double
    var unit = ""
    var digits = 4
    /// How the figure is told; `NAME is VALUE` where nothing is said.
    var words: ((_ value: String) -> String)?
    /// What is said behind the limit.
    var remark = ""

    /// Whether the limit is missed, by more than so many standard errors.
    func isMissed(by errors: Double = 0) -> Bool {
        guard errors == 0 || error != nil else { return false }
        let margin = errors * (error ?? 0)
        return switch bound {
        case .atMost: value - margin > limit
        case .atLeast: value + margin < limit
        }
    }

    /// `mean KL divergence is 0.1234 ± 0.0100, over 0.1000`
    var failure: String {
        func text(_ number: Double) -> String { number.formatted(digits) }
        let figure = error.map { "\(text(value)) ± \(text($0))" } ?? text(value)
        let side = bound == .atMost ? "over" : "under"
        let subject = words.map { $0("\(figure)\(unit)") } ?? "\(name) is \(figure)\(unit)"
        return "\(subject), \(side) \(text(limit))\(unit)\(remark)"
    }
}

extension EvaluatedBuild {
    /// What keeps the build from passing a gate, in words.
    /// - Parameter reference: bits per byte of the published build that it is held against, on the same text; nil where there is none.
    func failures(of gate: QualityGate, over reference: (name: String, bitsPerByte: Double)? = nil) -> [String] {
        let missed = figures(of: gate, over: reference).filter { $0.isMissed() }.map(\.failure)
        guard let early, !missed.isEmpty else { return missed }
        let chunks = perplexity?.chunks ?? 0
        return missed.map { "\($0), certain at \(early.formatted(2)) % after \(chunks) chunks" }
    }

    /// Whether some limit of a gate is missed by more than so many standard errors.
    func isCertain(toMiss gate: QualityGate, over reference: (name: String, bitsPerByte: Double)?, by errors: Double)
        -> Bool
    {
        figures(of: gate, over: reference).contains { $0.isMissed(by: errors) }
    }

    /// What a gate asks for, of what is known.
    private func figures(of gate: QualityGate, over reference: (name: String, bitsPerByte: Double)?) -> [GateFigure] {
        var figures: [GateFigure] = []
        func add(_ limit: Double?, _ figure: (Double) -> GateFigure?) {
            if let figure = limit.flatMap(figure) { figures.append(figure) }
        }
        add(gate.maxPerplexity) { limit in
            perplexity.map {
                GateFigure(
                    name: "perplexity",
                    value: $0.perplexity,
                    error: $0.standardError,
                    bound: .atMost,
                    limit: limit
                )
            }
        }
        add(gate.maxBitsPerByte) { limit in
            perplexity.map {
                GateFigure(
                    name: "bits per byte",
                    value: $0.bitsPerByte,
                    error: $0.bitsPerByteStandardError,
                    bound: .atMost,
                    limit: limit
                )
            }
        }
        add(gate.maxMeanKLD) { limit in
            divergence.map {
                GateFigure(
                    name: "mean KL divergence",
                    value: $0.divergence.mean,
                    error: $0.divergence.standardError,
                    bound: .atMost,
                    limit: limit
                )
            }
        }
        add(gate.maxPerplexityIncrease) { limit in
            divergence.map {
                GateFigure(
                    name: "the increase of perplexity",
                    value: ($0.build.perplexity / $0.basePerplexity.value - 1) * 100,
                    error: $0.perplexityRatio.standardError * 100,
                    bound: .atMost,
                    limit: limit,
                    unit: " %"
                )
            }
        }
        add(gate.maxBitsPerByteIncrease) { limit in
            guard let reference, let perplexity else { return nil }
            return GateFigure(
                name: "the increase of bits per byte over \(reference.name)",
                value: (perplexity.bitsPerByte / reference.bitsPerByte - 1) * 100,
                error: perplexity.bitsPerByteStandardError / reference.bitsPerByte * 100,
                bound: .atMost,
                limit: limit,
                unit: " %"
            )
        }
        add(gate.minSameTop) { limit in
            divergence.map {
                GateFigure(
                    name: "same top token",
                    value: $0.sameTopPercent.value,
                    error: $0.sameTopPercent.standardError,
                    bound: .atLeast,
                    limit: limit,
                    unit: " %",
                    digits: 2,
                    words: { "the same top token comes in \($0)" }
                )
            }
        }
        add(gate.minAccuracy) { limit in
            accuracy.map {
                GateFigure(
                    name: "accuracy",
                    value: $0.accuracy.percent,
                    error: $0.accuracy.standardError,
                    bound: .atLeast,
                    limit: limit,
                    unit: " %",
                    digits: 2
                )
            }
        }
        add(gate.minAnswered) { limit in talk.map { answered($0, atLeast: limit) } }
        add(gate.minMeanCosine) { limit in
            embedding.map {
                GateFigure(name: "the mean cosine", value: $0.meanCosine, bound: .atLeast, limit: limit, digits: 6)
            }
        }
        add(gate.minTop10Overlap) { limit in
            embedding.map {
                GateFigure(
                    name: "overlap",
                    value: $0.overlapPercent,
                    bound: .atLeast,
                    limit: limit,
                    unit: " %",
                    digits: 2,
                    words: { "\($0) of the ten nearest texts are the same" }
                )
            }
        }
        return figures
    }

    private func answered(_ talk: TalkResult, atLeast limit: Double) -> GateFigure {
        let wrong = talk.answers.compactMap { answer in
            answer.fault.map { "the answer to \"\(answer.question.prefix(40))\" \($0.words)" }
        }
        return GateFigure(
            name: "answers",
            value: talk.answered.percent,
            bound: .atLeast,
            limit: limit,
            unit: " %",
            digits: 0,
            words: { "\($0) of the questions are answered properly" },
            remark: ": \(wrong.prefix(2).joined(separator: "; "))"
        )
    }
}
