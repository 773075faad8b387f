import Registry

extension ModelRegistry {
    /// The builds that names mean, each once, with each projector before its model.
    /// - Parameter names: `model`, `model@version`, `model@channel`, each with or without `:type`; empty means all
    ///   builds.
    /// - Throws: `RegistryError`; `DistributionError.halfPair`.
    func select(_ names: [String]) throws -> [BuildRecord] {
        if names.isEmpty { return try builds() }
        var chosen: [BuildRecord] = []
        for name in names {
            let reference = try BuildReference(name)
            var filter = BuildFilter(model: reference.model, type: reference.type)
            switch reference.selector {
            case .newest: break
            case .version(let version): filter.version = version
            case .channel(let channel): filter.channel = channel
            }
            let found = try builds(matching: filter)
            // Throws an error that lists what exists.
            if found.isEmpty { _ = try resolve(reference) }
            // A build with a projector brings the projector along.
            let pairs = try found.compactMap { try projector(of: $0) } + found
            for build in pairs where !chosen.contains(build) { chosen.append(build) }
        }
        return chosen
    }
}
