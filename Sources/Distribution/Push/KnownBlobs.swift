import BinaryIO
import Foundation
import Synchronization
import SystemPackage

/// Remembers which repositories of a host have a blob, so that another repository can mount it instead of uploading it
/// again. The host decides: a blob that it no longer has is uploaded.
final class KnownBlobs: Sendable {
    private let path: FilePath
    private let places: Mutex<[String: [String]]>

    /// The most blobs to remember. Any of them may be dropped, because a missing one only costs an upload.
    private static let mostBlobs = 10_000
    private static let mostPlaces = 4
    private static let longestFile = 16 << 20

    init(_ folder: FilePath, host: String) {
        path = folder.appending("known-\(SHA256Digest(of: Array(host.utf8)).short).json")
        let bytes = FileStatus(path) == nil ? nil : try? readFile(path, limit: Self.longestFile)
        let known = bytes.flatMap { try? JSONDecoder().decode([String: [String]].self, from: Data($0)) }
        places = Mutex(known ?? [:])
    }

    func repositories(with digest: SHA256Digest) -> [String] { places.withLock { $0["\(digest)"] ?? [] } }

    func note(_ digest: SHA256Digest, in repository: String) {
        places.withLock { places in
            if places.count >= Self.mostBlobs, let some = places.keys.first { places[some] = nil }
            let others = (places["\(digest)"] ?? []).filter { $0 != repository }
            places["\(digest)"] = [repository] + others.prefix(Self.mostPlaces - 1)
        }
    }

    /// Errors are ignored, because a blob that is not remembered only costs an upload.
    func save() {
        guard let bytes = try? OCILayout.encode(places.withLock { $0 }) else { return }
        try? makeFolder(path.removingLastComponent())
        try? writeFile(bytes, to: path)
    }
}
