import BinaryIO
import Briefs
import Registry

/// What a query found out about the builds that it examined.
struct Assessment {
    var fitting: [BuildSummary] = []
    var refused: [QueryAnswer.Refusal] = []
    /// The builds that fit but were published without a check that engines can load them, by name.
    var unchecked: [String: BuildRecord] = [:]
    /// Whether some builds fit but cannot be loaded; these are the first of the refused.
    private(set) var holdsUnloadable = false

    /// Returns the builds that an answer names, best first.
    ///
    /// Only the headers of these builds are read, if they were not checked before: a build that no engine can load is
    /// refused, and the next best replaces it.
    /// - Parameters:
    ///   - most: the number of builds that are named.
    ///   - language: the language of the remarks.
    ///   - text: the text on which qualities are compared; nil for the text on which most of the fitting builds were
    ///     measured.
    mutating func ranked(
        naming most: Int,
        _ language: Language,
        on text: SHA256Digest? = nil,
        in session: RegistrySession
    ) throws -> [BuildSummary] {
        while true {
            let common = text ?? BuildQuery.commonText(of: fitting)
            let named = Array(BuildQuery.ranked(fitting, common: common, language).prefix(most))
            let problems = try session.loadingProblems(of: named.compactMap { unchecked[$0.build] })
            if problems.isEmpty { return named }
            let unloadable = named.compactMap { build in
                problems[build.sha256].map { QueryAnswer.Refusal(build: build.build, reasons: [$0]) }
            }
            refused.insert(contentsOf: unloadable, at: 0)
            let names = Set(unloadable.map(\.build))
            fitting.removeAll { names.contains($0.build) }
            holdsUnloadable = true
        }
    }
}
