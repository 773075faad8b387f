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
}
