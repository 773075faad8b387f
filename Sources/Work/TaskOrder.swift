import Foundation

/// Lets threads do a part of their tasks one at a time, in the order of the tasks.
///
/// Unchecked: the numbers are only accessed while the condition is locked.
package final class TaskOrder: @unchecked Sendable {
    /// The task gets no turn, because an earlier one failed.
    struct Abandoned: Error {}

    private let turn = NSCondition()
    private var next = 0
    private var failed = Int.max

    /// Task 0 has the first turn.
    package init() {}

    /// Waits until every earlier task has had its turn, then runs `body`.
    /// - Throws: errors of `body`; `Abandoned` if an earlier task failed.
    package func inTurn(_ task: Int, _ body: () throws -> Void) throws {
        try turn.withLock {
            while next != task, failed > task { turn.wait() }
            guard next == task else { throw Abandoned() }
            try body()
            next += 1
            turn.broadcast()
        }
    }

    /// Releases the tasks that wait behind a failed one.
    func abandon(after task: Int) {
        turn.withLock {
            failed = min(failed, task)
            turn.broadcast()
        }
    }
}
