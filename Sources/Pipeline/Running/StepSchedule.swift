import Foundation
import Synchronization
import Work

/// The steps of a graph that have ended, and those whose turn it is.
struct StepSchedule {
    private let steps: [any Step]
    private let needed: Set<StepNode.Name>
    private let keepsGoing: Bool
    private var ended: [String: StepRunner.Outcome] = [:]
    private var running: Set<String> = []
    /// The steps that failed, and those that need them.
    private var blocked: Set<String> = []

    /// - Parameters:
    ///   - steps: in an order in which each comes after those that it needs.
    ///   - needed: the requested nodes, and all that these use.
    init(_ steps: [any Step], needed: Set<StepNode.Name>, keepsGoing: Bool) {
        (self.steps, self.needed, self.keepsGoing) = (steps, needed, keepsGoing)
    }

    /// The outcomes in the order of the steps, all of which have ended.
    var outcomes: [StepRunner.Outcome] { steps.compactMap { ended[$0.id] } }

    /// Returns the steps that may start: all that they need has ended. A step that publishes waits for every earlier
    /// step, which may be a gate for it. Steps that cannot run, or need not, end here.
    mutating func ready() -> [any Step] {
        var ready: [any Step] = []
        var haveAllEnded = true
        for step in steps where ended[step.id] == nil {
            let mayRun = keepsGoing ? blocked.isDisjoint(with: step.needs) : blocked.isEmpty
            if running.contains(step.id) {
                haveAllEnded = false
            } else if mayRun, isNeeded(step) {
                if step.publishes ? haveAllEnded : step.needs.allSatisfy(hasEnded) { ready.append(step) }
                haveAllEnded = false
            } else {
                if !mayRun { blocked.insert(step.id) }
                ended[step.id] = StepRunner.Outcome(step, .skipped, seconds: 0, [], [])
            }
        }
        return ready
    }

    mutating func start(_ step: any Step) { running.insert(step.id) }

    mutating func end(_ outcome: StepRunner.Outcome) {
        running.remove(outcome.step)
        ended[outcome.step] = outcome
        if outcome.status == .failed { blocked.insert(outcome.step) }
    }

    private func isNeeded(_ step: any Step) -> Bool { step.nodes.contains { needed.contains($0.name) } }

    /// Whether a step has ended; an id without a step is outside the graph and counts as ended.
    private func hasEnded(_ id: String) -> Bool { ended[id] != nil || !steps.contains { $0.id == id } }
}

/// The errors of concurrent steps: the run throws that of the step that is first in the file.
struct StepFailures {
    private var errors: [(place: Int, error: any Error)] = []

    var isEmpty: Bool { errors.isEmpty }

    /// - Parameter place: the place of the step; nil for a failure between steps.
    mutating func add(_ error: any Error, of place: Int?) { errors.append((place ?? .max, error)) }

    /// Throws the first error; a step that was stopped because another one failed does not count.
    func throwFirst() throws {
        let own = errors.filter { !($0.error is Interruption.Stopped) }
        if let first = own.min(by: { $0.place < $1.place }) ?? errors.first { throw first.error }
    }
}

/// The steps that have ended on their threads, until the run handles them.
final class EndedSteps: Sendable {
    typealias Ending = (step: String, result: Result<StepRunner.Outcome, any Error>)

    private let condition = NSCondition()
    private let endings = Mutex<[Ending]>([])

    func add(_ step: String, _ result: Result<StepRunner.Outcome, any Error>) {
        condition.withLock {
            endings.withLock { $0.append((step, result)) }
            condition.signal()
        }
    }

    /// Waits for the next step to end.
    func next() -> Ending {
        condition.withLock {
            while true {
                if let ending = endings.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { return ending }
                condition.wait()
            }
        }
    }
}

extension Thread {
    /// The stack size, equal to that of a program's first thread.
    private static let stackBytes = 8 << 20

    /// Runs a body on a thread of its own.
    static func detach(_ body: @escaping @Sendable () -> Void) {
        let thread = Thread(block: body)
        thread.stackSize = stackBytes
        thread.start()
    }
}
