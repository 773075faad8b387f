import Synchronization
import Work

/// How far a download is. Files add to it as their bytes come; one task reports it.
package final class TransferMeter: Sendable {
    private struct State {
        var total = 0
        var bytes: [String: Int] = [:]
        /// The most that was reported: a file that begins anew does not move the line back.
        var reported = 0
        /// What is done meanwhile, without a byte on its way.
        var interlude: (detail: String, done: Int, total: Int)?
    }

    private let detail: String
    private let report: WorkProgress
    private let state = Mutex(State())

    package init(_ detail: String, _ report: @escaping WorkProgress) {
        self.detail = detail
        self.report = report
    }

    /// Begins to count, now that it is known what comes.
    package func expect(_ total: Int) { state.withLock { $0 = State(total: total) } }

    /// What else comes, now that it is known.
    package func expect(more bytes: Int) { state.withLock { $0.total += bytes } }

    /// Tells of other work until `resume`.
    package func interrupt(with detail: String, _ done: Int, _ total: Int) {
        state.withLock { $0.interlude = (detail, done, total) }
    }

    /// Tells of the transfer again.
    package func resume() { state.withLock { $0.interlude = nil } }

    /// - Parameter count: how much of the file is here now.
    package func update(_ file: String, _ count: Int) { state.withLock { $0.bytes[file] = count } }

    package func tell() throws {
        let (detail, done, total) = state.withLock { state in
            if let interlude = state.interlude { return interlude }
            state.reported = max(state.reported, min(state.total, state.bytes.values.reduce(0, +)))
            return (self.detail, state.reported, state.total)
        }
        try report(detail, done, total)
    }

    /// Runs the body and reports ten times a second, however long a connection is silent: that is also where a user who
    /// wants to stop is heard.
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
