import Synchronization
import Testing
import Work

@Suite struct WorkersTests {
    private struct Refused: Error, Equatable { let task: Int }

    /// Scratch memory of one thread.
    private final class Scratch { var tasks = 0 }

    @Test(arguments: [-1, 1, 2, 5], [false, true])
    func everyTaskRunsOnce(_ count: Int, _ keepsThreads: Bool) {
        let workers = Workers(count: count, keepingThreads: keepsThreads)
        #expect(workers.count == max(1, count))
        // Many short regions, and some with fewer tasks than threads or none.
        for tasks in [0, 1, 2, 3, 100] + Array(repeating: 40, count: 500) {
            let runs = Mutex([Int](repeating: 0, count: tasks))
            workers.forEach(tasks) { task, worker in
                #expect((0..<workers.count).contains(worker))
                runs.withLock { $0[task] += 1 }
            }
            #expect(runs.withLock { $0 } == Array(repeating: 1, count: tasks))
        }
    }

    @Test(arguments: [1, 2, 7], [false, true])
    func aThreadKeepsItsScratch(_ count: Int, _ keepsThreads: Bool) throws {
        let made = Mutex(0)
        let done = Mutex(0)
        try Workers(count: count, keepingThreads: keepsThreads).forEach(
            100,
            scratch: {
                made.withLock { $0 += 1 }
                return Scratch()
            }
        ) { scratch, _ in
            scratch.tasks += 1
            done.withLock { $0 += 1 }
        }
        #expect((1...count).contains(made.withLock { $0 }) && done.withLock { $0 } == 100)
        try Workers(count: count).forEach(0, scratch: { throw Refused(task: -1) }) { (_: inout Scratch, _) in }
    }

    @Test(arguments: [1, 2, 7])
    func theLowestFailureIsThrownAndNoFurtherTaskTaken(_ count: Int) {
        let last = Mutex(0)
        #expect(throws: Refused(task: 3)) {
            try Workers(count: count).forEach(1_000_000, scratch: {}) { _, task in
                last.withLock { $0 = max($0, task) }
                if task >= 3 { throw Refused(task: task) }
            }
        }
        #expect(last.withLock { $0 } < 3 + count)
        #expect(throws: Refused(task: -1)) {
            try Workers(count: count).forEach(9, scratch: { throw Refused(task: -1) }) { (_: inout Scratch, _) in }
        }
    }

    @Test(arguments: [1, 2, 7])
    func turnsComeInTheOrderOfTheTasks(_ count: Int) throws {
        let order = TaskOrder()
        let turns = Mutex([Int]())
        try Workers(count: count).forEach(200, order: order, scratch: {}) { _, task in
            try order.inTurn(task) { turns.withLock { $0.append(task) } }
        }
        #expect(turns.withLock { $0 } == Array(0..<200))
    }

    /// The tasks before the one that fails have their turns, those behind it wait no longer.
    @Test(arguments: [1, 2, 7], [false, true])
    func aFailureEndsTheWaiting(_ count: Int, _ failsInTurn: Bool) {
        let order = TaskOrder()
        let turns = Mutex([Int]())
        #expect(throws: Refused(task: 50)) {
            try Workers(count: count).forEach(200, order: order, scratch: {}) { _, task in
                if task == 50, !failsInTurn { throw Refused(task: task) }
                try order.inTurn(task) {
                    if task == 50 { throw Refused(task: task) }
                    turns.withLock { $0.append(task) }
                }
            }
        }
        #expect(turns.withLock { $0 } == Array(0..<50))
    }
}
