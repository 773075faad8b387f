import Synchronization
import Work

/// The progress of a download. Each file reports its bytes, and one task reports the total.
package final class TransferMeter: Sendable {
    private struct State {
        var total = 0
        var bytes: [String: Int] = [:]
        /// The most bytes reported so far: a file that starts again does not move the progress back.
        var reported = 0
        /// Other work that is in progress while no bytes arrive.
        var interlude: (detail: String, done: Int, total: Int)?
    }

    private let detail: String
    private let report: WorkProgress
    private let state = Mutex(State())

    package init(_ detail: String, _ report: @escaping WorkProgress) {
        self.detail = detail
        self.report = report
    }

    /// Starts counting with a known total, in bytes.
    package func expect(_ total: Int) { state.withLock { $0 = State(total: total) } }

    /// Adds bytes to the total.
    package func expect(more bytes: Int) { state.withLock { $0.total += bytes } }

    /// Reports the progress of other work until `resume`.
    package func interrupt(with detail: String, _ done: Int, _ total: Int) {
        state.withLock { $0.interlude = (detail, done, total) }
    }

    /// Reports the progress of the transfer again.
    package func resume() { state.withLock { $0.interlude = nil } }

    /// - Parameter count: the number of bytes of the file so far.
    package func update(_ file: String, _ count: Int) { state.withLock { $0.bytes[file] = count } }

    package func tell() throws {
        let (detail, done, total) = state.withLock { state in
            if let interlude = state.interlude { return interlude }
            state.reported = max(state.reported, min(state.total, state.bytes.values.reduce(0, +)))
            return (self.detail, state.reported, state.total)
        }
        try report(detail, done, total)
    }

    /// Runs the body and reports progress ten times a second, even if no bytes arrive; a user's interrupt takes effect
    /// there too.
    package func during<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result
    {
        try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask { try await body() }
            group.addTask {
                while true {
                    try self.tell()
                    try await Task.sleep(for: .milliseconds(100))
                }
            }
            defer { group.cancelAll() }
            guard let result = try await group.next() else { throw CancellationError() }
            try tell()
            return result
        }
    }
}
