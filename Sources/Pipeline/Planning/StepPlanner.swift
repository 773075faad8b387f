import BinaryIO

/// Works out what a run of a graph would do. Reads the cache; writes nothing.
package struct StepPlanner {
    private let steps: [any Step]
    private let cache: StepCache
    private let options: RunOptions
    private var lookup: NodeLookup
    /// The steps that will run, for at least one build.
    private var running: Set<String> = []

    /// - Parameter steps: in an order in which each stands behind those that it needs.
    package init(_ steps: [any Step], _ cache: StepCache, _ options: RunOptions) {
        (self.steps, self.cache, self.options) = (steps, cache, options)
        lookup = NodeLookup(cache)
    }

    /// - Parameter reason: why every step runs, where that is known beforehand.
    package mutating func plan(allBecause reason: String? = nil) throws -> [PipelinePlan.Step] {
        try steps.map { step in
            var due: [StepNode] = []
            for node in step.nodes {
                let known = reason == nil && !options.force ? try lookup.product(of: node, in: step) : nil
                if let known { lookup.note(known.product, of: node) } else { due.append(node) }
            }
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

    private func reason(_ step: any Step, _ due: [StepNode]) -> String {
        if due.isEmpty { return "nothing it depends on has changed" }
        if options.force { return "asked for with \(setting: "force")" }
        let inputs = Set(due.flatMap(\.inputs).map(\.step))
        if let first = step.needs.first(where: { inputs.contains($0) && running.contains($0) }) {
            return "step '\(first)' runs first"
        }
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
