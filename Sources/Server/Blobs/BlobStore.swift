import Answers
import BinaryIO
import HTTPTypes
import Registry
import Synchronization

/// The files that a registry offers, by digest, each opened once for all clients.
final class BlobStore: Sendable {
    private struct State {
        var registry: RegistryState?
        /// The offered builds by digest, for the digests requested so far.
        var offered: [SHA256Digest: [BuildRecord]] = [:]
        var opened: [SHA256Digest: Blob] = [:]
    }

    private static let mostOpened = 64
    private static let mostOffered = 4096

    private let limits: ServerLimits
    private let sessions: SessionPool
    private let threads: WorkerThreads
    private let answers: WorkerThreads
    private let decoded: DecodedParts
    private let state = Mutex(State())

    init(_ sessions: SessionPool, answers: WorkerThreads, files: WorkerThreads, _ limits: ServerLimits) {
        (self.sessions, self.answers, threads, self.limits) = (sessions, answers, files, limits)
        decoded = DecodedParts(limit: limits.decodedBytes, files)
    }

    /// The offered builds with these bytes.
    /// - Throws: `RegistryError`.
    func builds(of digest: SHA256Digest) async throws -> [BuildRecord] {
        let now = try sessions.state()
        let known = state.withLock { state in
            if state.registry != now { state = State(registry: now) }
            return state.offered[digest]
        }
        if let known { return known }
        let sessions = sessions
        let found = try await answers.run { try sessions.with { try $0.registry.builds(ofDigest: digest) } }
        state.withLock { state in
            guard state.registry == now else { return }
            if state.offered.count >= Self.mostOffered { state.offered = [:] }
            state.offered[digest] = found
        }
        return found
    }

    /// The offered file with this digest.
    /// - Throws: `RegistryError`.
    private func blob(_ digest: SHA256Digest) async throws -> Blob {
        let now = try sessions.state()
        let known = state.withLock { state in
            if state.registry != now { state = State(registry: now) }
            return state.opened[digest]
        }
        if let known { return known }
        let sessions = sessions
        let blob = try await answers.run {
            try sessions.with { session -> Blob in
                if let pieces = try session.registry.pieces(of: digest) { return .pieces(pieces) }
                return .bytes(try session.registry.bytes(of: digest))
            }
        }
        state.withLock { state in
            guard state.registry == now else { return }
            if state.opened.count >= Self.mostOpened { state.opened = [:] }
            state.opened[digest] = blob
        }
        return blob
    }

    /// Answers with a file, or with the range that the request asks for.
    /// - Parameter fields: additional header fields of the answer.
    /// - Throws: `RegistryError`.
    func answer(
        _ digest: SHA256Digest,
        _ call: Call,
        _ fields: [(HTTPField.Name, String)] = []
    ) async throws -> Answer {
        answer(try await blob(digest), call, fields)
    }

    /// Answers with a file that is already open, or with the range that the request asks for.
    func answer(_ blob: Blob, _ call: Call, _ fields: [(HTTPField.Name, String)]) -> Answer {
        let digest = blob.digest
        let etag = "\"\(digest)\""
        let own: [(HTTPField.Name, String)] = [(.eTag, etag), (.acceptRanges, "bytes")]
        if call.headers.hasMatch(etag) { return Answer(.notModified, own + fields, .nothing(length: blob.count)) }
        let type: (HTTPField.Name, String) = (.contentType, "application/octet-stream")
        switch ByteRange(call.headers, count: blob.count, etag: etag) {
        case .unsatisfiable:
            return Answer(.rangeNotSatisfiable, own + fields + [(.contentRange, "bytes */\(blob.count)")])
        case .whole:
            return Answer(.ok, own + fields + [type], .stream(stream(blob, 0..<blob.count)))
        case .part(let range):
            let place = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(blob.count)"
            return Answer(
                .partialContent,
                own + fields + [type, (.contentRange, place)],
                .stream(stream(blob, range))
            )
        }
    }

    private func stream(_ blob: Blob, _ range: Range<Int>) -> BlobStream {
        BlobStream(blob: blob, range: range, sliceBytes: limits.sliceBytes, threads: threads, decoded: decoded)
    }
}
