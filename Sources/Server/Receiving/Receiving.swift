import Answers
import BinaryIO
import Distribution
import Foundation
import HTTPTypes
import Registry
import Synchronization
import SystemPackage

/// Receives builds: uploads, documents and manifests, until a tag publishes a build.
///
/// The import that reads OCI layouts publishes a build, so that it is verified like one from a disk; its row is written
/// last. Small documents are kept beside the registry, so that manifests stay byte-identical to what was sent.
final class Receiving: Sendable {
    private struct State {
        var models: [String: ReceivedFiles] = [:]
        var uploads: [String: Upload] = [:]
        /// The registry's state when a list of builds was received: the list is valid until something else changes.
        var lists: [String: RegistryState] = [:]
    }

    private static let mostModels = 4096

    let limits: ServerLimits
    private let registry: FilePath
    private let root: FilePath
    private let state = Mutex(State())
    /// One thread publishes, because writers of a registry wait for each other anyway.
    private let publisher: WorkerThreads

    init(_ settings: ServerSettings) {
        (registry, limits) = (settings.registry, settings.limits)
        root = FilePath("\(settings.registry).work").appending("received")
        publisher = WorkerThreads(1, mostQueued: 64)
        // Uploads that an earlier server began cannot be resumed.
        try? FileManager.default.removeItem(atPath: root.appending("uploads").string)
    }

    func shutDown() async { await publisher.shutDown() }

    func files(of model: String) -> ReceivedFiles {
        state.withLock { state in
            if let known = state.models[model] { return known }
            if state.models.count >= Self.mostModels { state.models = [:] }
            let files = ReceivedFiles(of: model, in: root)
            state.models[model] = files
            return files
        }
    }

    // MARK: Uploads

    /// - Throws: `ServerError` if there are too many, or the disk is nearly full; `FileError`.
    func begin(of model: String) throws -> Upload {
        let (old, isFull) = state.withLock { state in
            let old = state.uploads.values.filter { $0.age >= .seconds(limits.uploadSeconds) }
            for upload in old { state.uploads[upload.id] = nil }
            return (old, state.uploads.count >= limits.uploads)
        }
        for upload in old { upload.remove() }
        guard !isFull else {
            var error = ServerError(
                .tooManyRequests,
                "tooManyUploads",
                "\(limits.uploads) uploads are open already. End one of them, or try again later.",
                oci: "TOOMANYREQUESTS"
            )
            error.headers = [(.retryAfter, "60")]
            throw error
        }
        try checkRoom(for: 0)
        let upload = try Upload(of: model, in: root.appending("uploads"))
        state.withLock { $0.uploads[upload.id] = upload }
        return upload
    }

    /// - Throws: `ServerError` if the upload is unknown or belongs to another model.
    func upload(_ id: String, of model: String) throws -> Upload {
        guard let upload = state.withLock({ $0.uploads[id] }), upload.model == model else {
            throw ServerError.notFound("this upload is not known. Begin it anew.", oci: "BLOB_UPLOAD_UNKNOWN")
        }
        return upload
    }

    func forget(_ upload: Upload) {
        state.withLock { $0.uploads[upload.id] = nil }
        upload.remove()
    }

    /// - Throws: `ServerError` if it would nearly fill the registry's disk.
    func checkRoom(for byteCount: Int) throws {
        guard let free = freeDiskBytes(at: registry), free - byteCount < limits.diskFloorBytes else { return }
        throw ServerError(
            .noRoom,
            "diskFull",
            "the server's disk has no room for this. Ask its operator.",
            oci: "DENIED"
        )
    }

    // MARK: Received

    /// A manifest as it was received.
    /// - Parameter forOllama: whether to return the tag's counterpart for Ollama instead.
    func manifest(
        _ reference: String,
        of model: String,
        forOllama: Bool,
        _ services: Services
    ) async throws -> ServedManifest? {
        let suffix = "-\(Dialect.ollama.rawValue)"
        let reference = forOllama && !reference.hasSuffix(suffix) ? reference + suffix : reference
        let files = files(of: model)
        let limit = limits.manifestBytes
        if reference == IndexDocuments.tag {
            let now = try services.sessions.state()
            guard state.withLock({ $0.lists[model] }) == now else { return nil }
        }
        let digest = reference.hasPrefix("sha256:") ? SHA256Digest(hex: reference.dropFirst(7)) : nil
        return try await services.working {
            guard let known = digest.map({ files.manifest($0) }) ?? files.manifest(tagged: reference),
                let bytes = try files.document(known.digest, limit: limit)
            else { return nil }
            return try ReceivedManifest(bytes, contentType: known.mediaType).served(bytes)
        }
    }

    /// A small blob.
    func blob(_ digest: SHA256Digest, of model: String, _ services: Services) async throws -> [UInt8]? {
        let files = files(of: model)
        let limit = limits.documentBytes
        return try await services.working { try files.document(digest, limit: limit) }
    }

    /// The length of any received blob, including files of builds, in bytes.
    private func byteCount(of digest: SHA256Digest, _ model: String) -> Int? {
        files(of: model).byteCount(of: digest)
    }

    /// A received blob that is not a small document.
    func file(_ digest: SHA256Digest, of model: String) -> Blob? {
        let files = files(of: model)
        return files.byteCount(of: digest).map { .file(files.path(of: digest), digest, count: $0) }
    }

    func tags(of model: String) -> [String] { Array(files(of: model).tags.keys) }

    func referrers(
        of subject: SHA256Digest,
        in model: String,
        _ services: Services
    ) async throws -> [ServedManifest] {
        let files = files(of: model)
        let limit = limits.manifestBytes
        return try await services.working {
            try files.manifests(about: subject).compactMap { known in
                try files.document(known.digest, limit: limit).map {
                    try ReceivedManifest($0, contentType: known.mediaType).served($0)
                }
            }
        }
    }

