import Answers
import BinaryIO
import Synchronization

/// Answers that stay right until the registry changes.
final class AnswerCache: Sendable {
    struct Kept: Sendable {
        let bytes: [UInt8]
        /// Strong: the digest of the bytes.
        let etag: String

        init(_ bytes: [UInt8]) {
            self.bytes = bytes
            etag = "\"\(SHA256Digest(of: bytes))\""
        }
    }

    private struct State {
        var registry: RegistryState?
        var kept: [String: Kept] = [:]
        var byteCount = 0
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    func known(_ key: String, _ now: RegistryState) -> Kept? {
        state.withLock { state in
            if state.registry != now { state = State(registry: now) }
            return state.kept[key]
        }
    }

    /// Keeps an answer that was asked for after the registry was in this state.
    func keep(_ answer: Kept, for key: String, _ now: RegistryState) {
        let size = answer.bytes.count + key.utf8.count + 256
        state.withLock { state in
            guard state.registry == now, size <= limit / 4, state.kept[key] == nil else { return }
            if state.byteCount + size > limit { (state.kept, state.byteCount) = ([:], 0) }
            state.kept[key] = answer
            state.byteCount += size
        }
    }
}
