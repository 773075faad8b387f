/// The part of the machine that a run may use, divided among concurrent steps.
///
/// A step gets its threads when it starts and keeps them to its end. The first one always starts, so a step that needs
/// more memory than is available runs alone.
struct StepBudget {
    /// What a step uses while it runs.
    struct Demand: Equatable {
        /// False for a step that computes next to nothing: it runs beside others without threads of its own.
        let isLong: Bool
        let memoryBytes: Int
    }

    /// The fewest threads of each concurrent step that computes: with fewer, running them one after the other takes no
    /// longer and needs less memory.
    static let leastThreads = 4

    let threads: Int
    let memoryBytes: Int
    private var running: [String: (threads: Int, memoryBytes: Int)] = [:]

    init(threads: Int, memoryBytes: Int) { (self.threads, self.memoryBytes) = (threads, memoryBytes) }

    var isIdle: Bool { running.isEmpty }

    /// Lets a step start if its demand is free.
    /// - Parameter waiting: the number of computing steps that could start now, including this one.
    /// - Returns: its threads; nil if it must wait.
    mutating func admit(_ step: String, _ demand: Demand, waiting: Int) -> Int? {
        let usedMemory = running.values.reduce(0) { $0 + $1.memoryBytes }
        guard isIdle || usedMemory + demand.memoryBytes <= memoryBytes else { return nil }
        guard demand.isLong else {
            running[step] = (0, demand.memoryBytes)
            return threads
        }
        let free = threads - running.values.reduce(0) { $0 + $1.threads }
        let share = max(min(threads, Self.leastThreads), free / max(1, waiting))
        guard share <= free else { return nil }
        running[step] = (share, demand.memoryBytes)
        return share
    }

    mutating func release(_ step: String) { running[step] = nil }
}
