import AsyncHTTPClient
import BinaryIO
import Foundation
import NIOHTTP1
import SystemPackage
import Transfer

/// The bytes of an upload, readable by range.
protocol BlobSource: Sendable {
    var digest: SHA256Digest { get }
    /// Size in bytes.
    var count: Int { get }
    func read(_ range: Range<Int>) throws -> [UInt8]
}

/// A small document.
struct DocumentSource: BlobSource {
    let bytes: [UInt8]
    var digest: SHA256Digest { SHA256Digest(of: bytes) }
    var count: Int { bytes.count }

    func read(_ range: Range<Int>) -> [UInt8] { Array(bytes[range]) }
}

/// Uploads a blob in chunks. After a broken connection or a killed process, the next attempt resumes after the last
/// chunk that the registry has; if the registry cancelled the upload, it starts again.
struct BlobUpload {
    let client: OCIClient
    let source: any BlobSource
    /// Size of a chunk in bytes, unless the registry requires longer ones.
    let chunkBytes: Int
    /// The file that remembers the upload; nil for small blobs, which are sent in one piece.
    let memory: UploadMemory?
    /// Called with the number of bytes of the blob that the registry has.
    let progress: @Sendable (Int) -> Void

    /// The longest chunk that a registry may require, in bytes, because a chunk is held in memory.
    private static let longestChunk = 256 << 20

    /// The outcome for a blob.
    enum Outcome: Sendable, Equatable {
        case wasThere
        case mounted
        /// The number of bytes sent, including those that a broken connection lost.
        case sent(Int)
    }

    private var call: OCIClient.Call {
        OCIClient.Call(writes: true, what: "the blob \(source.digest.short) in \(client.repository)")
    }

    /// - Parameter others: repositories of the host that have the blob and that it may be mounted from.
    func run(mounting others: [String]) async throws -> Outcome {
        if try await client.size(of: source.digest) == source.count {
            progress(source.count)
            memory?.forget()
            return .wasThere
        }
        for other in others where other != client.repository {
            if try await mount(from: other) {
                progress(source.count)
                memory?.forget()
                return .mounted
            }
        }
        var sent = 0
        var reached = 0
        var best = 0
        var state = memory?.load()
        try await client.transport.settings.retries.run {
            defer { best = max(best, reached) }
            return reached > best
        } _: {
            if let known = state { state = try await resumed(known) }
            var upload: UploadState
            if let state { upload = state } else { upload = try await begin() }
            reached = upload.offset
            var bytes = try source.read(chunk(at: upload.offset, upload))
            while upload.offset < source.count {
                state = upload
                sent += bytes.count
                // The next chunk is read while this one is sent.
                let next = chunk(at: upload.offset + bytes.count, upload)
                async let following = source.read(next)
                do {
                    upload = try await send(bytes, upload)
                } catch let error as UploadLost {
                    state = nil
                    throw RetryPolicy.Retriable(error: error.meaning)
                }
                memory?.save(upload)
                reached = upload.offset
                progress(reached)
                bytes = try await following
            }
            state = upload
            do { try await finish(upload) } catch let error as UploadLost {
                state = nil
                throw RetryPolicy.Retriable(error: error.meaning)
            }
        }
        memory?.forget()
        return .sent(sent)
    }

    private func chunk(at offset: Int, _ upload: UploadState) -> Range<Int> {
        offset..<min(source.count, offset + upload.chunkBytes)
    }

    /// The registry has lost the upload, or part of it.
    private struct UploadLost: Error {
        let meaning: DistributionError
    }

    private func mount(from other: String) async throws -> Bool {
        var call = call
        (call.method, call.other) = (.POST, other)
        do {
            let answer = try await client.retrying {
                try await client.send("blobs/uploads/?mount=sha256:\(source.digest)&from=\(other)", call)
            }
            // A 202 opens an upload instead of mounting; it is left to expire.
            return answer.status == .created
        } catch DistributionError.unauthorized {
            // A missing permission for the other repository only means that the blob is uploaded.
            return false
        }
    }

    private func begin() async throws -> UploadState {
        var call = call
        call.method = .POST
        call.headers = [("Content-Length", "0")]
        let answer = try await client.send("blobs/uploads/", call)
        try await client.check(answer, .accepted, of: call)
        let least = answer.headers.first(name: "OCI-Chunk-Min-Length").flatMap { Int($0) } ?? 0
        guard least <= Self.longestChunk else {
            throw DistributionError.badAnswer(client.host, "it wants chunks of \(least) bytes")
        }
        return UploadState(
            location: try client.location(answer).text,
            offset: 0,
            chunkBytes: max(chunkBytes, least)
        )
    }

