import BinaryIO
import Registry

/// What a registry holds, and what it remembers of runs.
extension RegistrySession {
    /// All versions, with the channels that point to them.
    /// - Throws: `RegistryError`, as all of these.
    public func versions() throws -> [VersionRecord] { try registry.versions() }

    /// All builds that are offered.
    public func builds() throws -> [BuildRecord] { try registry.builds() }

    /// - Parameter name: `model[@version][:type]`
    public func details(of name: String) throws -> BuildDetails {
        try registry.details(of: registry.resolve(try BuildReference(name)))
    }

    /// The runs that the registry remembers, newest first.
    /// - Parameter pipeline: runs of this pipeline only; nil for all.
    public func runs(of pipeline: String?, limit: Int) throws -> [RunRecord] {
        try registry.runs(of: pipeline, limit: limit)
    }

    /// What the builds take on the disk.
    public func storage() throws -> StorageReport { try registry.storage() }

    /// What keeps every build of the registry from being pulled, in words: an answer stands without the bytes, but whoever
    /// reads it has to know.
    public func objectsWarning() throws -> String? {
        do {
            try registry.checkObjects()
            return registry.unreachableTier.map { "builds that are not on the disk cannot be pulled: \($0)" }
        } catch let error as RegistryError where error.isDamage {
            return "no build can be pulled: \(error)"
        }
    }
}
