import BinaryIO
import Foundation
import SystemPackage

/// The folder in which huggingface_hub keeps what it fetched, shared by all programs of a user.
///
/// Layout: `models--owner--name/refs/<revision>` holds a commit, whose files are links in `snapshots/<commit>` to
/// `blobs/<digest>`. A blob that is on its way is `blobs/<digest>.incomplete`, and who writes it holds a lock.
public struct HubCache: Sendable {
    public let folder: FilePath

    public init(folder: FilePath) {
        self.folder = folder
    }

    /// The cache that the environment names, in huggingface_hub's order of precedence. An empty variable names nothing.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        func path(_ variable: String) -> FilePath? {
            environment[variable].flatMap { $0.isEmpty ? nil : FilePath($0) }
        }
        folder = path("HF_HUB_CACHE") ?? Self.home(environment).appending("hub")
    }

    /// Where huggingface_hub keeps its cache and the user's token.
    static func home(_ environment: [String: String]) -> FilePath {
        func path(_ variable: String) -> FilePath? {
            environment[variable].flatMap { $0.isEmpty ? nil : FilePath($0) }
        }
        let cache = path("XDG_CACHE_HOME") ?? (path("HOME") ?? "/").appending(".cache")
        return path("HF_HOME") ?? cache.appending("huggingface")
    }

    /// The part of the cache that belongs to one repository.
    func repository(_ name: String) -> CachedRepository {
        let folderName = "models--" + name.replacing("/", with: "--")
        return CachedRepository(
            folder: folder.appending(folderName),
            locks: folder.appending(".locks").appending(folderName)
        )
    }

    /// The model's folder, from what is here already.
    /// - Throws: `ModelHubError` when it is not here, or not wholly.
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

/// A model whose files are on this machine.
public struct LocatedModel: Equatable, Sendable {
    /// The repository and the commit that the files are of.
    public struct Origin: Equatable, Sendable, CustomStringConvertible {
        public let repository: String
        public let commit: String

        public var description: String { "\(ModelReference.hub(repository: repository, revision: commit))" }
    }

    public let folder: FilePath
    /// nil where the model is a folder of the user's.
    public let origin: Origin?
}
