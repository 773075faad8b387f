import BinaryIO
import Foundation
import Pipeline
import Registry
import SystemPackage

/// The nodes of a pipeline one by one, for machines that share only a cache: listing them, making some of them, and
/// publishing complete builds.
///
/// Only publishing opens the registry.
public struct PipelineTasks: Sendable {
    /// A node as a scheduler of the work sees it.
    public struct Node: Sendable {
        /// The name, such as `quality[q4_k_m]`.
        public let name: String
        /// The step's id.
        public let step: String
        /// The key that introduces the step in a pipeline file.
        public let kind: String
        /// The build's type; nil if the step has one product.
        public let build: String?
        /// The digest of everything that decides the product.
        public let key: SHA256Digest
        /// The names of the nodes whose products it needs.
        public let inputs: [String]
        /// Whether it must be made.
        public let isDue: Bool
        /// Whether it puts builds into the registry.
        public let publishes: Bool
        /// The forecast of its output and cost, for this node by itself.
        public let forecast: Forecast

        package init(
            name: String,
            step: String,
            kind: String,
            build: String?,
            key: SHA256Digest,
            inputs: [String],
            isDue: Bool,
            publishes: Bool,
            forecast: Forecast
        ) {
            (self.name, self.step, self.kind, self.build, self.key) = (name, step, kind, build, key)
            (self.inputs, self.isDue, self.publishes, self.forecast) = (inputs, isDue, publishes, forecast)
        }
    }

    /// The result of a task.
    public struct Outcome: Codable, Sendable {
        /// A node and its outcome.
        public struct Node: Codable, Sendable {
            /// The name, such as `quality[q4_k_m]`.
            public var node: String
            /// The outcome.
            public var status: StepStatus
            /// Descriptions of the gates that were not met.
            public var problems: [String]?
            /// The nodes that it needs and that are not in the cache.
            public var missing: [String]?
        }
        /// In the order of the pipeline file.
        public var nodes: [Node]
        /// The elapsed time, in seconds.
        public var seconds: Double

        /// Whether a node is missing for a reason other than a gate.
        public var isMissingSomething: Bool { nodes.contains { $0.missing != nil } }

        /// Descriptions of everything that kept a node from being made or used.
        public var problems: [String] {
            nodes.flatMap { node in
                let missing = (node.missing ?? []).map { "'\($0)' is not in the cache" }
                return (missing + (node.problems ?? [])).map { "\(node.node): \($0)" }
            }
        }
    }

    private let definition: PipelineDefinition
    private let options: RunOptions
    private let lock: LockUse
    private let report: RunReporting

    /// The number of tries. A server may restart while tasks run: they wait for it for about half a minute.
    private static let patience = 10

    /// - Parameters:
    ///   - options: only `publish` opens the registry.
    ///   - lock: Hub models are read at its revisions, so that all machines read the same; it is never written.
    public init(
        _ definition: PipelineDefinition,
        _ options: RunOptions,
        lock: LockUse = LockUse(.follow),
        report: @escaping RunReporting = { _ in }
    ) {
        (self.definition, self.options, self.lock, self.report) = (definition, options, lock, report)
    }

    private var workFolder: FilePath { options.workFolder.appending(definition.name) }

    // MARK: Listing

    /// Returns all nodes in file order. The model is downloaded first if it is not available locally.
    /// - Parameter isPlanned: whether nothing is written; a model that is not available locally is then an error.
    /// - Throws: `PipelineError`, and the errors of reading the model; `LockError` if the lock is required and differs;
    ///   `CacheError` if a cache server does not answer, because everything would appear to be due.
    public func nodes(isPlanned: Bool = false) throws -> [Node] {
        var options = options
        // Tasks take files from the server; local files are of no use to them.
        (options.cache.mustAnswer, options.cache.asksServerAlone) = (!isPlanned, true)
        let cache = try isPlanned ? StepCache(registry: nil, options, isWritable: false) : cache(nil, options)
        let locking = try PipelineLocking(definition, lock)
        let located =
            try isPlanned
            ? LocatedSource.cached(try locking.pinned)
            : LocatedSource.downloaded(try locking.pinned, isOffline: options.isOffline, report)
        let steps = try self.steps(located, cache, locking)
        var planner = StepPlanner(steps, cache, options, workFolder: workFolder)
        let due = try planner.due()
        return try steps.flatMap { step in
            try step.nodes.map { node in
                Node(
                    name: "\(node.name)",
                    step: step.id,
                    kind: step.kind,
                    build: node.name.build,
                    key: node.key.digest,
                    inputs: node.inputs.map { "\($0)" },
                    isDue: due.contains(node.name),
                    publishes: step.publishes,
                    forecast: try planner.forecast(of: node, in: step)
                )
            }
        }
    }

    // MARK: Making

