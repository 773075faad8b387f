import Synchronization

/// Errors from several threads.
public final class Failures: Sendable {
    private let errors = Mutex<[any Error]>([])

    public init() {}

    public var all: [any Error] { errors.withLock { $0 } }

    public func collect(_ body: () throws -> Void) {
        do { try body() } catch { errors.withLock { $0.append(error) } }
    }
}
