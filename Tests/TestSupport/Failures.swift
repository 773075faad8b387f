/// Errors from several threads.
public final class Failures: Sendable {
    private let errors = Mutexed<[any Error]>([])

    public init() {}

    public var all: [any Error] { errors.value }

    public func collect(_ body: () throws -> Void) {
        do { try body() } catch { errors.change { $0.append(error) } }
    }
}