    /// Makes nodes from cached products, and puts their own into the cache. Nodes that are cached already are not made
    /// again.
    /// - Parameters:
    ///   - keys: the keys of the nodes.
    ///   - names: the caller's names of the nodes, for messages; as many as keys, or none.
    /// - Throws: `PipelineError.otherKey` if a node has a different key here; `PipelineError.notCached`; `LockError` if
    ///   the lock is required and differs; `CacheError` if a cache server remains unavailable.
    public func make(keys: [SHA256Digest], called names: [String] = []) throws -> Outcome {
        let started = Date()
        let options = patientOptions
        let cache = try cache(nil, options, mustKeep: true)
        let lease = cache.lease()
        defer { lease?.end() }
        let locking = try PipelineLocking(definition, lock)
        let steps = try self.steps(try .cached(try locking.pinned), cache, locking)
        let nodes = steps.flatMap(\.nodes)
        let wanted = try keys.enumerated().map { index, key in
            guard let node = nodes.first(where: { $0.key.digest == key }) else {
                let name = index < names.count ? names[index] : "?"
                throw PipelineError.otherKey(
                    step: name,
                    wanted: "\(key)",
                    found: nodes.first { "\($0.name)" == name }.map { "\($0.key.digest)" },
                    version: Edgepipe.version
                )
            }
            return node.name
        }
        if let step = steps.first(where: { step in step.publishes && step.nodes.contains { wanted.contains($0.name) } })
        {
            throw StepsError.badRequest(
                "step '\(step.id)' publishes, which needs the registry. Ask for it with \(setting: "publish")."
            )
        }
        let (outcomes, runner) = try run(Set(wanted), of: steps, cache, options)
        let made = try steps.flatMap { step in
            try step.nodes.filter { wanted.contains($0.name) }.map { node in
                let problems = try runner.product(of: node.name).map(step.problems) ?? []
                return Outcome.Node(node, outcomes, problems: problems, missing: [], otherwise: .failed)
            }
        }
        return Outcome(nodes: made, seconds: Date().timeIntervalSince(started))
    }

    // MARK: Publishing

    /// Publishes each build that is complete in the cache and meets all gates, and reports the reason for each of the
    /// others.
    /// - Throws: the errors of opening the registry and of publishing, and those of `make`.
    public func publish() throws -> Outcome {
        let started = Date()
        let registry = try ModelRegistry(path: options.registry, mode: .create)
        defer { try? registry.close() }
        var outcome = try registry.recording(definition, wentWell: \.problems.isEmpty) {
            try publish(into: registry)
        }
        outcome.seconds = Date().timeIntervalSince(started)
        return outcome
    }

    private func publish(into registry: ModelRegistry) throws -> Outcome {
        let options = patientOptions
        let cache = try cache(registry, options)
        let lease = cache.lease()
        defer { lease?.end() }
        let locking = try PipelineLocking(definition, lock)
        let steps = try self.steps(try .cached(try locking.pinned), cache, locking)
        var planner = StepPlanner(steps, cache, options, workFolder: workFolder)
        let obstacles = try planner.obstacles()
        let targets = steps.filter(\.publishes).flatMap(\.nodes)
        let whole = Set(targets.map(\.name).filter { obstacles[$0]?.isEmpty ?? true })
        let outcomes = whole.isEmpty ? [] : try run(whole, of: steps, cache, options).outcomes
        let nodes = targets.map {
            let obstacles = obstacles[$0.name]
            return Outcome.Node(
                $0,
                outcomes,
                problems: obstacles?.problems ?? [],
                missing: obstacles?.missing.map { "\($0)" } ?? [],
                otherwise: .skipped
            )
        }
        return Outcome(nodes: nodes, seconds: 0)
    }

    // MARK: Common

    /// The options of a task, which can do nothing without a cache server.
    private var patientOptions: RunOptions {
        var options = options
        (options.cache.mustAnswer, options.cache.tries) = (true, options.cache.tries ?? Self.patience)
        return options
    }

    private func remark(_ kind: String, _ words: String) {
        try? report(RunEvent(event: .remark, step: "", kind: kind, detail: words))
    }

    private func cache(_ registry: ModelRegistry?, _ options: RunOptions, mustKeep: Bool = false) throws -> StepCache {
        try StepCache(registry: registry, options, isWritable: true, mustKeep: mustKeep) { remark("cache", $0) }
    }

    private func steps(_ located: LocatedSource, _ cache: StepCache, _ locking: PipelineLocking) throws -> [any Step] {
        let source = try SourceCheckpoint(located, of: definition, cache)
        let notes = source.notes(of: definition)
        let steps = try Workbench.steps(of: definition, source, cache, notes)
        return try locking.checked(steps, source, notes) { remark("lock", $0) }
    }

    private func run(
        _ nodes: Set<StepNode.Name>,
        of steps: [any Step],
        _ cache: StepCache,
        _ options: RunOptions
    ) throws -> (outcomes: [StepRunner.Outcome], runner: StepRunner) {
        let runner = StepRunner(
            steps,
            cache,
            options,
            selected: [],
            nodes: nodes,
            workFolder: workFolder,
            report: report
        )
        let outcomes = try runner.run()
        return (outcomes, runner)
    }
}

extension PipelineTasks.Outcome.Node {
    /// - Parameter status: the status of a node with problems.
    fileprivate init(
        _ node: StepNode,
        _ outcomes: [StepRunner.Outcome],
        problems: [String],
        missing: [String],
        otherwise status: StepStatus
    ) {
        self.node = "\(node.name)"
        let isFine = problems.isEmpty && missing.isEmpty
        self.status = isFine ? outcomes.first { $0.step == node.name.step }?.status ?? .skipped : status
        self.problems = problems.isEmpty ? nil : problems
        self.missing = missing.isEmpty ? nil : missing
    }
}
