import Answers
import Architectures

/// Builds as rows.
enum BuildTable {
    static let columns = [
        "build", "size", "bits/weight", "bits/byte", "perplexity", "KL div.", "peak memory", "tokens/s", "%/1k tokens",
    ]

    /// The columns of models that do not generate text.
    private static let embeddingColumns = [
        "build", "size", "bits/weight", "mean cosine", "top-10 overlap %", "peak memory", "text tokens/s",
    ]

    /// Makes the table of builds of one kind: embedding models have other figures.
    static func table(_ builds: [BuildSummary]) -> Table {
        guard let kind = builds.first?.kind, kind != .language else {
            return Table(columns: columns, rows: builds.map(row))
        }
        return Table(
            columns: embeddingColumns,
            rows: builds.map { build in
                [
                    build.build, sizeText(build.fileBytes), numberText(build.bitsPerWeight, 2),
                    numberText(build.meanCosine, 6), numberText(build.top10OverlapPercent, 2),
                    build.peakMemoryBytes.map(sizeText) ?? "-", numberText(build.prefillTokensPerSecond, 0),
                ]
            }
        )
    }

    static func row(_ build: BuildSummary) -> [String] {
        [
            build.build, sizeText(build.fileBytes), numberText(build.bitsPerWeight, 2),
            numberText(build.bitsPerByte, 4), numberText(build.perplexity, 3), numberText(build.kld, 5),
            build.peakMemoryBytes.map(sizeText) ?? "-", numberText(build.decodeTokensPerSecond, 1),
            numberText(build.batteryPercentPer1kTokens, 3),
        ]
    }
}
