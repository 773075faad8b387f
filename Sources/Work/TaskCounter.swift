import Synchronization

/// Gives out task numbers, in order and each once, to any thread that asks.
struct TaskCounter: ~Copyable, Sendable {
    private let next = Atomic(0)
    private let count: Int

    /// - Parameter count: the number of tasks.
    init(_ count: Int) { self.count = count }

    /// The number of the next task; nil if none is left or the work was stopped.
    func take() -> Int? {
        let task = next.wrappingAdd(1, ordering: .relaxed).oldValue
        return task < count ? task : nil
    }

    /// Makes sure that no thread gets another task.
    func stop() { next.store(count, ordering: .relaxed) }
}
