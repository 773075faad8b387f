import Answers
import BinaryIO
import Foundation
import HTTPTypes
import Registry

/// The routes for clients of the Hugging Face Hub: huggingface_hub, and llama.cpp with `-hf`. A model is a repository
/// of the configured owner, its versions are revisions, and its builds are files.
enum HubRoutes {
    static let all: [Route] = [refs, tree, folder, revision, repository, file]

    private static func route(
        _ path: String,
        _ summary: String,
        _ handler: @escaping @Sendable (Call, Services) async throws -> Answer
    ) -> Route {
        Route(method: .get, path: path, family: .hub, summary: summary, parameters: nil, handler: handler)
    }

    private static func model(_ call: Call, _ services: Services) throws -> String {
        let (owner, model) = (call.name("owner"), call.name("model"))
        guard owner == services.owner, NameGrammar.accepts(model) else {
            throw Repositories.unknown("\(owner)/\(model)")
        }
        return model
    }

    private static func answer(_ kept: AnswerCache.Kept, _ call: Call) -> Answer {
        .tagged(kept.bytes, as: APIRoutes.json, etag: kept.etag, call)
    }

    // MARK: Refs

    private struct Refs: Encodable {
        struct Ref: Encodable {
            let name: String
            let ref: String
            let targetCommit: String
        }
        var branches: [Ref] = []
        var converts: [Ref] = []
        var tags: [Ref] = []
    }

    private static let refs = route("/api/models/{owner}/{model}/refs", "The revisions of a model.") { call, services in
        let model = try model(call, services)
        let kept = try await services.cached("hub/refs/\(model)") { session in
            let versions = try HubVersion.all(of: model, session)
            var refs = Refs()
            if let newest = HubVersion.newest(versions) {
                refs.branches.append(
                    .init(name: HubVersion.newest, ref: "refs/heads/main", targetCommit: newest.commit)
                )
            }
            for version in versions {
                for channel in version.version.channels where channel != HubVersion.newest {
                    refs.branches.append(
                        .init(name: channel, ref: "refs/heads/\(channel)", targetCommit: version.commit)
                    )
                }
                let name = "\(version.version.version)"
                refs.tags.append(.init(name: name, ref: "refs/tags/\(name)", targetCommit: version.commit))
            }
            return try RecordText.json(refs, isPretty: false)
        }
        return answer(kept, call)
    }

    // MARK: Trees

    private struct TreeFile: Encodable {
        struct Pointer: Encodable {
            let oid: String
            let size: Int
            let pointerSize: Int
        }
        let type = "file"
        let oid: String
        let size: Int
        let path: String
        let lfs: Pointer

        init(_ file: HubVersion.File) {
            let digest = "\(file.build.digest)"
            (oid, size, path) = (String(digest.prefix(40)), file.build.fileBytes, file.name)
            let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:\(digest)\nsize \(size)\n"
            lfs = Pointer(oid: digest, size: size, pointerSize: pointer.utf8.count)
        }
    }

    private static let tree = route("/api/models/{owner}/{model}/tree/{revision}", "The files of a revision.") {
        call,
        services in
        let (model, revision) = (try model(call, services), call.name("revision"))
        let kept = try await services.cached("hub/tree/\(model)/\(revision)") { session in
            let version = try HubVersion.find(revision, of: model, session)
            return try RecordText.json(version.files.map(TreeFile.init), isPretty: false)
        }
        return answer(kept, call)
    }

    private static let folder = route("/api/models/{owner}/{model}/tree/{revision}/{path...}", "There are no folders.")
    {
        call,
        services in
        throw entryMissing(call.name("path"), of: try model(call, services))
    }

    private static func entryMissing(_ name: String, of model: String) -> ServerError {
        .notFound("there is no file '\(name.visible)' in \(model).", hub: "EntryNotFound")
    }

    // MARK: Repositories

    private struct Info: Encodable {
        struct Sibling: Encodable {
            let rfilename: String
            var size: Int?
            var lfs: Pointer?

            struct Pointer: Encodable {
                let sha256: String
                let size: Int
                let pointerSize: Int
            }

            init(_ file: HubVersion.File, isWhole: Bool) {
                rfilename = file.name
                guard isWhole else { return }
                let tree = TreeFile(file)
                size = tree.size
                lfs = Pointer(sha256: tree.lfs.oid, size: tree.size, pointerSize: tree.lfs.pointerSize)
            }
        }
        let id: String
        let modelId: String
        let author: String
        let sha: String
        let lastModified: Date
        let createdAt: Date
        let isPrivate: Bool
        let gated = false
        let disabled = false
        let downloads = 0
        let likes = 0
        let tags: [String]
        let siblings: [Sibling]

        private enum CodingKeys: String, CodingKey {
            case id, modelId, author, sha, lastModified, createdAt, gated, disabled, downloads, likes, tags, siblings
            case isPrivate = "private"
        }
    }

    private static func info(_ call: Call, _ services: Services, _ revision: String) async throws -> Answer {
        let model = try model(call, services)
        let (owner, isPrivate) = (services.owner, services.access.isPrivate)
        let isWhole = ["true", "1", "True"].contains(call.values.text("blobs"))
        let kept = try await services.cached("hub/info/\(isPrivate)/\(isWhole)/\(model)/\(revision)") { session in
            let version = try HubVersion.find(revision, of: model, session)
            let licenses = Set(version.files.map(\.build.facts.license)).sorted()
            let info = Info(
                id: "\(owner)/\(model)",
                modelId: "\(owner)/\(model)",
                author: owner,
                sha: version.commit,
                lastModified: version.files.map(\.build.createdAt).max() ?? version.version.createdAt,
                createdAt: version.version.createdAt,
                isPrivate: isPrivate,
                tags: ["gguf"] + licenses.map { "license:\($0.lowercased())" },
                siblings: version.files.map { Info.Sibling($0, isWhole: isWhole) }
            )
            return try RecordText.json(info, isPretty: false)
        }
        return answer(kept, call)
    }

    private static let repository = route("/api/models/{owner}/{model}", "What a model's newest version has.") {
        call,
        services in
        try await info(call, services, HubVersion.newest)
    }

    private static let revision = route("/api/models/{owner}/{model}/revision/{revision}", "What a revision has.") {
        call,
        services in
        try await info(call, services, call.name("revision"))
    }

    // MARK: Files

    private static let file = route("/{owner}/{model}/resolve/{revision}/{path...}", "A file of a revision.") {
        call,
        services in
        let (model, revision, name) = (try model(call, services), call.name("revision"), call.name("path"))
        let version = try await services.asking { try HubVersion.find(revision, of: model, $0) }
        guard let file = version.files.first(where: { $0.name == name }) else {
            var error = entryMissing(name, of: model)
            error.headers = [(.xRepoCommit, version.commit)]
            throw error
        }
        let digest = file.build.digest
        // A commit always names the same bytes, while a branch may move.
        let isFixed = revision == version.commit
        return try await services.blobs.answer(
            digest,
            call,
            [
                (.xRepoCommit, version.commit), (.xLinkedETag, "\"\(digest)\""),
                (.xLinkedSize, "\(file.build.fileBytes)"),
                (.contentDisposition, "attachment; filename=\"\(name)\""),
                (.cacheControl, isFixed ? OCIRoutes.immutable(call) : "no-cache"),
            ]
        )
    }
}
