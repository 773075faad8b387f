import BinaryIO
import Foundation
import Pipeline
import Registry
import Synchronization
import SystemPackage
import TestSupport

/// A step that writes a word for each of several builds: the engine needs to know no more of it.
struct FakeStep: Step {
    let id: String
    var kind = "fake"
    /// nil for a step with one product.
    var builds: [String?] = [nil]
    /// What it takes: for a build the same build of that step, or its one product.
    var takes: [FakeStep] = []
    /// Decides the outcome.
    var setting = ""
    /// What it writes; the same words under another setting are the same product.
    var word = "word"
    var bytes = 100
    var makesFile = true
    var publishes = false
    var ran = Ran()
    /// Whether it works until somebody stops it.
    var isLong = false
    /// What happens while it runs.
    var meanwhile: @Sendable () throws -> Void = {}

    /// What was asked of a step, batch by batch.
    final class Ran: Sendable {
        private let list = Mutex<[[String]]>([])
        var batches: [[String]] { list.withLock { $0 } }
        func note(_ names: [String]) { list.withLock { $0.append(names) } }
    }

    var needs: [String] { takes.map(\.id) }

    var nodes: [StepNode] {
        builds.map { build in
            var inputs: [String: StepKey.Input] = [:]
            for step in takes {
                let node = step.nodes.first { $0.name.build == build } ?? step.nodes[0]
                inputs[step.id] = node.asInput
            }
            let settings = ["setting": setting, "build": build ?? ""]
            return StepNode(
                StepNode.Name(step: id, build: build),
                StepKey(kind: kind, version: 1, settings: settings, inputs: inputs)
            )
        }
    }

    func forecast(_ nodes: [StepNode], threads: Int) -> Forecast {
        Forecast(
            outputs: nodes.map { Forecast.Output(name: "\($0.name)", bytes: bytes) },
            peakMemoryBytes: 1000,
            work: Forecast.Work(Double(nodes.count), speed: 1...2)
        )
    }

    func run(_ nodes: [StepNode], _ context: StepContext) throws -> [StepProduct] {
        ran.note(nodes.map { "\($0.name)" })
        try meanwhile()
        // As long as another step needs to fail.
        let deadline = Date() + (isLong ? 20 : 0)
        while Date() < deadline {
            try context.progress(id, 1, 2)
            Thread.sleep(forTimeInterval: 0.01)
        }
        return try nodes.map { node in
            for input in node.inputs { _ = context.product(of: input) }
            guard makesFile else { return try StepProduct(facts: word, outputs: []) }
            let path = try context.folder(for: node).appending("word.txt")
            try writeFile("\(word) \(node.name.build ?? "")".utf8, to: path)
            return try StepProduct(files: [path], facts: word)
        }
    }

    func problems(with product: StepProduct) throws -> [String] {
        try product.facts(String.self) == "bad" ? ["\(id) is bad"] : []
    }
}

/// A registry of its own, and graphs that run in it.
struct FakeRun {
    let scratch: ScratchFolder
    /// Hears what happens.
    var report: RunReporting = { _ in }

    init() throws { scratch = try ScratchFolder() }

    private var options: RunOptions { RunOptions(registry: scratch.appending("registry.db"), threads: 1) }

    /// The cache's folder, unless a run is told another one.
    var folder: CacheFolder { CacheFolder(options.workFolder) }

    /// `cached done skipped`, in the order of the steps.
    /// - Parameter remarks: hears what the cache says.
    @discardableResult
    func run(
        _ steps: [FakeStep],
        only: String? = nil,
        remarks: Mutexed<[String]> = Mutexed([]),
        _ change: (inout RunOptions) -> Void = { _ in }
    ) throws -> String {
        var options = options
        change(&options)
        let registry = try ModelRegistry(path: options.registry, mode: .create)
        defer { try? registry.close() }
        let runner = StepRunner(
            steps,
            try StepCache(registry: registry, options, isWritable: true) { words in
                remarks.change { $0.append(words) }
            },
            options,
            selected: only.map { [$0] } ?? Set(steps.map(\.id)),
            workFolder: scratch.appending("work"),
            report: report
        )
        return try runner.run().map(\.status.rawValue).joined(separator: " ")
    }

    func plan(
        _ steps: [FakeStep],
        _ change: (inout RunOptions) -> Void = { _ in }
    ) throws -> [PipelinePlan.Step] {
        var options = options
        change(&options)
        let registry = try ModelRegistry(path: options.registry, mode: .create)
        defer { try? registry.close() }
        var planner = StepPlanner(
            steps,
            try StepCache(registry: registry, options, isWritable: false),
            options,
            workFolder: scratch.appending("work")
        )
        return try planner.plan()
    }

    /// The name under which a step left its file.
    func name(of step: FakeStep, _ index: Int = 0) -> FilePath {
        let node = step.nodes[index]
        let build = node.name.build.map { "-\($0)" } ?? ""
        return scratch.appending("work/\(step.id)\(build)-\(node.key.digest.short)/word.txt")
    }

    /// The file itself, in the cache.
    func file(of step: FakeStep, _ index: Int = 0) -> FilePath {
        let text = "\(step.word) \(step.nodes[index].name.build ?? "")"
        return folder.root.appending("cas/\(SHA256Digest(of: text.utf8))")
    }

    /// The record of a node.
    func record(of step: FakeStep, _ index: Int = 0) -> FilePath {
        folder.root.appending("ac/\(step.nodes[index].key.digest)")
    }
}
