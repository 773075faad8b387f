import Dispatch
import Synchronization

/// Divides work among threads. Tasks write to places of their own, so results do not depend on the count of threads.
package struct Workers: Sendable {
    package let count: Int
    private let team: WorkerTeam?

    package init(count: Int) {
        self.count = max(1, count)
        team = nil
    }

    /// - Parameter keepingThreads: whether threads live as long as this value, for many short regions.
    init(count: Int, keepingThreads: Bool) {
        self.count = max(1, count)
        team = keepingThreads && count > 1 ? WorkerTeam(helpers: count - 1) : nil
    }

    /// Runs `body` once for every task; `worker` tells which scratch memory the running thread may use.
    package func forEach(_ taskCount: Int, _ body: @Sendable (_ task: Int, _ worker: Int) -> Void) {
        let threads = min(count, taskCount)
        guard threads > 1 else {
            for task in 0..<taskCount { body(task, 0) }
            return
        }
        if let team { return team.run(taskCount, body) }
        let next = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: threads) { worker in
            while true {
                let task = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard task < taskCount else { return }
                body(task, worker)
            }
        }
    }
}
