import BinaryIO
import Evaluation

/// A figure of a build and the limit that a gate sets.
struct GateFigure {
    enum Bound { case atMost, atLeast }

    /// The name, as a subject: `mean KL divergence`.
    let name: String
    let value: Double
    /// The standard error; nil if unknown.
    var error: Double?
    let bound: Bound
    let limit: Double
    var unit = ""
    var digits = 4
    /// Formats the figure; nil for `NAME is VALUE`.
    var words: ((_ value: String) -> String)?
    /// The text after the limit.
    var remark = ""

    /// Whether the limit is missed by more than so many standard errors.
    func isMissed(by errors: Double = 0) -> Bool {
        guard errors == 0 || error != nil else { return false }
        let margin = errors * (error ?? 0)
        return switch bound {
        case .atMost: value - margin > limit
        case .atLeast: value + margin < limit
        }
    }

    /// The description, such as `mean KL divergence is 0.1234 ± 0.0100, over 0.1000`.
    var failure: String {
        func text(_ number: Double) -> String { number.formatted(digits) }
        let figure = error.map { "\(text(value)) ± \(text($0))" } ?? text(value)
        let side = bound == .atMost ? "over" : "under"
        let subject = words.map { $0("\(figure)\(unit)") } ?? "\(name) is \(figure)\(unit)"
        return "\(subject), \(side) \(text(limit))\(unit)\(remark)"
    }
}

extension EvaluatedBuild {
    /// Describes each limit of a gate that the build does not meet.
    /// - Parameter reference: the bits per byte of the published build to compare with, on the same text; nil if there
    ///   is none.
    func failures(of gate: QualityGate, over reference: (name: String, bitsPerByte: Double)? = nil) -> [String] {
        let missed = figures(of: gate, over: reference).filter { $0.isMissed() }.map(\.failure)
        guard let early, !missed.isEmpty else { return missed }
        let chunks = perplexity?.chunks ?? 0
        return missed.map { "\($0), certain at \(early.formatted(2)) % after \(chunks) chunks" }
    }

    /// Whether any limit of a gate is missed by more than so many standard errors.
    func isCertain(toMiss gate: QualityGate, over reference: (name: String, bitsPerByte: Double)?, by errors: Double)
        -> Bool
    {
        figures(of: gate, over: reference).contains { $0.isMissed(by: errors) }
    }

    /// Returns the known figures that a gate limits.
    private func figures(of gate: QualityGate, over reference: (name: String, bitsPerByte: Double)?) -> [GateFigure] {
        var figures: [GateFigure] = []
        func add(
            _ name: String,
            _ value: Double?,
            error: Double? = nil,
            _ bound: GateFigure.Bound,
            _ limit: Double?,
            unit: String = "",
            digits: Int = 4,
            words: ((_ value: String) -> String)? = nil
        ) {
            guard let value, let limit else { return }
            figures.append(
                GateFigure(
                    name: name,
                    value: value,
                    error: error,
                    bound: bound,
                    limit: limit,
                    unit: unit,
                    digits: digits,
                    words: words
                )
            )
        }
        let (text, distance) = (perplexity, divergence)
        add("perplexity", text?.perplexity, error: text?.standardError, .atMost, gate.maxPerplexity)
        add("bits per byte", text?.bitsPerByte, error: text?.bitsPerByteStandardError, .atMost, gate.maxBitsPerByte)
        let mean = distance?.divergence
        add("mean KL divergence", mean?.mean, error: mean?.standardError, .atMost, gate.maxMeanKLD)
        add(
            "the increase of perplexity",
            distance.map { ($0.build.perplexity / $0.basePerplexity.value - 1) * 100 },
            error: distance.map { $0.perplexityRatio.standardError * 100 },
            .atMost,
            gate.maxPerplexityIncrease,
            unit: " %"
        )
        if let reference, let text {
            add(
                "the increase of bits per byte over \(reference.name)",
                (text.bitsPerByte / reference.bitsPerByte - 1) * 100,
                error: text.bitsPerByteStandardError / reference.bitsPerByte * 100,
                .atMost,
                gate.maxBitsPerByteIncrease,
                unit: " %"
            )
        }
        let same = distance?.sameTopPercent
        add("same top token", same?.value, error: same?.standardError, .atLeast, gate.minSameTop, unit: " %", digits: 2)
        {
            "the same top token comes in \($0)"
        }
        let right = accuracy?.accuracy
        add("accuracy", right?.percent, error: right?.standardError, .atLeast, gate.minAccuracy, unit: " %", digits: 2)
        if let talk, let limit = gate.minAnswered { figures.append(answered(talk, atLeast: limit)) }
        add("the mean cosine", embedding?.meanCosine, .atLeast, gate.minMeanCosine, digits: 6)
        add("overlap", embedding?.overlapPercent, .atLeast, gate.minTop10Overlap, unit: " %", digits: 2) {
            "\($0) of the ten nearest texts are the same"
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