    // MARK: Manifests

    /// Receives a manifest. A manifest with its own tag publishes its build.
    /// - Parameters:
    ///   - reference: a tag or a digest.
    ///   - contentType: the media type as it was sent.
    /// - Returns: its digest, and the manifest that it describes.
    /// - Throws: `ServerError` if it is not a manifest of a build, or names blobs that are missing.
    func take(
        _ bytes: [UInt8],
        _ contentType: String?,
        as reference: String,
        of model: String,
        _ services: Services
    ) async throws -> (digest: SHA256Digest, subject: SHA256Digest?) {
        let digest = SHA256Digest(of: bytes)
        let tag = reference.contains(":") ? nil : reference
        if tag == nil, try OCIRoutes.digest(reference) != digest {
            throw ServerError(.badRequest, "badDigest", "the manifest has another SHA-256.", oci: "DIGEST_INVALID")
        }
        if let tag, !OCIReference.isTag(tag) {
            throw ServerError(.badRequest, "badTag", "'\(tag.visible)' is not a valid tag.", oci: "MANIFEST_INVALID")
        }
        let manifest: ReceivedManifest
        do { manifest = try ReceivedManifest(bytes, contentType: contentType) } catch {
            throw ServerError(.badRequest, "badManifest", "\(error)", oci: "MANIFEST_INVALID")
        }
        for blob in manifest.blobs where try await !isHere(blob.digest, blob.size, model, services) {
            throw ServerError(
                .badRequest,
                "missingBlob",
                "the manifest names sha256:\(blob.digest) with \(blob.size) bytes, which was not sent.",
                oci: "MANIFEST_BLOB_UNKNOWN"
            )
        }
        var kept = ReceivedFiles.Manifest(digest: digest, mediaType: manifest.mediaType)
        (kept.artifactType, kept.annotations) = (manifest.artifactType, manifest.annotations)
        switch manifest.kind {
        case .document(let about, _):
            guard tag == nil else { throw Self.refused("documents about builds have no tags.") }
            kept.subject = about
        case .index:
            guard tag == IndexDocuments.tag || tag == nil else {
                throw Self.refused("a list of builds has a tag of its own.")
            }
        case .build(let file):
            guard tag != IndexDocuments.tag else { throw Self.refused("this tag is that of the list of builds.") }
            if tag != nil { try await publish(file, of: model, services) }
        }
        let (files, known) = (files(of: model), kept)
        try await services.working { try files.keep(known, bytes, tag: tag) }
        if tag == IndexDocuments.tag {
            let now = try services.sessions.state()
            state.withLock { $0.lists[model] = now }
        }
        return (digest, kept.subject)
    }

    private static func refused(_ words: String) -> ServerError {
        ServerError(.badRequest, "badManifest", words, oci: "MANIFEST_INVALID")
    }

    private func isHere(
        _ digest: SHA256Digest,
        _ size: Int,
        _ model: String,
        _ services: Services
    ) async throws -> Bool {
        if byteCount(of: digest, model) == size { return true }
        return try await services.blobs.builds(of: digest).contains { $0.name.model == model && $0.fileBytes == size }
    }

    /// Publishes the build of a file, with the facts attached to one of its manifests.
    private func publish(_ file: SHA256Digest, of model: String, _ services: Services) async throws {
        let files = files(of: model)
        let (registry, limit) = (registry, limits.documentBytes)
        let facts = try await services.working { () -> [[UInt8]] in
            try files.facts(about: file, limit: limit)
        }
        let known = Set(try await services.blobs.builds(of: file).map(\.name))
        guard !facts.isEmpty else {
            // The facts may have come from this server, which already has the build then.
            if known.contains(where: { $0.model == model }) { return }
            throw Self.refused("nothing is attached that says what the build is. Send builds with `edgepipe push`.")
        }
        for document in facts {
            let build: ReceivedBuild
            do { build = try ReceivedBuild(document, in: files.folder) } catch { throw Self.refused("\(error)") }
            guard build.details.build.name.model == model, build.details.build.digest == file else {
                throw Self.refused(
                    "the facts are of \(build.details.build.name), and this is a repository of \(model)."
                )
            }
            if known.contains(build.details.build.name) { continue }
            do {
                try await publisher.run {
                    try RegistrySession.with(registry, .changing) { session in
                        try build.publish(into: session.registry) { _, _, _ in }
                    }
                }
            } catch let error as RegistryError {
                guard case .conflict = error else { throw error }
                throw ServerError(.conflict, "conflict", error.description, oci: "DENIED")
            } catch let error as DistributionError {
                throw Self.refused(error.description)
            }
            files.drop(file)
            services.report("published \(build.details.build.name)")
        }
    }
}

extension ReceivedFiles {
    /// The documents with a build's facts, attached to any manifest of its file.
    /// - Throws: `FileError`.
    func facts(about file: SHA256Digest, limit: Int) throws -> [[UInt8]] {
        var found: [[UInt8]] = []
        for manifest in all {
            guard let bytes = try document(manifest.digest, limit: limit),
                let read = try? ReceivedManifest(bytes, contentType: manifest.mediaType), read.kind == .build(file)
            else { continue }
            for about in manifests(about: manifest.digest) {
                guard let bytes = try document(about.digest, limit: limit),
                    let read = try? ReceivedManifest(bytes, contentType: about.mediaType), read.holdsFacts,
                    case .document(_, let digest) = read.kind, let facts = try document(digest, limit: limit),
                    !found.contains(facts)
                else { continue }
                found.append(facts)
            }
        }
        return found
    }
}
