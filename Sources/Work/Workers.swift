import Dispatch
import Synchronization

/// Divides work among threads: the one worker loop of the house.
///
/// Tasks are numbered and handed out in order. They write to places of their own, so that results do not depend on the
/// number of threads.
package struct Workers: Sendable {
    /// Threads that work, the calling one among them; one or more.
    package let count: Int
    private let team: WorkerTeam?

    /// - Parameters:
    ///   - count: how many threads work; less than one counts as one.
    ///   - keepingThreads: whether threads live as long as this value, for many short regions; else they come from the
    ///     system's pool for each call.
    package init(count: Int, keepingThreads: Bool = false) {
        self.count = max(1, count)
        team = keepingThreads && count > 1 ? WorkerTeam(helpers: count - 1) : nil
    }

    /// Runs `body` once for every task; `worker` says which scratch memory the running thread may use.
    package func forEach(_ taskCount: Int, _ body: @Sendable (_ task: Int, _ worker: Int) -> Void) {
        let tasks = TaskCounter(taskCount)
        onThreads(for: taskCount) { worker in
            while let task = tasks.take() { body(task, worker) }
        }
    }

    /// Runs `body` once for every task, until one fails: then no thread takes another.
    /// - Parameters:
    ///   - order: where tasks wait for their turns; a failure ends the waiting.
    ///   - makeScratch: makes what one thread keeps from task to task.
    ///   - body: one task's work.
    /// - Throws: of the errors thrown, that of the lowest task: the same one whatever the number of threads, because all tasks
    ///   before it ran. An error of `makeScratch` comes before all.
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

    /// Runs `body` at the same time on as many threads as the tasks can use, each with a number of its own.
    private func onThreads(for taskCount: Int, _ body: @Sendable (_ worker: Int) -> Void) {
        let threads = min(count, taskCount)
        if threads < 1 { return }
        if threads == 1 { return body(0) }
        if let team { return team.run(body) }
        DispatchQueue.concurrentPerform(iterations: threads, execute: body)
    }
}
