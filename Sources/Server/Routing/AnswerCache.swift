import Answers
import BinaryIO
import Synchronization

/// Cached answers, valid until the registry changes.
final class AnswerCache: Sendable {
    struct Kept: Sendable {
        let bytes: [UInt8]
        /// The strong ETag: the digest of the bytes.
        let etag: String

        init(_ bytes: [UInt8]) {
            self.bytes = bytes
            etag = "\"\(SHA256Digest(of: bytes))\""
        }
    }

    /// A question about a registry in a certain state.
    private struct Question: Hashable {
        let key: String
        let registry: RegistryState
    }

    private struct State {
        var registry: RegistryState?
        var kept: [String: Kept] = [:]
        var byteCount = 0
        /// The requests that wait for an answer in progress.
        var waiting: [Question: [CheckedContinuation<Kept?, any Error>]] = [:]

        /// Drops the answers of other states.
        mutating func turn(to now: RegistryState) {
            if registry != now { (registry, kept, byteCount) = (now, [:], 0) }
        }

        /// The first waiting request; nil if there is none, and then nobody is making the answer any more.
        mutating func next(_ question: Question) -> CheckedContinuation<Kept?, any Error>? {
            guard let first = waiting[question]?.first else {
                waiting[question] = nil
                return nil
            }
            waiting[question]?.removeFirst()
            return first
        }
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    /// The cached answer, or the result of `make`. If many requests ask the same at once, the first makes the answer
    /// for all.
    /// - Parameters:
    ///   - key: identifies the question; the same key always means the same question.
    ///   - now: the registry's state before it is queried.
    /// - Throws: errors of `make`, to all requests that wait.
    func answer(to key: String, _ now: RegistryState, _ make: () async throws -> Kept) async throws -> Kept {
        let question = Question(key: key, registry: now)
        let known = try await withCheckedThrowingContinuation { (own: CheckedContinuation<Kept?, any Error>) in
            state.withLock { state in
                state.turn(to: now)
                if let kept = state.kept[key] { return own.resume(returning: kept) }
                guard state.waiting[question] != nil else {
                    state.waiting[question] = []
                    return own.resume(returning: nil)
                }
                state.waiting[question]?.append(own)
            }
        }
        if let known { return known }
        let made: Result<Kept?, any Error>
        do {
            let answer = try await make()
            keep(answer, for: key, now)
            made = .success(answer)
        } catch let error as CancellationError {
            // The request that began was cancelled; the next one makes the answer.
            state.withLock { $0.next(question) }?.resume(returning: nil)
            throw error
        } catch {
            made = .failure(error)
        }
        for waiter in state.withLock({ $0.waiting.removeValue(forKey: question) }) ?? [] { waiter.resume(with: made) }
        guard let answer = try made.get() else { preconditionFailure("what is made is an answer") }
        return answer
    }

    /// Caches an answer that was computed after the registry was in this state.
    private func keep(_ answer: Kept, for key: String, _ now: RegistryState) {
        let size = answer.bytes.count + key.utf8.count + 256
        state.withLock { state in
            guard state.registry == now, size <= limit / 4, state.kept[key] == nil else { return }
            if state.byteCount + size > limit { (state.kept, state.byteCount) = ([:], 0) }
            state.kept[key] = answer
            state.byteCount += size
        }
    }
}
