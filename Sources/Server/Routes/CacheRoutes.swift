import BinaryIO
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Pipeline
import SystemPackage

/// A served folder with results of steps.
struct ServedCache: Sendable {
    let folder: CacheFolder
    let isWritable: Bool
    let limits: ServerLimits

    /// - Throws: `CacheError` if the folder cannot be used.
    init(_ path: FilePath, _ settings: ServerSettings) throws {
        (folder, isWritable, limits) = (CacheFolder(path), settings.isWritable, settings.limits)
        try folder.prepare(forWriting: isWritable)
    }

    /// - Throws: `ServerError` if it would nearly fill the disk.
    func checkRoom(for byteCount: Int) throws {
        guard let free = freeDiskBytes(at: folder.root), free - byteCount < limits.diskFloorBytes else { return }
        throw ServerError(.noRoom, "diskFull", "the server's disk has no room for this. Ask its operator.")
    }
}

/// The routes for results of steps, used by `--cache http://host`, in the form of bazel-remote. Writing needs a token
/// that allows pushing any model.
enum CacheRoutes {
    static let all: [Route] = [record, file, putRecord, putFile]

    private static let record = route(.get, "/ac/{key}", "The record of a finished step, by its key.") {
        call,
        services,
        cache in
        let digest = try digest(call)
        let bytes = try await services.working { cache.folder.record(for: digest) }
        guard let bytes else { throw ServerError.notFound("there is no record under this key.") }
        return Answer(bytes: bytes, as: APIRoutes.json, [(.cacheControl, "no-store")])
    }

    private static let file = route(.get, "/cas/{key}", "A file of a step's result, by its SHA-256.") {
        call,
        services,
        cache in
        let digest = try digest(call)
        guard let found = try await services.working({ cache.folder.offered(digest) }) else {
            throw ServerError.notFound("there is no file with this SHA-256.")
        }
        return services.blobs.answer(.file(found.path, digest, count: found.byteCount), call, [])
    }

    private static let putRecord = route(
        .put,
        "/ac/{key}",
        "Takes the record of a finished step, whose files are there.",
        takesBody: true
    ) { call, services, cache in
        let digest = try digest(call)
        let limit = ActionRecord.sizeLimit
        guard try length(of: call) <= limit else { throw ServerError.tooLarge("the record", limit) }
        var bytes: [UInt8] = []
        for try await buffer in call.body {
            bytes += buffer.readableBytesView
            guard bytes.count <= limit else { throw ServerError.tooLarge("the record", limit) }
        }
        let whole = bytes
        guard let record = ActionRecord(whole, for: digest) else {
            throw ServerError.badRequest("this is no record of edgepipe under this key.")
        }
        guard record.files.allSatisfy(cache.folder.mayHold) else {
            throw ServerError.badRequest("the record names a file that is not here. Send files first.")
        }
        try cache.checkRoom(for: whole.count)
        try await services.working { try cache.folder.put(record: whole, for: digest) }
        return Answer(.created)
    }

    private static let putFile = route(
        .put,
        "/cas/{key}",
        "Takes a file with this SHA-256.",
        takesBody: true
    ) { call, services, cache in
        let file = CachedFile(digest: try digest(call), byteCount: try length(of: call))
        try cache.checkRoom(for: file.byteCount)
        let received = Receipt(try ReceivedFile(file, into: cache.folder))
        for try await buffer in call.body {
            let isTaken = try await services.working { try received.take(buffer) }
            guard isTaken else { throw wrongBytes }
        }
        guard try await services.working({ try received.finish() }) else { throw wrongBytes }
        return Answer(.created)
    }

    private static let wrongBytes = ServerError(.badRequest, "badDigest", "the file has another SHA-256 or length.")

    /// The chunks of one request arrive one after the other, on any thread.
    private final class Receipt: @unchecked Sendable {
        private let file: ReceivedFile

        init(_ file: ReceivedFile) { self.file = file }

        func take(_ buffer: ByteBuffer) throws -> Bool { try buffer.withUnsafeReadableBytes { try file.take($0) } }
        func finish() throws -> Bool { try file.finish() }
    }

    private static func route(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ summary: String,
        takesBody: Bool = false,
        _ handler: @escaping @Sendable (Call, Services, ServedCache) async throws -> Answer
    ) -> Route {
        Route(
            method: method,
            path: path,
            right: method == .get ? .pullAny : .push,
            summary: summary,
            takesBody: takesBody
        ) { call, services in
            guard let cache = services.stepCache else { throw ServerError.notFound("this server has no cache.") }
            guard cache.isWritable || method == .get else {
                throw ServerError(
                    .methodNotAllowed,
                    "readOnly",
                    "this server takes nothing in; it was not started with 'writable'."
                )
            }
            return try await handler(call, services, cache)
        }
    }

    private static func digest(_ call: Call) throws -> SHA256Digest {
        guard let digest = SHA256Digest(hex: call.name("key")) else {
            throw ServerError.badRequest("a key is 64 lower-case hexadecimal digits.")
        }
        return digest
    }

    private static func length(of call: Call) throws -> Int {
        guard let length = call.headers[.contentLength].flatMap({ Int($0) }), length >= 0 else {
            throw ServerError(.lengthRequired, "lengthRequired", "say with Content-Length how much comes.")
        }
        return length
    }
}
