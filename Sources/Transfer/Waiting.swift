import Dispatch
import Synchronization

/// Threads of its own for requests. Callers wait for these on their threads, which may be those that Swift runs tasks on: with
/// all of them waiting, none would be left to send a request.
private final class RequestThreads: TaskExecutor {
    static let shared = RequestThreads()
    private let queue = DispatchQueue(label: "edgepipe.requests", attributes: .concurrent)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedTaskExecutor()
        queue.async { job.runSynchronously(on: executor) }
    }
}

/// Begins asynchronous work on the threads for requests.
package func beginning(_ body: @escaping @Sendable () async -> Void) {
    Task.detached(executorPreference: RequestThreads.shared) { await body() }
}

/// Runs asynchronous work to its end while this thread waits.
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
