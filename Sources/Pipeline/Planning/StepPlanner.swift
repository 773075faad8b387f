import BinaryIO
import SystemPackage

/// Determines what a run of a graph would do. It reads the cache and writes nothing.
package struct StepPlanner {
    private let steps: [any Step]
    private let cache: StepCache
    private let options: RunOptions
    private var lookup: NodeLookup
    /// The steps that will run, for at least one build.
    private var running: Set<String> = []

    /// - Parameters:
    ///   - steps: in an order in which each comes after those that it needs.
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

    /// - Parameter reason: why every step runs, if that is known beforehand.
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

    /// Returns the nodes that a run would make.
    package mutating func due() throws -> Set<StepNode.Name> { try lookup.due() }

    /// Estimates what one node will write and use by itself.
    package func forecast(of node: StepNode, in step: any Step) throws -> Forecast { try forecast(step, [node]) }

    /// The reasons why a node cannot be made from the cache.
    package struct Obstacles: Sendable {
        /// The nodes before it that are missing.
        package fileprivate(set) var missing: [StepNode.Name] = []
        /// Why products before it must not be used, in words.
        package fileprivate(set) var problems: [String] = []

        package var isEmpty: Bool { missing.isEmpty && problems.isEmpty }
    }

    /// Returns the obstacles of each node that publishes; they may be far before it.
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
    /// Returns the forecast with its time, by the speeds that the cache remembers.
    func forecast(_ nodes: [StepNode], timedBy cache: StepCache, threads: Int) throws -> Forecast {
        var forecast = try forecast(nodes, threads: threads)
        let version = nodes.first?.key.version ?? 0
        forecast.setTime(by: SpeedHistory(speeds: try cache.speeds(of: kind, version: version)))
        return forecast
    }
}
