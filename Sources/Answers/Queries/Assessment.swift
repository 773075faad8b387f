import BinaryIO
import Briefs
import Registry

/// What a query found of the builds that it looked at.
struct Assessment {
    var fitting: [BuildSummary] = []
    var refused: [QueryAnswer.Refusal] = []
    /// Of those that fit, the ones whose publisher did not say that engines can load them, by name.
    var unchecked: [String: BuildRecord] = [:]
    /// Whether some fit and cannot be loaded; these stand first among the refused.
    private(set) var holdsUnloadable = false

    /// The builds that an answer names, best first.
    ///
    /// Only the headers of these are read, where nobody checked them before: a build that no engine can load is refused, and
    /// the next best takes its place.
    /// - Parameters:
    ///   - most: how many are named.
    ///   - language: of the remarks.
    ///   - text: what qualities are compared on; nil takes the text that most of those that fit were measured on.
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
