import DeviceFit
import Registry

/// The builds of the one version that a name selects.
struct VersionChoice {
    /// The builds; never empty.
    let builds: [BuildRecord]
    /// The build, if the name has a type.
    let named: BuildRecord?

    /// - Parameter name: `model`, `model@version` or `model@channel`, each with or without `:type`.
    /// - Throws: `RegistryError.notFound`, with the names that exist.
    init(_ name: String, in session: RegistrySession) throws {
        let reference = try BuildReference(name)
        var filter = BuildFilter(model: reference.model)
        switch reference.selector {
        case .newest: break
        case .version(let version): filter.version = version
        case .channel(let channel): filter.channel = channel
        }
        let found = try session.registry.builds(matching: filter).filter { !$0.name.isProjector }
        let versions = Set(found.map(\.name.version))
        let version = versions.filter { !$0.isPreRelease }.max() ?? versions.max()
        builds = found.filter { $0.name.version == version }
        named = builds.first { $0.name.type == reference.type }
        if builds.isEmpty || (reference.type != nil && named == nil) {
            // The error lists the names that exist.
            _ = try session.registry.resolve(reference)
            throw RegistryError.notFound(name, available: found.map(\.name.description))
        }
    }

    var name: BuildName { builds[0].name }

    /// Returns the version's builds that meet a query, the best first, each with the estimate that has the hardest
    /// limit.
    func ranked(_ query: BuildQuery, in session: RegistrySession) throws -> [(BuildRecord, FitEstimate)] {
        var query = query
        query.model = name.model
        let answer = try query.answer(from: session)
        return ([answer.best].compactMap { $0 } + answer.alternatives).compactMap { summary in
            guard let build = builds.first(where: { "\($0.name)" == summary.build }) else { return nil }
            return summary.estimate.map { (build, $0) }
        }
    }

    /// Returns the version's builds that meet a query, the best first; never empty.
    /// - Throws: `NothingFits` if no build of the version meets it.
    func fitting(_ query: BuildQuery, in session: RegistrySession) throws -> [BuildRecord] {
        let ranked = try ranked(query, in: session)
        guard !ranked.isEmpty else {
            throw NothingFits(
                "no build of \(name.model)@\(name.version) fits. Ask with a shorter context, name a build with its type, or see "
                    + "`edgepipe query` for the reasons."
            )
        }
        return ranked.map { $0.0 }
    }
}
