import BinaryIO
import DeviceFit
import Registry

/// The builds of the one version that a person's words mean.
struct VersionChoice {
    /// Never empty.
    let builds: [BuildRecord]
    /// The build that was named with its type.
    let named: BuildRecord?

    /// - Parameter name: `model`, `model@version` or `model@channel`, each with or without `:type`.
    /// - Throws: `RegistryError.notFound`, with what there is instead.
    init(_ name: String, in registry: ModelRegistry) throws {
        let reference = try BuildReference(name)
        var filter = BuildFilter(model: reference.model)
        switch reference.selector {
        case .newest: break
        case .version(let version): filter.version = version
        case .channel(let channel): filter.channel = channel
        }
        let found = try registry.builds(matching: filter)
        let versions = Set(found.map(\.name.version))
        let version = versions.filter { !$0.isPreRelease }.max() ?? versions.max()
        builds = found.filter { $0.name.version == version }
        named = builds.first { $0.name.type == reference.type }
        if builds.isEmpty || (reference.type != nil && named == nil) {
            // Says in words what there is instead.
            _ = try registry.resolve(reference)
            throw RegistryError.notFound(name, available: found.map(\.name.description))
        }
    }

    var name: BuildName { builds[0].name }

    /// The version's builds that a query takes, the best first, each with the estimate that is hardest to meet.
    func ranked(_ query: BuildQuery, in registry: ModelRegistry) throws -> [(BuildRecord, FitEstimate)] {
        var query = query
        query.model = name.model
        let answer = try query.answer(from: registry)
        return ([answer.best].compactMap { $0 } + answer.alternatives).compactMap { summary in
            guard let build = builds.first(where: { "\($0.name)" == summary.build }) else { return nil }
            return summary.estimate.map { (build, $0) }
        }
    }

    /// The same without the estimates; never empty.
    /// - Throws: `NothingFits` where no build of the version does.
    func fitting(_ query: BuildQuery, in registry: ModelRegistry) throws -> [BuildRecord] {
        let ranked = try ranked(query, in: registry)
        guard !ranked.isEmpty else {
            throw NothingFits(
                "no build of \(name.model)@\(name.version) fits. Ask with a shorter context, name a build with its type, or see "
                    + "`edgepipe query` for the reasons."
            )
        }
        return ranked.map { $0.0 }
    }
}

/// No build is small or quick enough for what was asked; in words that end with what to do.
public struct NothingFits: Error, CustomStringConvertible, Sendable {
    public let description: String

    init(_ words: String) { description = words }

    /// A model or a channel that nothing has is a slip far more often than a question.
    /// - Throws: `NothingFits`, with near names.
    static func unless(_ registry: ModelRegistry, knowsModel model: String?, channel: String? = nil) throws {
        func check(_ what: String, _ wanted: String?, _ known: () throws -> [String]) throws {
            guard let wanted else { return }
            let known = try known()
            guard !known.contains(wanted) else { return }
            let advice = known.isEmpty ? "" : " \(Spelling.advice(for: wanted, among: known))"
            throw NothingFits("the registry has no \(what) '\(wanted)'.\(advice)")
        }
        try check("model", model, registry.modelNames)
        try check("channel", channel, registry.channelNames)
    }
}
