import Dispatch
import Synchronization

/// The threads that send requests. Callers block their own threads, which may be those that Swift runs tasks on; if all
/// of those waited, none would be left to send a request.
private final class RequestThreads: TaskExecutor {
    static let shared = RequestThreads()
    private let queue = DispatchQueue(label: "edgepipe.requests", attributes: .concurrent)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedTaskExecutor()
        queue.async { job.runSynchronously(on: executor) }
    }
}

/// Starts asynchronous work on the request threads.
package func beginning(_ body: @escaping @Sendable () async -> Void) {
    Task.detached(executorPreference: RequestThreads.shared) { await body() }
}

/// Runs asynchronous work to completion while this thread waits.
package func waiting<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) throws -> Result {
    let outcome = Mutex<Swift.Result<Result, any Error>?>(nil)
    let done = DispatchSemaphore(value: 0)
    beginning {
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        outcome.withLock { $0 = result }
        done.signal()
    }
    done.wait()
    guard let result = outcome.withLock({ $0 }) else { preconditionFailure("the work signals after its result") }
    return try result.get()
}
