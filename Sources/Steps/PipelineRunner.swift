import BinaryIO
import Foundation
import ModelHub
import Pipeline
import Registry
import SystemPackage

/// Plans and runs a pipeline file: locates its model, creates its steps, and passes them to the engine.
public struct PipelineRunner: Sendable {
    /// Called for each event as it happens; throwing from it stops the run.
    public typealias Report = RunReporting

    /// The pipeline.
    public let definition: PipelineDefinition
    /// The options of the run.
    public let options: RunOptions
    /// The use of the lock file beside the pipeline file.
    public let lock: LockUse
    private let report: Report

    /// Creates a runner that by default uses no lock and reports nothing.
    public init(
        _ definition: PipelineDefinition,
        _ options: RunOptions,
        lock: LockUse = LockUse(.ignore),
        report: @escaping Report = { _ in }
    ) {
        self.definition = definition
        self.options = options
        self.lock = lock
        self.report = report
    }

    /// Runs the pipeline. A failing step ends it; finished steps stay cached.
    /// - Throws: `PipelineError`, or the errors of the modules below before the first step.
    public func run() throws -> RunReport {
        let selected = try selectedSteps()
        let locking = try PipelineLocking(definition, lock)
        let registry = try ModelRegistry(path: options.registry, mode: .create)
        defer { try? registry.close() }
        let result = try registry.recording(
            definition,
            wentWell: { $0.gateFailures.isEmpty && $0.errors.isEmpty },
            { try run(selected, registry, locking) }
        )
        if let limit = options.cache.sizeLimit, options.cache.mode.writes {
            _ = options.cacheFolder.evict(to: limit)
        }
        return result
    }

    private func run(
        _ selected: Set<String>,
        _ registry: ModelRegistry,
        _ locking: PipelineLocking
    ) throws -> RunReport {
        let report = report
        @Sendable func remark(_ kind: String, _ words: String) {
            try? report(RunEvent(event: .remark, step: "", kind: kind, detail: words))
        }
        let cache = try StepCache(registry: registry, options, isWritable: true) { remark("cache", $0) }
        let lease = cache.lease()
        defer { lease?.end() }
        let located = try LocatedSource.downloaded(try locking.pinned, isOffline: options.isOffline, report)
        let source = try SourceCheckpoint(located, of: definition, cache)
        let notes = source.notes(of: definition)
        let made = try Workbench.steps(of: definition, source, cache, notes)
        let steps = try locking.checked(made, source, notes) { remark("lock", $0) }
        let runner = StepRunner(
            steps,
            cache,
            options,
            // Selecting a step selects its pieces.
            selected: Set(steps.map(\.id).filter { selected.contains(ValidatePieceStep.owner(of: $0)) }),
            workFolder: workFolder,
            report: report
        )
        let outcomes = try runner.run()
        do {
            let isChanged = try locking.save(steps, source, notes) { runner.product(of: $0.name) }
            if isChanged == true { remark("lock", "\(LockFile.path(of: definition)) is up to date with this run") }
        } catch {
            // A failure here must not discard hours of work.
            remark("lock", "the lock was not written: \(error)")
        }
        return try RunReport(definition.name, outcomes, registry)
    }

    /// The folder in which the files of the pipeline's steps have names.
    private var workFolder: FilePath { options.workFolder.appending(definition.name) }

    /// Plans what `run` would do. Reads the model's headers, from the Hub if the model is not available locally; writes
    /// nothing.
    public func plan() throws -> PipelinePlan {
        let exists = FileStatus(options.registry) != nil
        let registry = exists ? try ModelRegistry(path: options.registry, mode: .readOnly) : nil
        let cache = try StepCache(registry: registry, options, isWritable: false)
        let locking = try PipelineLocking(definition, lock)
        let located: LocatedSource
        do {
            located = try .cached(try locking.pinned)
        } catch let error as ModelHubError where error.isMendedByDownload {
            return try planBeforeDownload(cache, locking)
        }
        let source = try SourceCheckpoint(located, of: definition, cache)
        var planner = StepPlanner(
            try steps(of: source, cache, locking),
            cache,
            options,
            workFolder: workFolder
        )
        return plan(of: try planner.plan(), source: source.uri, downloadBytes: 0)
    }

    /// Plans for a model that is only on the Hub. Its configuration and headers contain everything except the weights.
    private func planBeforeDownload(_ cache: StepCache, _ locking: PipelineLocking) throws -> PipelinePlan {
        let reason = "the model is not in the cache yet; `run` downloads it"
        return try OutlinedSource.with(try locking.pinned, isOffline: options.isOffline) { outline in
            guard let outline else {
                let steps = definition.steps.map { step in
                    PipelinePlan.Step(step: step.id, kind: step.kind, action: .run, reason: reason)
                }
                return plan(of: steps, source: definition.source, downloadBytes: nil)
            }
            let source = SourceCheckpoint(outline, of: definition)
            var planner = StepPlanner(
                try steps(of: source, cache, locking),
                cache,
                options,
                workFolder: workFolder
            )
            let steps = try planner.plan(allBecause: reason)
            return plan(of: steps, source: source.uri, downloadBytes: outline.bytes)
        }
    }

    /// Returns the steps, checked against the lock if it is required.
    private func steps(of source: SourceCheckpoint, _ cache: StepCache, _ locking: PipelineLocking) throws -> [any Step]
    {
        let notes = source.notes(of: definition)
        let steps = try Workbench.steps(of: definition, source, cache, notes)
        return try locking.checked(steps, source, notes) { _ in }
    }

    private func plan(of steps: [PipelinePlan.Step], source: String, downloadBytes: Int?) -> PipelinePlan {
        PipelinePlan(
            pipeline: definition.name,
            version: definition.version,
            source: source,
            downloadBytes: downloadBytes,
            steps: steps,
            freeDiskBytes: freeDiskBytes(at: options.workFolder)
        )
    }

    private func selectedSteps() throws -> Set<String> {
        let steps = definition.steps
        for name in [options.only, options.from].compactMap({ $0 })
        where !steps.contains(where: { $0.answers(to: name) }) {
            throw PipelineError.unknownStep(
                name,
                known: steps.flatMap { $0.group == $0.id ? [$0.id] : [$0.group, $0.id] }
            )
        }
        if let only = options.only { return Set(steps.filter { $0.answers(to: only) }.map(\.id)) }
        guard let from = options.from, let index = steps.firstIndex(where: { $0.answers(to: from) }) else {
            return Set(steps.map(\.id))
        }
        return Set(steps[index...].map(\.id))
    }
}
