import AsyncHTTPClient
import BinaryIO
import Foundation
import NIOHTTP1
import Transfer

/// Downloads one blob into the cache.
struct BlobDownload: Sendable {
    let client: HubClient
    let cache: CachedRepository
    let commit: String
    let file: HubFile
    let digest: BlobDigest
    let size: Int
    let progress: TransferMeter

    /// An attempt that transferred this many bytes before it was cut does not count as a failure.
    private static let worthwhile = 1 << 20

    func run() async throws {
        try await holdingLock(on: cache.lock(digest)) {
            // Another process may have downloaded it while this one waited.
            if !cache.hasBlob(file) { try await fetch() }
        }
        progress.update(file.path, size)
    }

    private func fetch() async throws {
        let partial = try PartialFile(cache.partial(digest), of: digest, size: size)
        try await fill(partial)
        if partial.found != digest {
            // The bytes of an earlier run may be wrong, so everything is downloaded again, once.
            try partial.restart()
            try await fill(partial)
        }
        guard partial.found == digest else {
            partial.remove()
            throw ModelHubError.wrongDigest(file: file.path, expected: digest.hex, found: partial.found.hex)
        }
        try partial.commit(as: cache.blob(digest))
    }

    /// Downloads until the file is complete, with as many connections as necessary.
    private func fill(_ partial: PartialFile) async throws {
        var start = partial.count
        try await client.settings.transport.retries.run {
            defer { start = max(start, partial.count) }
            return partial.count - start >= Self.worthwhile
        } _: {
            progress.update(file.path, partial.count)
            if !partial.isComplete { try await receive(partial) }
        }
    }

    private func receive(_ partial: PartialFile) async throws {
        let answer = try await client.open(file, at: commit, from: partial.count)
        // A server without range support sends everything; one that rejects this range has another file.
        if answer.status != .partialContent, partial.count > 0 { try partial.restart() }
        if answer.status == .rangeNotSatisfiable { throw wrong("it knows no such part of the file") }
        if answer.status == .partialContent { try checkRange(answer.headers, partial) }
        if let text = answer.headers.first(name: "Content-Length"), Int(text) != size - partial.count {
            throw wrong("it announces \(text.prefix(20)) bytes where \(size - partial.count) are listed")
        }
        if let coding = answer.headers.first(name: "Content-Encoding"), coding.lowercased() != "identity" {
            throw wrong("it is compressed, which was not asked for")
        }
        try await client.forEachPart(of: answer) { part in
            guard partial.count + part.count <= size else {
                try partial.restart()
                throw wrong("more than the \(size) bytes that are listed came")
            }
            try partial.append(part)
            progress.update(file.path, partial.count)
        }
        guard partial.isComplete else { throw wrong("\(partial.count) bytes came where \(size) are listed") }
    }

    private func checkRange(_ headers: HTTPHeaders, _ partial: PartialFile) throws {
        let range = headers.first(name: "Content-Range")
        guard range == "bytes \(partial.count)-\(size - 1)/\(size)" else {
            try partial.restart()
            throw wrong("it sends another part of the file than it was asked for")
        }
    }

    private func wrong(_ reason: String) -> RetryPolicy.Retriable {
        RetryPolicy.Retriable(error: client.badAnswer("'\(file.path)'", reason))
    }
}
