import NIOPosix
import Synchronization

/// Threads that may block, for the synchronous modules. They are neither the threads that serve connections nor those
/// that run Swift's tasks. The length of their queue is limited.
final class WorkerThreads: Sendable {
    private let pool: NIOThreadPool
    private let queued = Atomic(0)
    private let mostQueued: Int
    let count: Int

    init(_ count: Int, mostQueued: Int) {
        (self.count, self.mostQueued) = (count, mostQueued)
        pool = NIOThreadPool(numberOfThreads: count)
        pool.start()
    }

    /// Runs `body` on one of the threads.
    /// - Throws: `ServerError.busy` if the queue is full; errors of `body`.
    func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        defer { queued.subtract(1, ordering: .relaxed) }
        guard queued.add(1, ordering: .relaxed).newValue <= mostQueued else { throw ServerError.busy }
        return try await pool.runIfActive(body)
    }

    func shutDown() async { try? await pool.shutdownGracefully() }
}
