import Settings

extension QualityGate {
    /// The settings of a gate for the schema of pipeline files.
    static var kind: SettingKind {
        .mapping(
            settings.map { SettingKind.Field($0, percentages.contains($0) ? .percent : $0 == "over" ? .text : .number) }
        )
    }

    private static let percentages: Set = [
        "max-perplexity-increase", "max-bits-per-byte-increase", "min-same-top", "min-accuracy", "min-answered",
        "min-top10-overlap",
    ]
}
