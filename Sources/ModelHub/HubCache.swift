import BinaryIO
import Foundation
import SystemPackage

/// The folder in which huggingface_hub keeps what it fetched, shared by all programs of a user.
///
/// Layout: `models--owner--name/refs/<revision>` holds a commit, whose files lie in `snapshots/<commit>`.
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
        if let cache = path("HF_HUB_CACHE") {
            folder = cache
        } else if let home = path("HF_HOME") {
            folder = home.appending("hub")
        } else {
            let cache = path("XDG_CACHE_HOME") ?? (path("HOME") ?? "/").appending(".cache")
            folder = cache.appending("huggingface").appending("hub")
        }
    }

    /// The folder that holds a model's files.
    /// - Throws: `ModelHubError` when there is none.
    public func locate(_ reference: ModelReference) throws -> FilePath {
        switch reference {
        case .folder(let path):
            guard fileIdentity(path) != nil else { throw ModelHubError.noSuchFolder(path) }
            return path
        case .hub(let repository, let revision):
            let name = "models--" + repository.replacing("/", with: "--")
            let model = folder.appending(name)
            for commit in [try commit(of: revision, in: model), revision].compactMap({ $0 }) {
                let snapshot = model.appending("snapshots").appending(commit)
                if fileIdentity(snapshot) != nil { return snapshot }
            }
            throw ModelHubError.notInCache(repository: repository, revision: revision, cache: folder)
        }
    }

    /// The commit that a branch or tag stood for when it was fetched.
    private func commit(of revision: String, in model: FilePath) throws -> String? {
        let reference = model.appending("refs").pushing(FilePath(revision))
        guard fileIdentity(reference) != nil else { return nil }
        let text = String(decoding: try readFile(reference, limit: 256), as: UTF8.self)
        let commit = text.trimmingCharacters(in: .whitespacesAndNewlines)
        return commit.allSatisfy(\.isHexDigit) && !commit.isEmpty ? commit : nil
    }
}
