import Dispatch
import Synchronization

/// Divides work among threads; all parallel loops of the program use it.
///
/// Tasks are numbered and given out in order. Each task writes to its own memory, so that results do not depend on the
/// number of threads.
package struct Workers: Sendable {
    /// The number of threads, including the calling one; at least 1.
    package let count: Int
    private let team: WorkerTeam?

    /// - Parameters:
    ///   - count: the number of threads; less than 1 counts as 1.
    ///   - keepingThreads: whether threads live as long as this value, for many short regions; otherwise each call
    ///     takes them from the system's pool.
    package init(count: Int, keepingThreads: Bool = false) {
        self.count = max(1, count)
        team = keepingThreads && count > 1 ? WorkerTeam(helpers: count - 1) : nil
    }

    /// Runs `body` once for every task; `worker` tells the running thread which scratch memory it may use.
    package func forEach(_ taskCount: Int, _ body: @Sendable (_ task: Int, _ worker: Int) -> Void) {
        let tasks = TaskCounter(taskCount)
        onThreads(for: taskCount) { worker in
            while let task = tasks.take() { body(task, worker) }
        }
    }

    /// Runs `body` once for every task; after a failure no thread starts another task.
    /// - Parameters:
    ///   - order: where tasks wait for their turns; a failure ends the wait.
    ///   - makeScratch: makes the state that a thread keeps between tasks.
    ///   - body: the work of one task.
    /// - Throws: the error of the lowest task that failed. It is the same for any number of threads, because all tasks
    ///   before it ran. An error of `makeScratch` takes precedence.
    package func forEach<Scratch>(
        _ taskCount: Int,
        order: TaskOrder? = nil,
        scratch makeScratch: @Sendable () throws -> Scratch,
        _ body: @Sendable (inout Scratch, _ task: Int) throws -> Void
    ) throws {
        let tasks = TaskCounter(taskCount)
        let failure = Mutex<(task: Int, error: any Error)?>(nil)
        onThreads(for: taskCount) { _ in
            var current = -1
            do {
                var scratch = try makeScratch()
                while let task = tasks.take() {
                    current = task
                    try body(&scratch, task)
                }
            } catch {
                tasks.stop()
                order?.abandon(after: current)
                failure.withLock { if current < $0?.task ?? .max { $0 = (current, error) } }
            }
        }
        if let (_, error) = failure.withLock({ $0 }) { throw error }
    }

    /// Runs `body` in parallel on as many threads as the tasks can use, each with its own number.
    private func onThreads(for taskCount: Int, _ body: @Sendable (_ worker: Int) -> Void) {
        let threads = min(count, taskCount)
        if threads < 1 { return }
        if threads == 1 { return body(0) }
        if let team { return team.run(body) }
        DispatchQueue.concurrentPerform(iterations: threads, execute: body)
    }
}
