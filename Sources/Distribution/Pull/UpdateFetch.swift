import BinaryIO
import Delta
import GGUF
import Registry
import SystemPackage
import Transfer

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Builds a new file from an older file and a small download: a delta if the registry offers one from exactly that
/// file, or the parts that the older file lacks. If neither helps, the whole blob is downloaded.
///
/// The older file is only read. In every case, the new file gets its name only after its whole digest was verified.
struct UpdateFetch: Sendable {
    /// How a file was obtained.
    enum Way: String, Codable, Sendable {
        case delta, parts, whole
    }

    /// The older file on this disk.
    let old: FilePath
    /// The download of the whole new file.
    let whole: BlobFetch
    /// The digest of the manifest that deltas and parts are attached to.
    let manifest: SHA256Digest

    private var client: OCIClient { whole.client }

    /// - Returns: bytes that were downloaded, and how.
    func run() async throws -> (fetched: Int, way: Way) {
        let known = try SHA256Digest(ofFile: old)
        let segments: [Segment]?
        if known == whole.digest {
            segments = [Segment(range: 0..<whole.size, old: 0)]
        } else {
            let offered = try await client.referrers(of: manifest)
            if let fetched = try await fetchDelta(from: known, offered) { return (fetched, .delta) }
            segments = try await self.segments(offered)
        }
        if let segments, let fetched = try await assemble(segments) { return (fetched, .parts) }
        return (try await whole.run(), .whole)
    }

    /// The content of a document that is attached to the manifest; nil if it cannot be used.
    private func layer(of referrer: OCIDescriptor) async throws -> OCIDescriptor? {
        guard let stored = try await client.manifest(referrer.digest) else { return nil }
        return try OCILayout.decode(OCIManifest.self, from: stored.bytes, of: client.host).layers.first
    }

    // MARK: - A delta

    /// - Returns: nil if no delta from this file is offered, or if the delta does not produce the new file.
    private func fetchDelta(from old: SHA256Digest, _ offered: [OCIDescriptor]) async throws -> Int? {
        let found = offered.first {
            $0.artifactType == PushedDocument.deltaType && $0.annotations?[PushedDocument.oldKey] == "sha256:\(old)"
        }
        guard let found, let layer = try await layer(of: found), let digest = layer.sha256,
            (1..<whole.size).contains(layer.size)
        else { return nil }
        let name = ".\(whole.output.lastComponent?.string ?? "").\(digest.short).delta"
        let path = whole.output.removingLastComponent().appending(name)
        var fetched = 0
        if FileStatus(path)?.byteCount != layer.size || (try? SHA256Digest(ofFile: path)) != digest {
            let progress = whole.progress
            let fetch = BlobFetch(client: client, digest: digest, size: layer.size, output: path) { progress($0) }
            fetched = try await fetch.run()
        }
        defer { unlink(path.string) }
        do {
            guard try DeltaDirectory(of: path).new == .init(bytes: whole.size, sha256: whole.digest) else { return nil }
            _ = try DeltaApplication(path, to: self.old, output: whole.output).run { done, _ in
                try Task.checkCancellation()
                whole.progress(max(layer.size, done))
            }
            return fetched
        } catch is DeltaError {
            // The delta is faulty; the file can be downloaded without it.
            return nil
        }
    }

    // MARK: - Parts

    /// A run of bytes of the new file.
    private struct Segment {
        var range: Range<Int>
        /// The offset of the same bytes in the old file; nil for bytes to download.
        var old: Int?
    }

    /// - Returns: nil if the old file has none of the parts.
    private func segments(_ offered: [OCIDescriptor]) async throws -> [Segment]? {
        guard let found = offered.first(where: { $0.artifactType == PushedDocument.partsType }),
            let layer = try await layer(of: found)
        else { return nil }
        let bytes = try await client.document(layer, limit: OCILayout.longestDocument)
        let list = try OCILayout.decode(PartList.self, from: bytes, of: "\(client.host): the list of parts")
        guard list.isWhole, list.build == "sha256:\(whole.digest)", list.size == whole.size else {
            throw DistributionError.badAnswer(client.host, "its list of parts is not one of \(whole.digest.short)")
        }
        let own = try PartList(ofFile: old, cutAt: GGUFFile(path: old).partCuts)
        let places = Dictionary(own.parts.map { ($0.sha256, $0.at) }) { first, _ in first }
        var segments: [Segment] = []
        for part in list.parts {
            let range = part.at..<(part.at + part.size)
            if let place = places[part.sha256] {
                segments.append(Segment(range: range, old: place))
            } else if let last = segments.last, last.old == nil {
                segments[segments.count - 1].range = last.range.lowerBound..<range.upperBound
            } else {
                segments.append(Segment(range: range, old: nil))
            }
        }
        return segments.contains { $0.old != nil } ? segments : nil
    }

    /// Assembles the file from its beginning, after what an earlier attempt left.
    /// - Returns: nil if the result is not the file, or the server does not support ranges.
    private func assemble(_ segments: [Segment]) async throws -> Int? {
        let partial = try PartialFile(whole.partialPath, of: whole.blobDigest, size: whole.size)
        let (source, sourceBytes) = try openRegularFile(old)
        defer { try? source.close() }
        var fetched = 0
        for segment in segments where partial.count < segment.range.upperBound {
            guard let place = segment.old else {
                do {
                    fetched += try await whole.fill(partial, upTo: segment.range.upperBound)
                } catch is BlobFetch.KnowsNoRanges { return nil }
                continue
            }
            let shift = place - segment.range.lowerBound
            while partial.count < segment.range.upperBound {
                try Task.checkCancellation()
                let end = min(partial.count + Self.slabBytes, segment.range.upperBound)
                guard end + shift <= sourceBytes else { return nil }
                let slab = try source.bytes((partial.count + shift)..<(end + shift), of: old)
                try slab.withUnsafeBytes { try partial.append($0) }
                whole.progress(partial.count)
            }
        }
        guard partial.isComplete, partial.found == whole.blobDigest else { return nil }
        try partial.commit(as: whole.output)
        return fetched
    }

    private static let slabBytes = 1 << 20
}
