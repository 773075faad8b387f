import AsyncHTTPClient
import BinaryIO
import NIOHTTP1
import SystemPackage
import Transfer

/// Downloads a blob into a file. It resumes an earlier attempt, and the file gets its name once its digest is right.
struct BlobFetch: Sendable {
    let client: OCIClient
    let digest: SHA256Digest
    /// Size in bytes, from the manifest.
    let size: Int
    let output: FilePath
    /// Called with the number of bytes on the disk.
    let progress: @Sendable (Int) -> Void

    /// An attempt that transferred this many bytes before it was cut does not count as a failure.
    private static let worthwhile = 1 << 20

    /// The path of the incomplete file.
    var partialPath: FilePath {
        let name = ".\(output.lastComponent?.string ?? "blob").\(digest.short).incomplete"
        return output.removingLastComponent().appending(name)
    }

    /// The server answered a range request with the whole blob.
    struct KnowsNoRanges: Error {}

    var blobDigest: BlobDigest {
        guard let digest = BlobDigest(hex: "\(digest)") else { preconditionFailure("a SHA-256 has 64 digits") }
        return digest
    }

    /// - Returns: bytes that were transferred.
    func run() async throws -> Int {
        let expected = blobDigest
        let partial = try PartialFile(partialPath, of: expected, size: size)
        var fetched = try await fill(partial, upTo: size)
        if partial.found != expected {
            // The bytes of an earlier run may be wrong, so everything is downloaded again, once.
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

    /// Downloads the missing bytes before `end`, an offset in the blob.
    /// - Returns: bytes that were transferred.
    /// - Throws: `DistributionError`; `KnowsNoRanges` if `end` is not the end of the blob and the server sends all of
    ///   it.
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
