import Dispatch

/// The threads that serve connections. Swift's own threads may all be blocked by other tasks, and then no request would
/// be answered.
final class EdgeThreads: TaskExecutor {
    static let shared = EdgeThreads()
    private let queue = DispatchQueue(label: "edgepipe.server", attributes: .concurrent)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedTaskExecutor()
        queue.async { job.runSynchronously(on: executor) }
    }
}
