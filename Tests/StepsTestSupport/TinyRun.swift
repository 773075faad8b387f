import Foundation
import Pipeline
import Registry
import Steps
import Synchronization
import SystemPackage
import TestSupport

/// A pipeline over the tiny model, with a registry of its own.
public struct TinyRun: Sendable {
    public let scratch: ScratchFolder
    public var pipeline = TinyPipeline()
    public var threads = 2

    public init() throws { scratch = try ScratchFolder() }

    public var registry: FilePath { scratch.appending("registry.db") }

    public func runner(
        _ change: (inout RunOptions) -> Void = { _ in },
        report: @escaping PipelineRunner.Report = { _ in }
    ) throws -> PipelineRunner {
        let definition = try PipelineDefinition(text: pipeline.yaml, path: scratch.appending("p.yaml"))
        var options = RunOptions(registry: registry, threads: threads)
        change(&options)
        return PipelineRunner(definition, options, report: report)
    }

    @discardableResult
    public func run(_ change: (inout RunOptions) -> Void = { _ in }) throws -> RunReport { try runner(change).run() }

    /// Name and SHA-256 of everything published.
    public func published() throws -> [String: String] {
        let registry = try ModelRegistry(path: registry, mode: .readOnly)
        defer { try? registry.close() }
        let builds = try registry.builds()
        return Dictionary(uniqueKeysWithValues: builds.map { ("\($0.name)", "\($0.digest)") })
    }

    /// The source folder, copied to where it can be changed.
    public mutating func copySource(to folder: String = "tiny-phi3") throws {
        let copy = scratch.path.pushing(FilePath(folder))
        try FileManager.default.createDirectory(
            atPath: copy.removingLastComponent().string,
            withIntermediateDirectories: true
        )
        let original = Goldens.packageRoot.appending("models/tiny-phi3").string
        try FileManager.default.copyItem(atPath: original, toPath: copy.string)
        pipeline.source = copy.string
    }
}

extension RunReport {
    /// `done cached skipped`, in the order of the steps.
    public var statuses: String { steps.map(\.status.rawValue).joined(separator: " ") }
}

/// The events of a run, from whatever thread they come.
public final class Events: Sendable {
    private let events = Mutex<[RunEvent]>([])

    public init() {}

    public var all: [RunEvent] { events.withLock { $0 } }

    /// Keeps an event and says how many there were before.
    public func add(_ event: RunEvent) -> Int {
        events.withLock {
            $0.append(event)
            return $0.count - 1
        }
    }
}
