import BinaryIO
import Foundation
import Synchronization
import SystemPackage

/// In which repositories of a host blobs were seen, so that another one mounts them and nothing is sent twice. It is a guess
/// that the host decides on: what it no longer has is sent.
final class KnownBlobs: Sendable {
    private let path: FilePath
    private let places: Mutex<[String: [String]]>

    /// What is remembered at most; the oldest makes room in no order, since a guess may be missing.
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

    /// What cannot be remembered costs a transfer, and is no reason to stop.
    func save() {
        guard let bytes = try? OCILayout.encode(places.withLock { $0 }) else { return }
        try? makeFolder(path.removingLastComponent())
        try? writeFile(bytes, to: path)
    }
}
