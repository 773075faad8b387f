import Dispatch

/// Threads of its own for what a server does between its connections and its workers. Those that Swift runs other tasks on may all be
/// waiting for something, and then nobody would be answered.
final class EdgeThreads: TaskExecutor {
    static let shared = EdgeThreads()
    private let queue = DispatchQueue(label: "edgepipe.server", attributes: .concurrent)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedTaskExecutor()
        queue.async { job.runSynchronously(on: executor) }
    }
}
