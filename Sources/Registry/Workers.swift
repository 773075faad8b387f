import Dispatch

/// Several threads that run one body and are gone when the call returns.
enum Workers {
    /// The body may capture what the compiler cannot prove to be shared safely, such as a caller's progress: the body keeps
    /// all of it behind locks.
    private struct Shared: @unchecked Sendable {
        let body: () -> Void
    }

    static func run(_ count: Int, _ body: () -> Void) {
        withoutActuallyEscaping(body) { body in
            let shared = Shared(body: body)
            DispatchQueue.concurrentPerform(iterations: max(1, count)) { _ in shared.body() }
        }
    }
}
