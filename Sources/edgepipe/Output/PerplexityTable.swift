import Evaluation
import Pipeline
import Settings
import Steps

/// The score of a model, for a human reader.
enum PerplexityTable {
    static func text(_ report: PerplexityReport, _ format: OutputFormat) -> String {
        let table = Table(columns: ["measure", "value"], rows: rows(report) + comparison(report)).text(format)
        return format == .csv ? table : "\(table)\n\nWhat may be compared:\n\(lines(report.comparable))"
    }

    private static func lines(_ notes: [String]) -> String { notes.map { "  \($0)" }.joined(separator: "\n") }

    private static func rows(_ report: PerplexityReport) -> [[String]] {
        [
            ["perplexity", plusMinus(report.perplexity, report.standardError, 4)],
            ["bits per byte", plusMinus(report.bitsPerByte, report.bitsPerByteStandardError, 4)],
            ["scored", "\(report.scoredTokens) tokens in \(report.chunks) windows of \(report.context)"],
        ]
    }

    private static func comparison(_ report: PerplexityReport) -> [[String]] {
        guard let kld = report.kld, let delta = report.deltaPercent else { return [] }
        func row(_ name: String, _ estimate: PerplexityReport.Estimate?) -> [String] {
            [name, estimate.map { plusMinus($0.value, $0.standardError, 6) } ?? "-"]
        }
        return [
            row("perplexity of the base", report.basePerplexity),
            ["correlation of ln perplexity", "\(numberText(report.correlationPercent, 2)) %"],
            row("ln of the ratio of perplexities", report.logPerplexityRatio),
            row("ratio of perplexities", report.perplexityRatio),
            row("difference of perplexities", report.perplexityDifference),
            ["KL divergence: mean", plusMinus(kld.mean, kld.standardError, 6)],
        ] + spread("KL divergence", kld, 6, unit: "", hasQuartiles: false) + [
            ["change of probability: mean", "\(plusMinus(delta.mean, delta.standardError, 3)) %"]
        ] + spread("change of probability", delta, 3, unit: " %", hasQuartiles: true) + [
            [
                "change of probability: RMS",
                "\(plusMinus(report.rmsDeltaPercent ?? 0, report.rmsDeltaStandardError ?? 0, 3)) %",
            ],
            [
                "same top token",
                "\(plusMinus(report.sameTopPercent ?? 0, report.sameTopStandardError ?? 0, 3)) %",
            ],
        ]
    }

    private static func spread(
        _ name: String,
        _ sample: PerplexityReport.Distribution,
        _ digits: Int,
        unit: String,
        hasQuartiles: Bool
    ) -> [[String]] {
        var values = [
            ("largest", sample.max), ("99.9 %", sample.p999), ("99 %", sample.p99), ("95 %", sample.p95),
            ("90 %", sample.p90), ("75 %", sample.p75), ("median", sample.median), ("25 %", sample.p25),
            ("10 %", sample.p10), ("5 %", sample.p05), ("1 %", sample.p01), ("0.1 %", sample.p001),
            ("smallest", sample.min),
        ]
        if !hasQuartiles { values.removeAll { ["75 %", "25 %"].contains($0.0) } }
        return values.map { ["\(name): \($0)", numberText($1, digits) + unit] }
    }

    private static func plusMinus(_ value: Double, _ error: Double, _ digits: Int) -> String {
        "\(numberText(value, digits)) ± \(numberText(error, digits))"
    }
}
