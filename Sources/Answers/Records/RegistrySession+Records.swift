import BinaryIO
import Registry

/// The records of a registry, and the runs that it remembers.
extension RegistrySession {
    /// Returns all versions, with the channels that point to them.
    /// - Throws: `RegistryError`, as all of these.
    public func versions() throws -> [VersionRecord] { try registry.versions() }

    /// Returns all builds that are offered.
    public func builds() throws -> [BuildRecord] { try registry.builds() }

    /// - Parameter name: `model[@version][:type]`
    public func details(of name: String) throws -> BuildDetails {
        try registry.details(of: registry.resolve(try BuildReference(name)))
    }

    /// Returns the runs that the registry remembers, newest first.
    /// - Parameter pipeline: the pipeline of the runs; nil for all.
    public func runs(of pipeline: String?, limit: Int) throws -> [RunRecord] {
        try registry.runs(of: pipeline, limit: limit)
    }

    /// Returns the disk space that the builds take.
    public func storage() throws -> StorageReport { try registry.storage() }

    /// Returns a warning if builds of the registry cannot be pulled: an answer needs no bytes, but its reader has to
    /// know.
    public func objectsWarning() throws -> String? {
        do {
            try registry.checkObjects()
            return registry.unreachableTier.map { "builds that are not on the disk cannot be pulled: \($0)" }
        } catch let error as RegistryError where error.isDamage {
            return "no build can be pulled: \(error)"
        }
    }
}
