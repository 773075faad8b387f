import Settings

extension QualityGate {
    /// The settings of a gate, for the schema of pipeline files.
    static var kind: SettingKind {
        .mapping(settings.map { SettingKind.Field($0, percentages.contains($0) ? .percent : .number) })
    }

    private static let percentages: Set = [
        "max-perplexity-increase", "min-same-top", "min-accuracy", "min-top10-overlap",
    ]
}
