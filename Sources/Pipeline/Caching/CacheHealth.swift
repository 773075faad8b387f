import Synchronization

/// Whether a cache's places still work; the first failure is reported.
final class CacheHealth: Sendable {
    private struct State {
        var isAnswering = true
        var isTaking = true
        var wasSaid = false
    }

    private let state = Mutex(State())
    private let say: @Sendable (String) -> Void

    init(_ say: @escaping @Sendable (String) -> Void) { self.say = say }

    var isAnswering: Bool { state.withLock { $0.isAnswering } }
    var isTaking: Bool { state.withLock { $0.isTaking } }

    func note(_ error: any Error, isAnswering: Bool = true, isTaking: Bool = true) {
        let isFirst = state.withLock { state in
            defer { state.wasSaid = true }
            state.isAnswering = state.isAnswering && isAnswering
            state.isTaking = state.isTaking && isTaking
            return !state.wasSaid
        }
        if isFirst {
            say("the cache failed, and the run goes on without what it would have kept or given: \(error)")
        }
    }
}
