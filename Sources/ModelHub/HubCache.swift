import BinaryIO
import Foundation
import SystemPackage
import Transfer

/// The cache folder of huggingface_hub, shared by all programs of a user.
///
/// Layout: `models--owner--name/refs/<revision>` contains a commit, whose files are links in `snapshots/<commit>` to
/// `blobs/<digest>`. An incomplete blob is `blobs/<digest>.incomplete`, and its writer holds a lock.
public struct HubCache: Sendable {
    /// The folder of the repositories, each of which has its own folder.
    public let folder: FilePath

    /// Uses a folder, which need not exist.
    public init(folder: FilePath) {
        self.folder = folder
    }

    /// The cache that the environment selects, in huggingface_hub's order of precedence. An empty variable is ignored.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        folder = environment.path("HF_HUB_CACHE") ?? Self.home(environment).appending("hub")
    }

    /// The folder where huggingface_hub keeps its cache and the user's token.
    static func home(_ environment: [String: String]) -> FilePath {
        let cache = environment.path("XDG_CACHE_HOME") ?? (environment.path("HOME") ?? "/").appending(".cache")
        return environment.path("HF_HOME") ?? cache.appending("huggingface")
    }

    /// The part of the cache that belongs to one repository.
    func repository(_ name: String) -> CachedRepository {
        let folderName = "models--" + name.replacing("/", with: "--")
        return CachedRepository(
            folder: folder.appending(folderName),
            locks: folder.appending(".locks").appending(folderName)
        )
    }

    /// The model's folder, from the cache alone.
    /// - Throws: `ModelHubError` if the model is not cached, or incomplete.
    public func locate(_ reference: ModelReference) throws -> LocatedModel {
        switch reference {
        case .folder(let path):
            guard fileIdentity(path) != nil else { throw ModelHubError.noSuchFolder(path) }
            return LocatedModel(folder: path, origin: nil)
        case .hub(let name, let revision):
            let repository = repository(name)
            guard let commit = try repository.commit(of: revision) else {
                throw ModelHubError.notInCache(repository: name, revision: revision, cache: folder)
            }
            let missing = try repository.missing(in: commit)
            guard missing.isEmpty else {
                throw ModelHubError.incompleteInCache(
                    repository: name,
                    revision: revision,
                    missing: missing,
                    cache: folder
                )
            }
            return LocatedModel(
                folder: repository.snapshot(commit),
                origin: .init(repository: name, commit: commit)
            )
        }
    }
}
