import Synchronization

/// Hands out the numbers of tasks, in order and each once, to any thread that asks.
struct TaskCounter: ~Copyable, Sendable {
    private let next = Atomic(0)
    private let count: Int

    /// - Parameter count: how many tasks there are.
    init(_ count: Int) { self.count = count }

    /// The number of the next task, or nil where none is left or the work was stopped.
    func take() -> Int? {
        let task = next.wrappingAdd(1, ordering: .relaxed).oldValue
        return task < count ? task : nil
    }

    /// Lets no thread take another task.
    func stop() { next.store(count, ordering: .relaxed) }
}
