import Foundation

#if canImport(CryptoKit)
    import CryptoKit
#else
    import Crypto
    import FoundationNetworking
#endif

/// Makes the new file of a model out of the one that the app has, and fetches by Range what changed.
///
/// `parts` is the list that belongs to the new build: from `edgepipe serve` or an OCI registry it is attached to the build, and a static
/// site has it as `parts/<digest>.json`. The app keeps the list of the file that it has, for the next update.
struct ModelUpdate {
    struct Parts: Codable {
        struct Part: Codable {
            let at: Int
            let size: Int
            let sha256: String
        }
        /// `sha256:` and the digest of the file.
        let build: String
        let size: Int
        let parts: [Part]
    }

    enum Problem: Error {
        case server(status: Int)
        /// The bytes are not those of the list; nothing was kept.
        case otherBytes
        /// The new file is whole, but cannot take its place.
        case cannotReplace
    }

    let old: (file: URL, parts: Parts)
    let new: Parts
    /// Where the new file is: `https://host/v2/phi3/blobs/sha256:...`, or a file of a CDN.
    let blob: URL

    /// - Parameter output: where the new file goes; it may be the old one. It appears there whole, or not at all.
    func run(to output: URL) async throws {
        let draft = output.appendingPathExtension("part")
        FileManager.default.createFile(atPath: draft.path, contents: nil)
        let (source, target) = (try FileHandle(forReadingFrom: old.file), try FileHandle(forWritingTo: draft))
        defer { try? FileManager.default.removeItem(at: draft) }
        let known = Dictionary(old.parts.parts.map { ($0.sha256, $0) }) { first, _ in first }
        var whole = SHA256()
        for part in new.parts {
            var bytes = Data()
            if let same = known[part.sha256], same.size == part.size {
                try source.seek(toOffset: UInt64(same.at))
                bytes = try source.read(upToCount: same.size) ?? Data()
            }
            // What the old file does not have any more as it should is fetched, too.
            if hex(SHA256.hash(data: bytes)) != part.sha256 { bytes = try await fetch(part) }
            guard hex(SHA256.hash(data: bytes)) == part.sha256 else { throw Problem.otherBytes }
            whole.update(data: bytes)
            try target.write(contentsOf: bytes)
        }
        guard "sha256:" + hex(whole.finalize()) == new.build else { throw Problem.otherBytes }
        try target.synchronize()
        try target.close()
        guard rename(draft.path, output.path) == 0 else { throw Problem.cannotReplace }
    }

    /// Bytes that differ; a part has at most 16 MiB.
    private func fetch(_ part: Parts.Part) async throws -> Data {
        var request = URLRequest(url: blob)
        request.setValue("bytes=\(part.at)-\(part.at + part.size - 1)", forHTTPHeaderField: "Range")
        let (bytes, answer) = try await URLSession.shared.data(for: request)
        let status = (answer as? HTTPURLResponse)?.statusCode ?? 0
        guard status == 206 else { throw Problem.server(status: status) }
        return bytes
    }

    private func hex(_ digest: some Sequence<UInt8>) -> String {
        digest.map { (UInt16($0) | 0x100) }.map { String($0, radix: 16).dropFirst() }.joined()
    }
}
