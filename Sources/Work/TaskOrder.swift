import Foundation

/// Lets threads do a part of their tasks one at a time, in the order of the tasks.
///
/// Unchecked: the numbers are only touched while the condition is locked.
package final class TaskOrder: @unchecked Sendable {
    /// A task has no turn any more, because one before it failed.
    struct Abandoned: Error {}

    private let turn = NSCondition()
    private var next = 0
    private var failed = Int.max

    /// The first turn is task 0's.
    package init() {}

    /// Waits until every lower task has had its turn, and runs `body`.
    /// - Throws: what `body` throws; an error of the loop's own where a lower task failed.
    package func inTurn(_ task: Int, _ body: () throws -> Void) throws {
        try turn.withLock {
            while next != task, failed > task { turn.wait() }
            guard next == task else { throw Abandoned() }
            try body()
            next += 1
            turn.broadcast()
        }
    }

    /// Lets the tasks after one that failed wait no longer.
    func abandon(after task: Int) {
        turn.withLock {
            failed = min(failed, task)
            turn.broadcast()
        }
    }
}
