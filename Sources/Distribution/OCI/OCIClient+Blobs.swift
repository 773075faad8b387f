import AsyncHTTPClient
import BinaryIO
import NIOHTTP1
import Transfer

/// Blobs that are too large to be held.
extension OCIClient {
    /// The size of a blob, in bytes; nil where the registry has none of this digest.
    func size(of digest: SHA256Digest) async throws -> Int? {
        let call = Call(method: .HEAD, writes: true, what: "the blob \(digest.short) in \(repository)")
        return try await retrying {
            let answer = try await send("blobs/sha256:\(digest)", call)
            if answer.status == .notFound { return nil }
            try await check(answer, .ok, of: call)
            return answer.headers.first(name: "Content-Length").flatMap { Int($0) }
        }
    }
}
