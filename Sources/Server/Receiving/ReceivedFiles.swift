import BinaryIO
import Distribution
import Foundation
import Registry
import Synchronization
import SystemPackage

/// The received parts of a model: small documents and manifests, which are kept unchanged, and files of builds until
/// they are published. The folder is an OCI layout; its name is a digest, so no text of a request becomes a path.
///
/// Calls block; make them on a thread that may wait.
final class ReceivedFiles: Sendable {
    /// A manifest's metadata; its bytes are a blob.
    struct Manifest: Codable, Sendable {
        var digest: SHA256Digest
        var mediaType: String
        var artifactType: String?
        var annotations: [String: String]?
        /// The manifest that a document describes; nil for other manifests.
        var subject: SHA256Digest?
    }

    private struct State: Codable, Sendable {
        var manifests: [Manifest] = []
        var tags: [String: SHA256Digest] = [:]
    }

    /// The limit: a manifest per build and dialect, and a few documents about each.
    private static let mostManifests = 100_000
    private static let longestState = 64 << 20

    let folder: FilePath
    private let state: Mutex<State>

    private static func stateFile(_ folder: FilePath) -> FilePath { folder.appending("received.json") }

    /// - Parameter root: the folder beside the registry.
    init(of model: String, in root: FilePath) {
        folder = root.appending("\(SHA256Digest(of: Array(model.utf8)))")
        let path = Self.stateFile(folder)
        let bytes = FileStatus(path) == nil ? nil : try? readFile(path, limit: Self.longestState)
        state = Mutex(bytes.flatMap { try? JSONDecoder().decode(State.self, from: Data($0)) } ?? State())
    }

    func path(of digest: SHA256Digest) -> FilePath { ReceivedBuild.path(of: digest, in: folder) }

    /// The length of a blob, in bytes; nil if it was not received, or was a file that has been published.
    func byteCount(of digest: SHA256Digest) -> Int? {
        FileStatus(path(of: digest)).flatMap { $0.kind == .file ? $0.byteCount : nil }
    }

    /// A small blob, verified.
    /// - Throws: `FileError`.
    func document(_ digest: SHA256Digest, limit: Int) throws -> [UInt8]? {
        guard let count = byteCount(of: digest), count <= limit else { return nil }
        let bytes = try readFile(path(of: digest), limit: limit)
        return SHA256Digest(of: bytes) == digest ? bytes : nil
    }

    func manifest(tagged tag: String) -> Manifest? {
        state.withLock { state in
            state.tags[tag].flatMap { digest in state.manifests.first { $0.digest == digest } }
        }
    }

    func manifest(_ digest: SHA256Digest) -> Manifest? {
        state.withLock { $0.manifests.first { $0.digest == digest } }
    }

    /// All manifests except documents.
    var all: [Manifest] { state.withLock { $0.manifests.filter { $0.subject == nil } } }

    var tags: [String: SHA256Digest] { state.withLock { $0.tags } }

    func manifests(about subject: SHA256Digest) -> [Manifest] {
        state.withLock { $0.manifests.filter { $0.subject == subject } }
    }

    /// Stores a manifest, and its tag if it has one.
    /// - Throws: `FileError`; `ServerError` if there are too many.
    func keep(_ manifest: Manifest, _ bytes: [UInt8], tag: String?) throws {
        try makeFolder(path(of: manifest.digest).removingLastComponent())
        try writeFile(bytes, to: path(of: manifest.digest))
        try state.withLock { state in
            var changed = state
            changed.manifests.removeAll { $0.digest == manifest.digest }
            guard changed.manifests.count < Self.mostManifests else {
                throw ServerError(.noRoom, "full", "this repository has too many manifests.", oci: "DENIED")
            }
            changed.manifests.append(manifest)
            if let tag { changed.tags[tag] = manifest.digest }
            try writeFile(Array(try JSONEncoder().encode(changed)), to: Self.stateFile(folder))
            state = changed
        }
    }

    /// Moves a received file to its place. Its bytes were hashed as they arrived.
    /// - Throws: `FileError`.
    func settle(_ file: FilePath, as digest: SHA256Digest) throws {
        let target = path(of: digest)
        try makeFolder(target.removingLastComponent())
        guard rename(file.string, target.string) == 0 else {
            throw FileError("rename into place", target, errno: Errno(rawValue: errno))
        }
    }

    /// Deletes the file of a build that has been published.
    func drop(_ digest: SHA256Digest) { unlink(path(of: digest).string) }
}
