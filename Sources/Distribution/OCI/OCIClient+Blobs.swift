import AsyncHTTPClient
import BinaryIO
import NIOHTTP1
import Transfer

/// Requests for blobs that are too large for memory.
extension OCIClient {
    /// The size of a blob, in bytes; nil if the registry has none with this digest.
    func size(of digest: SHA256Digest) async throws -> Int? {
        let call = Call(method: .HEAD, writes: true, what: "the blob \(digest.short) in \(repository)")
        return try await retrying {
            let answer = try await send("blobs/sha256:\(digest)", call)
            if answer.status == .notFound { return nil }
            try await check(answer, .ok, of: call)
            return answer.headers.first(name: "Content-Length").flatMap { Int($0) }
        }
    }

    /// The first bytes of a blob, not verified. A server without range support may send more, which is not read.
    /// - Parameter byteCount: the number of bytes, all of which are held in memory.
    func beginning(of digest: SHA256Digest, byteCount: Int) async throws -> [UInt8] {
        struct Enough: Error {}
        var call = Call(what: "the beginning of blob \(digest.short) in \(repository)")
        call.range = "bytes=0-\(byteCount - 1)"
        return try await retrying {
            let answer = try await send("blobs/sha256:\(digest)", call)
            try await check(answer, .ok, .partialContent, of: call)
            var bytes: [UInt8] = []
            do {
                try await Self.naming(host) {
                    try await transport.forEachPart(of: answer) { part in
                        bytes += part.prefix(byteCount - bytes.count)
                        if bytes.count == byteCount { throw Enough() }
                    }
                }
            } catch is Enough {}
            return bytes
        }
    }
}
