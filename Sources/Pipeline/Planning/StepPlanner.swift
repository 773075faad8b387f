import BinaryIO
import SystemPackage

/// Works out what a run of a graph would do. Reads the cache; writes nothing.
package struct StepPlanner {
    private let steps: [any Step]
    private let cache: StepCache
    private let options: RunOptions
    private var lookup: NodeLookup
    /// The steps that will run, for at least one build.
    private var running: Set<String> = []

    /// - Parameters:
    ///   - steps: in an order in which each stands behind those that it needs.
    ///   - workFolder: the pipeline's folder.
    package init(_ steps: [any Step], _ cache: StepCache, _ options: RunOptions, workFolder: FilePath) {
        (self.steps, self.cache, self.options) = (steps, cache, options)
        lookup = NodeLookup(
            steps,
            cache,
            wanted: Set(steps.flatMap(\.nodes).map(\.name)),
            isForced: options.force,
            workFolder: workFolder
        )
    }

    /// - Parameter reason: why every step runs, where that is known beforehand.
    package mutating func plan(allBecause reason: String? = nil) throws -> [PipelinePlan.Step] {
        let allDue = reason == nil ? try lookup.due() : lookup.needed
        return try steps.map { step in
            let due = step.nodes.filter { allDue.contains($0.name) }
            var planned = PipelinePlan.Step(
                step: step.id,
                kind: step.kind,
                action: due.isEmpty ? .cached : .run,
                reason: reason ?? self.reason(step, due)
            )
            if !due.isEmpty { running.insert(step.id) }
            if !due.isEmpty, due.count < step.nodes.count { planned.builds = due.compactMap(\.name.build) }
            planned.forecast = try forecast(step, due.isEmpty ? step.nodes : due)
            return planned
        }
    }

    /// The nodes that a run would make.
    package mutating func due() throws -> Set<StepNode.Name> { try lookup.due() }

    /// What one node will write and take by itself.
    package func forecast(of node: StepNode, in step: any Step) throws -> Forecast { try forecast(step, [node]) }

    /// What keeps a node from being made of what the cache holds.
    package struct Obstacles: Sendable {
        /// Nodes before it that are not there.
        package fileprivate(set) var missing: [StepNode.Name] = []
        /// Why products before it may not be used, in words.
        package fileprivate(set) var problems: [String] = []

        package var isEmpty: Bool { missing.isEmpty && problems.isEmpty }
    }

    /// The obstacles of each node that publishes, which may lie far behind it.
    package mutating func obstacles() throws -> [StepNode.Name: Obstacles] {
        let due = try lookup.due()
        var problems: [StepNode.Name: [String]] = [:]
        for step in steps {
            for node in step.nodes where !due.contains(node.name) {
                problems[node.name] = try lookup.products[node.name].map(step.problems)
            }
        }
        let nodes = steps.flatMap(\.nodes)
        return Dictionary(
            uniqueKeysWithValues: steps.filter(\.publishes).flatMap(\.nodes).map { node in
                let before = lookup.ancestors(of: node)
                var obstacles = Obstacles()
                for other in nodes where before.contains(other.name) {
                    if due.contains(other.name) { obstacles.missing.append(other.name) }
                    obstacles.problems += problems[other.name] ?? []
                }
                return (node.name, obstacles)
            }
        )
    }

    private func reason(_ step: any Step, _ due: [StepNode]) -> String {
        if due.isEmpty { return "nothing it depends on has changed" }
        if options.force { return "asked for with \(setting: "force")" }
        let inputs = Set(due.flatMap(\.inputs).map(\.step))
        if let first = step.needs.first(where: { inputs.contains($0) && running.contains($0) }) {
            return "step '\(first)' runs first"
        }
        if due.allSatisfy({ lookup.products[$0.name] != nil }) { return "its file is no longer in the cache" }
        return "no result for these inputs yet"
    }

    private func forecast(_ step: any Step, _ nodes: [StepNode]) throws -> Forecast {
        try step.forecast(nodes, timedBy: cache, threads: options.threads)
    }
}

extension Step {
    /// The forecast with its time, by the speeds that the cache remembers.
    func forecast(_ nodes: [StepNode], timedBy cache: StepCache, threads: Int) throws -> Forecast {
        var forecast = try forecast(nodes, threads: threads)
        let version = nodes.first?.key.version ?? 0
        forecast.setTime(by: SpeedHistory(speeds: try cache.speeds(of: kind, version: version)))
        return forecast
    }
}
