import AsyncHTTPClient
import BinaryIO
import NIOHTTP1
import SystemPackage
import Transfer

/// Fetches one blob into a file. What an earlier try left is kept and not fetched again; the file gets its name once it has the
/// digest.
struct BlobFetch: Sendable {
    let client: OCIClient
    let digest: SHA256Digest
    /// In bytes, as a manifest names them.
    let size: Int
    let output: FilePath
    /// Told how many bytes are here.
    let progress: @Sendable (Int) -> Void

    /// After so many bytes a transfer that is cut again has not failed again.
    private static let worthwhile = 1 << 20

    /// Where the bytes are until they are whole.
    var partialPath: FilePath {
        let name = ".\(output.lastComponent?.string ?? "blob").\(digest.short).incomplete"
        return output.removingLastComponent().appending(name)
    }

    /// Somebody asked for a range, and got all of it.
    struct KnowsNoRanges: Error {}

    var blobDigest: BlobDigest {
        guard let digest = BlobDigest(hex: "\(digest)") else { preconditionFailure("a SHA-256 has 64 digits") }
        return digest
    }

    /// - Returns: bytes that came over the network.
    func run() async throws -> Int {
        let expected = blobDigest
        let partial = try PartialFile(partialPath, of: expected, size: size)
        var fetched = try await fill(partial, upTo: size)
        if partial.found != expected {
            // Bytes that an earlier run left may be to blame, so everything comes anew, once.
            try partial.restart()
            fetched += try await fill(partial, upTo: size)
        }
        guard partial.found == expected else {
            partial.remove()
            throw DistributionError.wrongBytes(client.host, what: "the blob \(digest.short)", "has another SHA-256")
        }
        try partial.commit(as: output)
        return fetched
    }

    /// Fetches what is missing before `end`, an offset in the blob.
    /// - Returns: bytes that came.
    /// - Throws: `DistributionError`; `KnowsNoRanges` where the end is not the blob's and the server sends all of it.
    func fill(_ partial: PartialFile, upTo end: Int) async throws -> Int {
        let before = partial.count
        var start = partial.count
        try await client.transport.settings.retries.run {
            defer { start = max(start, partial.count) }
            return partial.count - start >= Self.worthwhile
        } _: {
            progress(partial.count)
            if partial.count < end { try await receive(partial, upTo: end) }
        }
        return partial.count - before
    }

    private func receive(_ partial: PartialFile, upTo end: Int) async throws {
        var call = OCIClient.Call(what: "the blob \(digest.short) in \(client.repository)")
        if end < size {
            call.range = "bytes=\(partial.count)-\(end - 1)"
        } else if partial.count > 0 {
            call.range = "bytes=\(partial.count)-"
        }
        let answer = try await client.send("blobs/sha256:\(digest)", call)
        if answer.status == .rangeNotSatisfiable {
            try partial.restart()
            throw wrong("it knows no such part of the blob \(digest.short)")
        }
        try await client.check(answer, .ok, .partialContent, of: call)
        if answer.status != .partialContent {
            guard end == size else { throw KnowsNoRanges() }
            if partial.count > 0 { try partial.restart() }
        }
        if answer.status == .partialContent,
            answer.headers.first(name: "Content-Range") != "bytes \(partial.count)-\(end - 1)/\(size)"
        {
            try partial.restart()
            throw wrong("it sends another part of the blob \(digest.short) than it was asked for")
        }
        if let text = answer.headers.first(name: "Content-Length"), Int(text) != end - partial.count {
            throw DistributionError.wrongBytes(
                client.host,
                what: "the blob \(digest.short)",
                "is announced with \(text.prefix(20).description.visible) bytes where \(end - partial.count) are named"
            )
        }
        try await OCIClient.naming(client.host) {
            try await client.transport.forEachPart(of: answer) { bytes in
                guard partial.count + bytes.count <= end else {
                    try partial.restart()
                    throw DistributionError.wrongBytes(
                        client.host,
                        what: "the blob \(digest.short)",
                        "is longer than the \(size) bytes that are named"
                    )
                }
                try partial.append(bytes)
                progress(partial.count)
            }
        }
        guard partial.count == end else { throw wrong("it sent \(partial.count) of \(end) bytes") }
    }

    private func wrong(_ reason: String) -> RetryPolicy.Retriable {
        RetryPolicy.Retriable(error: DistributionError.badAnswer(client.host, reason))
    }
}
