import Answers

/// Builds as rows.
enum BuildTable {
    static let columns = [
        "build", "size", "bits/weight", "bits/byte", "perplexity", "KL div.", "peak memory", "tokens/s", "%/1k tokens",
    ]

    static func table(_ builds: [BuildSummary]) -> Table { Table(columns: columns, rows: builds.map(row)) }

    static func row(_ build: BuildSummary) -> [String] {
        [
            build.build, sizeText(build.fileBytes), numberText(build.bitsPerWeight, 2),
            numberText(build.bitsPerByte, 4), numberText(build.perplexity, 3), numberText(build.kld, 5),
            build.peakMemoryBytes.map(sizeText) ?? "-", numberText(build.decodeTokensPerSecond, 1),
            numberText(build.batteryPercentPer1kTokens, 3),
        ]
    }
}
