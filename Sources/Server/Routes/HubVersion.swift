import Answers
import BinaryIO
import Distribution
import Registry

/// A version of a model as a revision of a repository of the Hub.
struct HubVersion: Sendable {
    struct File: Sendable {
        let name: String
        let build: BuildRecord
    }

    let model: String
    let version: VersionRecord
    /// An id in the form of a commit: the first 40 digits of a SHA-256 over the version's files.
    let commit: String
    let files: [File]

    private static let commitLength = 40
    /// The branch that names the newest version.
    static let newest = "main"

    private init(_ version: VersionRecord, _ builds: [BuildRecord]) {
        (model, self.version) = (version.model, version)
        let own = builds.filter { $0.name.version == version.version }
        files = own.map { File(name: Self.fileName(of: $0), build: $0) }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        let lines = files.map { "\($0.build.digest) \($0.name)\n" }.joined()
        let digest = SHA256Digest(of: Array("\(version.model)@\(version.version)\n\(lines)".utf8))
        commit = String("\(digest)".prefix(Self.commitLength))
    }

    /// The file name of a build in its revision.
    static func fileName(of build: BuildRecord) -> String { "\(build.name.model)-\(build.name.type).gguf" }

    /// All versions of a model, newest first.
    /// - Throws: `ServerError` if no build is offered.
    static func all(of model: String, _ session: RegistrySession) throws -> [HubVersion] {
        let versions = try session.versions().filter { $0.model == model }
        guard !versions.isEmpty else { throw Repositories.unknown(model) }
        let builds = try session.registry.builds(matching: BuildFilter(model: model))
        return versions.map { HubVersion($0, builds) }
    }

    /// The version that `main` means: the newest release, or the newest pre-release if there is no release.
    static func newest(_ versions: [HubVersion]) -> HubVersion? {
        versions.first { !$0.version.version.isPreRelease } ?? versions.first
    }

    /// - Parameter revision: `main`, a channel, a version, or a commit.
    static func find(_ revision: String, of model: String, _ session: RegistrySession) throws -> HubVersion {
        let versions = try all(of: model, session)
        let found =
            revision == newest
            ? newest(versions)
            : versions.first {
                $0.version.channels.contains(revision) || "\($0.version.version)" == revision || $0.commit == revision
            }
        guard let found else {
            throw ServerError.notFound(
                "there is no revision '\(revision.visible)' of \(model).",
                hub: "RevisionNotFound"
            )
        }
        return found
    }
}
