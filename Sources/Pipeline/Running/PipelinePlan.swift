import BinaryIO
import ModelHub
import Registry
import SystemPackage

/// What a run would do, before it does anything.
public struct PipelinePlan: Codable, Sendable {
    public enum Action: String, Codable, Sendable { case cached, run }

    public struct Step: Codable, Sendable {
        public var step: String
        public var kind: StepKind
        public var action: Action
        public var reason: String
        /// nil where nothing is known of the model.
        public var forecast: Forecast?
    }

    public var pipeline: String
    public var version: String
    public var source: String
    /// What is fetched of the model first, in bytes; 0 where it is here, nil where nothing is known.
    public var downloadBytes: Int?
    public var steps: [Step]
    public var peakMemoryBytes: Int
    /// Bytes that the steps to be run will add to the disk, as far as they are known.
    public var diskBytes: Int
    public var freeDiskBytes: Int?
    public var secondsLow: Double
    public var secondsHigh: Double
}

extension PipelineRunner {
    /// Works out what `run` would do. Reads the model's headers, from the Hub where the model is not here; writes nothing.
    public func plan() throws -> PipelinePlan {
        let exists = FileStatus(options.registry) != nil
        let registry = exists ? try ModelRegistry(path: options.registry, mode: .readOnly) : nil
        let cache = StepCache(registry: registry, isWritable: false, workFolder: options.workFolder)
        let located: LocatedSource
        do {
            located = try cachedSource()
        } catch let error as ModelHubError where error.isMendedByDownload {
            return try planBeforeDownload()
        }
        var resolver = try StepResolver(definition, located, cache)
        let forecaster = StepForecaster(definition, resolver.source, threads: options.threads)
        var steps: [PipelinePlan.Step] = []
        var waiting: [String] = []
        for step in definition.steps {
            var planned = PipelinePlan.Step(step: step.id, kind: step.action.kind, action: .run, reason: "")
            if let first = step.action.needs.first(where: waiting.contains) {
                planned.reason = "step '\(first)' runs first"
                waiting.append(step.id)
            } else if let stage = try resolver.stage(for: step) {
                forecaster.note(stage, for: step)
                if !options.force, let product = try cache.product(for: stage.key) {
                    planned.action = .cached
                    planned.reason = "nothing it depends on has changed"
                    resolver.finish(step, product, stage)
                } else {
                    planned.reason = options.force ? "asked for with --force" : "no result for these inputs yet"
                    waiting.append(step.id)
                }
            }
            planned.forecast = try forecaster.forecast(step)
            steps.append(planned)
        }
        return plan(of: steps, source: resolver.source.uri, downloadBytes: 0)
    }

    /// Of a model that is on the Hub alone, configuration and headers tell everything but its weights.
    private func planBeforeDownload() throws -> PipelinePlan {
        let reason = "the model is not in the cache yet; `run` downloads it"
        func steps(_ forecast: (PipelineDefinition.Step) throws -> Forecast?) rethrows -> [PipelinePlan.Step] {
            try definition.steps.map { step in
                PipelinePlan.Step(
                    step: step.id,
                    kind: step.action.kind,
                    action: .run,
                    reason: reason,
                    forecast: try forecast(step)
                )
            }
        }
        return try withOutline { outline in
            guard let outline else {
                return plan(of: steps { _ in nil }, source: definition.source, downloadBytes: nil)
            }
            let source = SourceCheckpoint(
                uri: outline.source.model.origin?.description ?? definition.source,
                path: outline.source.model.folder,
                repository: outline.source.model.origin?.repository,
                adapters: outline.source.adapters,
                digest: SHA256Digest(of: [])
            )
            let forecaster = StepForecaster(definition, source, threads: options.threads)
            return plan(of: try steps(forecaster.forecast), source: source.uri, downloadBytes: outline.bytes)
        }
    }

    private func plan(of steps: [PipelinePlan.Step], source: String, downloadBytes: Int?) -> PipelinePlan {
        let running = steps.filter { $0.action == .run }.compactMap { $0.forecast }
        return PipelinePlan(
            pipeline: definition.name,
            version: definition.version,
            source: source,
            downloadBytes: downloadBytes,
            steps: steps,
            peakMemoryBytes: running.map { $0.peakMemoryBytes }.max() ?? 0,
            diskBytes: running.reduce(0) { $0 + $1.diskBytes },
            freeDiskBytes: freeDiskBytes(at: options.workFolder),
            secondsLow: running.reduce(0) { $0 + $1.secondsLow },
            secondsHigh: running.reduce(0) { $0 + $1.secondsHigh }
        )
    }
}
