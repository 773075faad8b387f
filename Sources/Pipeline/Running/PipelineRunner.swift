import Answers
import BinaryIO
import Foundation
import Registry
import SystemPackage
import Work

/// Runs the steps of a pipeline file in order; what was done before with the same inputs is not done again.
public struct PipelineRunner: Sendable {
    /// Told what happens as it happens; throwing from it stops the run.
    public typealias Report = @Sendable (RunEvent) throws -> Void

    public let definition: PipelineDefinition
    public let options: RunOptions
    let report: Report

    public init(_ definition: PipelineDefinition, _ options: RunOptions, report: @escaping Report = { _ in }) {
        self.definition = definition
        self.options = options
        self.report = report
    }

    /// Runs the pipeline. A step that fails ends it; what was finished stays cached.
    /// - Throws: `PipelineError`, or what the rooms throw before the first step.
    public func run() throws -> RunReport {
        let selected = try selectedSteps()
        let registry = try ModelRegistry(path: options.registry, mode: .create)
        defer { try? registry.close() }
        var record = RunRecord(
            id: UUID().uuidString,
            pipeline: definition.name,
            pipelineDigest: definition.digest,
            toolVersion: Edgepipe.version,
            status: .running,
            startedAt: Date()
        )
        try registry.record(record)
        do {
            let result = try run(selected, registry)
            record.status = result.gateFailures.isEmpty ? .done : .failed
            record.finishedAt = Date()
            try registry.record(record)
            return result
        } catch {
            record.status = .failed
            record.finishedAt = Date()
            try? registry.record(record)
            throw error
        }
    }

    private func run(_ selected: Set<String>, _ registry: ModelRegistry) throws -> RunReport {
        let cache = StepCache(registry: registry, isWritable: true, workFolder: options.workFolder)
        var resolver = try StepResolver(definition, try locateSource(), cache)
        let forecaster = StepForecaster(definition, resolver.source, threads: options.threads)
        var steps: [RunReport.Step] = []
        var published: [String] = []
        var isBlocked = false
        for step in definition.steps {
            guard !isBlocked, selected.contains(step.id) || isNeeded(step, by: selected) else {
                steps.append(.init(step: step.id, status: .skipped, seconds: 0, outputs: []))
                continue
            }
            try Interruption.check()
            let started = Date()
            let outcome = try naming(step) {
                try perform(step, resolver, cache, forecaster, mayRun: selected.contains(step.id), selected)
            }
            resolver.finish(step, outcome.product, outcome.stage)
            let problems = gateFailures(of: step, outcome.product)
            isBlocked = !problems.isEmpty
            if case .registrations(let builds) = outcome.product { published += builds.map { $0.name } }
            let status: StepStatus = isBlocked ? .failed : outcome.isCached ? .cached : .done
            let seconds = Date().timeIntervalSince(started)
            steps.append(
                .init(
                    step: step.id,
                    status: status,
                    seconds: seconds,
                    outputs: outcome.product.outputs,
                    problems: isBlocked ? problems : nil,
                    quantizations: step.action.kind == .quantize ? outcome.product.quantizations : nil
                )
            )
            try report(
                RunEvent(
                    event: .stepFinished,
                    step: step.id,
                    kind: step.action.kind,
                    status: status,
                    seconds: seconds
                )
            )
        }
        let builds = try published.map { try BuildSummary(registry, try registry.build(named: try BuildName($0))) }
        return RunReport(pipeline: definition.name, steps: steps, builds: builds)
    }

    private struct Outcome {
        let product: StepProduct
        let stage: any Stage
        let isCached: Bool
    }

