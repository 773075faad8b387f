import BinaryIO
import Foundation
import Synchronization
import SystemPackage
import Work

/// Runs the steps of a graph, each as soon as those that it needs have ended and the machine has room for it. Products
/// of the same inputs are not made again.
package final class StepRunner: Sendable {
    /// How a step ended.
    package struct Outcome: Sendable {
        package let step: String
        package let kind: String
        package let status: StepStatus
        package let seconds: Double
        /// The products of every node, in their order; empty if the step was skipped.
        package let products: [StepProduct]
        /// The problems that prevent the run from continuing.
        package let problems: [String]
        /// The step's error, in a run that continues nevertheless.
        package var error: PipelineError?
    }

    private let steps: [any Step]
    private let cache: StepCache
    private let options: RunOptions
    private let report: RunReporting
    /// The folder in which steps leave their files.
    private let workFolder: FilePath
    private let lookup: Mutex<NodeLookup>
    private let needed: Set<StepNode.Name>
    private let wanted: Set<StepNode.Name>
    /// Whether running steps must end, because another one failed.
    private let isEnding = Atomic(false)

    /// - Parameters:
    ///   - steps: in an order in which each comes after those that it needs.
    ///   - selected: the ids of the steps to run; the others must be cached if these need them.
    ///   - nodes: the nodes of these steps to make; all by default.
    ///   - report: called by several threads.
    package init(
        _ steps: [any Step],
        _ cache: StepCache,
        _ options: RunOptions,
        selected: Set<String>,
        nodes: Set<StepNode.Name>? = nil,
        workFolder: FilePath,
        report: @escaping RunReporting
    ) {
        (self.steps, self.cache, self.options, self.report) = (steps, cache, options, report)
        self.workFolder = workFolder
        wanted = nodes ?? Set(steps.filter { selected.contains($0.id) }.flatMap(\.nodes).map(\.name))
        let lookup = NodeLookup(steps, cache, wanted: wanted, isForced: options.force, workFolder: workFolder)
        needed = lookup.needed
        self.lookup = Mutex(lookup)
    }

    /// Returns the product of a node after the run, if it is known.
    package func product(of node: StepNode.Name) -> StepProduct? { lookup.withLock { $0.products[node] } }

    /// - Returns: the outcomes in the order of the steps.
    /// - Throws: `PipelineError` for the step that failed, unless the run keeps going; finished products stay cached.
    package func run() throws -> [Outcome] {
        var schedule = StepSchedule(steps, needed: needed, keepsGoing: options.keepsGoing)
        var budget = StepBudget(threads: options.threads, memoryBytes: options.sharedMemory)
        let ended = EndedSteps()
        var failures = StepFailures()
        while true {
            if failures.isEmpty {
                do { try start(&schedule, &budget, ended) } catch { failures.add(error, of: nil) }
            }
            guard !budget.isIdle else { break }
            let (step, result) = ended.next()
            budget.release(step)
            switch result {
            case .success(let outcome): schedule.end(outcome)
            case .failure(let error):
                failures.add(error, of: steps.firstIndex { $0.id == step })
                isEnding.store(true, ordering: .relaxed)
            }
        }
        try failures.throwFirst()
        return schedule.outcomes
    }

    /// Starts the steps whose turn it is, within the budget.
    private func start(_ schedule: inout StepSchedule, _ budget: inout StepBudget, _ ended: EndedSteps) throws {
        try Interruption.check()
        let ready = schedule.ready()
        // A step whose forecast fails starts anyway, and reports the problem itself.
        let demands = ready.map { (try? demand(of: $0)) ?? StepBudget.Demand(isLong: false, memoryBytes: 0) }
        var waiting = demands.count { $0.isLong }
        for (step, demand) in zip(ready, demands) {
            if let threads = budget.admit(step.id, demand, waiting: waiting) {
                schedule.start(step)
                Thread.detach { ended.add(step.id, Result { try self.outcome(of: step, threads: threads) }) }
            }
            if demand.isLong { waiting -= 1 }
        }
    }

    /// Returns the demand of a step; next to nothing if it is fully cached.
    private func demand(of step: any Step) throws -> StepBudget.Demand {
        let due = try due(of: step)
        guard !due.isEmpty else { return StepBudget.Demand(isLong: false, memoryBytes: 0) }
        let forecast = try step.forecast(due, threads: options.threads)
        return StepBudget.Demand(isLong: forecast.work != nil, memoryBytes: forecast.peakMemoryBytes)
    }

    private func due(of step: any Step) throws -> [StepNode] {
        let allDue = try lookup.withLock { try $0.due() }
        return step.nodes.filter { allDue.contains($0.name) }
    }

    private func outcome(of step: any Step, threads: Int) throws -> Outcome {
        let started = Date()
        var outcome: Outcome
        do {
            let (products, isCached) = try naming(step) { try perform(step, threads: threads) }
            let problems = try naming(step) { try products.flatMap(step.problems) }
            let status: StepStatus = !problems.isEmpty ? .failed : isCached ? .cached : .done
            outcome = Outcome(step, status, seconds: Date().timeIntervalSince(started), products, problems)
        } catch let error as PipelineError {
            outcome = Outcome(step, .failed, seconds: Date().timeIntervalSince(started), [], [])
            outcome.error = error
        }
        try report(
            RunEvent(
                event: .stepFinished,
                step: step.id,
                kind: step.kind,
                status: outcome.status,
                seconds: outcome.seconds
            )
        )
        if let error = outcome.error, !options.keepsGoing { throw error }
        return outcome
    }

    private func perform(_ step: any Step, threads: Int) throws -> (products: [StepProduct], isCached: Bool) {
        var isCached = true
        // A product that another run made and that was removed since is due again.
        while case let due = try due(of: step), !due.isEmpty {
            if try make(due, of: step, threads: threads) { isCached = false }
        }
        let products = lookup.withLock { $0.products }
        return (step.nodes.filter { needed.contains($0.name) }.compactMap { products[$0.name] }, isCached)
    }

    /// - Returns: whether anything was made; false if another run made all of it.
    private func make(_ due: [StepNode], of step: any Step, threads: Int) throws -> Bool {
        guard due.allSatisfy({ wanted.contains($0.name) }) else {
            let names = Set(wanted.map(\.step)).sorted().joined(separator: "', '")
            throw PipelineError.notCached(step: step.id, wanted: names)
        }
        let context = context(for: step, threads: threads)
        let claims = try cache.claim(due.map(\.key.digest), in: workFolder) { key, other in
            for node in due where node.key.digest == key {
                context.remark("\(node.name): another run (\(other)) is making it; waiting for its result")
            }
        }
        defer { claims?.end() }
        let (due, products, ready) = try lookup.withLock { try ($0.stillDue(due), $0.products, $0.ready) }
        if due.isEmpty { return false }
        for input in due.flatMap(\.inputs) where !ready.contains(input) {
            throw CacheError.vanished(step: input.step)
        }
        let work = try admit(due, of: step, threads: threads)
        try report(RunEvent(event: .stepStarted, step: step.id, kind: step.kind))
        let started = Date()
        let made = try step.run(due, context.knowing(products))
        // A step that its callback could not stop is stopped here, before its result counts.
        try Interruption.check()
        let seconds = Date().timeIntervalSince(started) / Double(due.count)
        for (node, product) in zip(due, made) {
            let byContent = lookup.withLock { $0.contentDigest(of: node) }
            let kept = try cache.keep(
                product,
                under: [node.key.digest] + (byContent.map { [$0] } ?? []),
                of: node.key,
                in: node.folder(in: workFolder),
                seconds: seconds,
                work: work.map { $0 / Double(due.count) }
            )
            try? FileManager.default.removeItem(atPath: node.workshop(in: workFolder).string)
            lookup.withLock { $0.note(kept, of: node) }
        }
        return true
    }

    private func context(for step: any Step, threads: Int) -> StepContext {
        let report = report
        let (id, kind) = (step.id, step.kind)
        return StepContext(
            threads: threads,
            remark: { try? report(RunEvent(event: .remark, step: id, kind: kind, detail: $0)) },
            progress: { detail, done, total in
                try Interruption.check()
                if self.isEnding.load(ordering: .relaxed) { throw Interruption.Stopped() }
                try report(
                    RunEvent(event: .progress, step: id, kind: kind, detail: detail, done: done, total: total)
                )
            },
            products: [:],
            workFolder: workFolder
        )
    }

    /// Refuses nodes that exceed memory or disk, before they begin.
    /// - Returns: the amount of their work.
    private func admit(_ due: [StepNode], of step: any Step, threads: Int) throws -> Double? {
        let forecast = try step.forecast(due, threads: threads)
        if let limit = options.memoryLimit, forecast.peakMemoryBytes > limit {
            throw PipelineError.memoryLimit(step: step.id, needed: forecast.peakMemoryBytes, limit: limit)
        }
        try checkSpace(for: forecast.diskBytes, at: options.workFolder)
        return forecast.work?.amount
    }

    private func naming<Result>(_ step: any Step, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as Interruption.Stopped {
            throw error
        } catch {
            throw PipelineError.stepFailed(step: step.id, underlying: error)
        }
    }
}

extension StepRunner.Outcome {
    init(
        _ step: any Step,
        _ status: StepStatus,
        seconds: Double,
        _ products: [StepProduct],
        _ problems: [String]
    ) {
        self.init(
            step: step.id,
            kind: step.kind,
            status: status,
            seconds: seconds,
            products: products,
            problems: problems
        )
    }
}
