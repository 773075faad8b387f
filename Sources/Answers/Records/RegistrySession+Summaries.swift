import DeviceFit
import Registry

extension RegistrySession {
    /// Summarizes the measurements of many builds, in a few reads of the registry.
    /// - Returns: the summaries in the order of the builds, without estimates.
    /// - Throws: `RegistryError`.
    package func summaries(of builds: [BuildRecord]) throws -> [BuildSummary] {
        let figures = try registry.figures(of: builds.map(\.digest), metrics: BuildSummary.metrics)
        return builds.map { build in
            var summary = BuildSummary(build)
            summary.set(figures[build.digest] ?? [])
            summary.kind = profile(build.facts.profile)?.kind
            return summary
        }
    }
}