    private func perform(
        _ step: PipelineDefinition.Step,
        _ resolver: StepResolver,
        _ cache: StepCache,
        _ forecaster: StepForecaster,
        mayRun: Bool,
        _ selected: Set<String>
    ) throws -> Outcome {
        guard let stage = try resolver.stage(for: step) else {
            preconditionFailure("step '\(step.id)' stands before one that it needs")
        }
        forecaster.note(stage, for: step)
        let key = stage.key
        if !options.force || !mayRun, let product = try cache.product(for: key), isPublished(product, cache) {
            return Outcome(product: product, stage: stage, isCached: true)
        }
        guard mayRun else {
            throw PipelineError.notCached(step: step.id, wanted: selected.sorted().joined(separator: "', '"))
        }
        try admit(step, by: forecaster)
        try report(RunEvent(event: .stepStarted, step: step.id, kind: step.action.kind))
        let folder = options.workFolder.appending(definition.name).appending("\(step.id)-\(key.digest.short)")
        let started = Date()
        let remark: @Sendable (String) -> Void = { [report] words in
            try? report(RunEvent(event: .remark, step: step.id, kind: step.action.kind, detail: words))
        }
        let context = StageContext(folder: folder, threads: options.threads, remark: remark) { detail, done, total in
            try Interruption.check()
            try report(
                RunEvent(
                    event: .progress,
                    step: step.id,
                    kind: step.action.kind,
                    detail: detail,
                    done: done,
                    total: total
                )
            )
        }
        let product = try stage.run(context)
        // A stage whose callback could not stop it stops here, before its result counts.
        try Interruption.check()
        try cache.store(product, for: key, seconds: Date().timeIntervalSince(started))
        return Outcome(product: product, stage: stage, isCached: false)
    }

    /// Refuses a step that memory or disk would not hold, before it begins.
    private func admit(_ step: PipelineDefinition.Step, by forecaster: StepForecaster) throws {
        let forecast = try forecaster.forecast(step)
        if let limit = options.memoryLimit, forecast.peakMemoryBytes > limit {
            throw PipelineError.memoryLimit(step: step.id, needed: forecast.peakMemoryBytes, limit: limit)
        }
        if let free = freeDiskBytes(at: options.workFolder), forecast.diskBytes > free {
            throw PipelineError.diskFull(options.workFolder, needed: forecast.diskBytes, free: free)
        }
    }

    /// A cached publishing counts only while the registry still holds what it published.
    private func isPublished(_ product: StepProduct, _ cache: StepCache) -> Bool {
        guard case .registrations(let builds) = product else { return true }
        return builds.allSatisfy { build in
            guard let name = try? BuildName(build.name) else { return false }
            return (try? cache.registry?.build(named: name))?.digest == build.digest
        }
    }

    private func gateFailures(of step: PipelineDefinition.Step, _ product: StepProduct) -> [String] {
        guard case .validate(let options) = step.action, case .evaluations(let builds) = product else { return [] }
        return builds.flatMap { build in
            (options.gate(for: build.type).map(build.failures) ?? []).map { "\(build.type): \($0)" }
        }
    }

    private func selectedSteps() throws -> Set<String> {
        let known = definition.steps.map { $0.id }
        for name in [options.only, options.from].compactMap({ $0 }) where !known.contains(name) {
            throw PipelineError.unknownStep(name, known: known)
        }
        if let only = options.only { return [only] }
        guard let from = options.from, let index = known.firstIndex(of: from) else { return Set(known) }
        return Set(known[index...])
    }

    /// Whether a selected step takes this step's product, directly or through others.
    private func isNeeded(_ step: PipelineDefinition.Step, by selected: Set<String>) -> Bool {
        var needed = selected
        for other in definition.steps.reversed() where needed.contains(other.id) {
            needed.formUnion(other.action.needs)
            if case .publish = other.action { needed.formUnion(measuring(other)) }
        }
        return needed.contains(step.id)
    }

    /// Publishing takes along what was measured before it.
    private func measuring(_ publish: PipelineDefinition.Step) -> [String] {
        definition.steps.prefix { $0.id != publish.id }
            .filter {
                [.validate, .fit].contains($0.action.kind) && $0.action.needs.first == publish.action.needs.first
            }
            .map { $0.id }
    }

    private func naming<Result>(_ step: PipelineDefinition.Step, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as Interruption.Stopped {
            throw error
        } catch {
            throw PipelineError.stepFailed(step: step.id, underlying: error)
        }
    }
}
