import BinaryIO
import Foundation
import SystemPackage
import Work

/// Runs the steps of a graph in order; what was made before of the same inputs is not made again.
package struct StepRunner {
    /// How a step ended.
    package struct Outcome: Sendable {
        package let step: String
        package let kind: String
        package let status: StepStatus
        package let seconds: Double
        /// Of every node, in their order; empty where the step was skipped.
        package let products: [StepProduct]
        /// What keeps the run from going on.
        package let problems: [String]
        /// What the step failed with, in a run that goes on nevertheless.
        package var error: PipelineError?
    }

    private let steps: [any Step]
    private let cache: StepCache
    private let options: RunOptions
    private let report: RunReporting
    /// Where steps leave their files.
    private let workFolder: FilePath
    private var lookup: NodeLookup

    /// - Parameters:
    ///   - steps: in an order in which each stands behind those that it needs.
    ///   - selected: the ids of those to run; the others have to be cached where these need them.
    ///   - nodes: which nodes of theirs; all where nothing is said.
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
        let wanted = steps.filter { selected.contains($0.id) }.flatMap(\.nodes).map(\.name)
        lookup = NodeLookup(
            steps,
            cache,
            wanted: nodes ?? Set(wanted),
            isForced: options.force,
            workFolder: workFolder
        )
    }

    /// - Throws: `PipelineError` for the step that failed, unless the run keeps going; what was finished stays cached.
    package mutating func run() throws -> [Outcome] {
        var outcomes: [Outcome] = []
        // Steps that failed, and those that need them.
        var blocked: Set<String> = []
        for step in steps {
            let mayRun = options.keepsGoing ? blocked.isDisjoint(with: step.needs) : blocked.isEmpty
            guard mayRun, step.nodes.contains(where: { lookup.needed.contains($0.name) }) else {
                blocked.formUnion(mayRun ? [] : [step.id])
                outcomes.append(Outcome(step, .skipped, seconds: 0, [], []))
                continue
            }
            try Interruption.check()
            let outcome = try outcome(of: step)
            if outcome.status == .failed { blocked.insert(step.id) }
            outcomes.append(outcome)
        }
        return outcomes
    }

    private mutating func outcome(of step: any Step) throws -> Outcome {
        let started = Date()
        var outcome: Outcome
        do {
            let (products, isCached) = try naming(step) { try perform(step) }
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

    /// What is known of a node after the run.
    package func product(of node: StepNode.Name) -> StepProduct? { lookup.products[node] }

    private mutating func perform(_ step: any Step) throws -> (products: [StepProduct], isCached: Bool) {
        let allDue = try lookup.due()
        let due = step.nodes.filter { allDue.contains($0.name) }
        if !due.isEmpty { try make(due, of: step) }
        let known = step.nodes.filter { lookup.needed.contains($0.name) }.compactMap { lookup.products[$0.name] }
        return (known, due.isEmpty)
    }

    private mutating func make(_ due: [StepNode], of step: any Step) throws {
        guard due.allSatisfy({ lookup.wanted.contains($0.name) }) else {
            let wanted = Set(lookup.wanted.map(\.step)).sorted().joined(separator: "', '")
            throw PipelineError.notCached(step: step.id, wanted: wanted)
        }
        for input in due.flatMap(\.inputs) where !lookup.ready.contains(input) {
            throw CacheError.vanished(step: input.step)
        }
        let work = try admit(due, of: step)
        try report(RunEvent(event: .stepStarted, step: step.id, kind: step.kind))
        let started = Date()
        for node in due { cache.clear(node.folder(in: workFolder)) }
        let products = try step.run(due, context(for: step))
        // A step whose callback could not stop it stops here, before its result counts.
        try Interruption.check()
        let seconds = Date().timeIntervalSince(started) / Double(due.count)
        for (node, product) in zip(due, products) {
            let digests = [node.key.digest] + (lookup.contentDigest(of: node).map { [$0] } ?? [])
            let share = work.map { $0 / Double(due.count) }
            try cache.keep(product, under: digests, of: node.key, seconds: seconds, work: share)
            lookup.note(product, of: node)
        }
    }

    private func context(for step: any Step) -> StepContext {
        let report = report
        let (id, kind) = (step.id, step.kind)
        return StepContext(
            threads: options.threads,
            remark: { try? report(RunEvent(event: .remark, step: id, kind: kind, detail: $0)) },
            progress: { detail, done, total in
                try Interruption.check()
                try report(
                    RunEvent(event: .progress, step: id, kind: kind, detail: detail, done: done, total: total)
                )
            },
            products: lookup.products,
            workFolder: workFolder
        )
    }

    /// Refuses nodes that memory or disk would not hold, before they begin.
    /// - Returns: how much they are to do.
    private func admit(_ due: [StepNode], of step: any Step) throws -> Double? {
        let forecast = try step.forecast(due, threads: options.threads)
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
    fileprivate init(
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