    /// The state of an earlier upload; nil if the registry has forgotten it.
    private func resumed(_ state: UploadState) async throws -> UploadState? {
        guard let place = try? client.address(state.location) else { return nil }
        let answer = try await client.send(to: place, call)
        try OCIClient.checkPause(answer, client.host)
        guard answer.status == .noContent || answer.status == .accepted else { return nil }
        var state = state
        if answer.headers.contains(name: "Location") { state.location = try client.location(answer).text }
        guard let offset = Self.end(of: answer), offset <= source.count else { return nil }
        state.offset = offset
        return state
    }

    private func send(_ bytes: [UInt8], _ upload: UploadState) async throws -> UploadState {
        let end = upload.offset + bytes.count
        var call = call
        (call.method, call.body) = (.PATCH, bytes)
        call.headers = [
            ("Content-Type", "application/octet-stream"), ("Content-Range", "\(upload.offset)-\(end - 1)"),
        ]
        let answer = try await client.send(to: client.address(upload.location), call)
        let isLost: [HTTPResponseStatus] = [.notFound, .rangeNotSatisfiable, .badRequest]
        if isLost.contains(answer.status) { throw UploadLost(meaning: .badAnswer(client.host, "it lost an upload")) }
        try await client.check(answer, .accepted, .noContent, .created, of: call)
        // A registry may accept a chunk that does not follow the last one, so only the offset that it reports counts.
        if let told = Self.end(of: answer), told != end {
            throw UploadLost(meaning: .badAnswer(client.host, "it has other bytes of an upload than were sent"))
        }
        return UploadState(location: try client.location(answer).text, offset: end, chunkBytes: upload.chunkBytes)
    }

    private func finish(_ upload: UploadState) async throws {
        var call = call
        call.method = .PUT
        call.headers = [("Content-Length", "0")]
        let separator = upload.location.contains("?") ? "&" : "?"
        let place = try client.address("\(upload.location)\(separator)digest=sha256:\(source.digest)")
        let answer = try await client.send(to: place, call)
        if answer.status == .notFound { throw UploadLost(meaning: .badAnswer(client.host, "it lost an upload")) }
        try await client.check(answer, .created, of: call)
        if let told = answer.headers.first(name: "Docker-Content-Digest"), told != "sha256:\(source.digest)" {
            throw DistributionError.wrongBytes(
                client.host,
                what: "the blob \(source.digest.short)",
                "was stored with other bytes"
            )
        }
    }

    /// The number of bytes that the registry has, from `Range: 0-1023`; a registry that has none may send `0-0`, or
    /// nothing.
    private static func end(of answer: HTTPClientResponse) -> Int? {
        guard let text = answer.headers.first(name: "Range"),
            let match = text.wholeMatch(of: /(?:bytes=)?0-(\d{1,18})/),
            let last = Int(match.1)
        else { return nil }
        return last == 0 ? 0 : last + 1
    }
}

/// The state of an upload.
struct UploadState: Codable, Sendable {
    var location: String
    /// Bytes that the registry has.
    var offset: Int
    var chunkBytes: Int
}

/// Stores one upload's state in a file that outlives the process.
struct UploadMemory: Sendable {
    let path: FilePath

    /// - Parameter folder: the folder for the states of uploads.
    init(_ folder: FilePath, _ client: OCIClient, _ digest: SHA256Digest) {
        let name = SHA256Digest(of: Array("\(client.host)/\(client.repository) \(digest)".utf8))
        path = folder.appending("\(name).json")
    }

    func load() -> UploadState? {
        guard FileStatus(path) != nil, let bytes = try? readFile(path, limit: 1 << 16) else { return nil }
        return try? JSONDecoder().decode(UploadState.self, from: Data(bytes))
    }

    /// An upload whose state cannot be saved starts again next time; that is not an error.
    func save(_ state: UploadState) {
        guard let bytes = try? OCILayout.encode(state) else { return }
        try? makeFolder(path.removingLastComponent())
        try? writeFile(bytes, to: path)
    }

    func forget() { unlink(path.string) }
}

extension OCIClient {
    /// Uploads a small document in one piece, unless the registry has it.
    func send(document bytes: [UInt8]) async throws {
        let upload = BlobUpload(
            client: self,
            source: DocumentSource(bytes: bytes),
            chunkBytes: max(1, bytes.count),
            memory: nil,
            progress: { _ in }
        )
        _ = try await upload.run(mounting: [])
    }
}
