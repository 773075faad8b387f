import BinaryIO
import Pipeline
import SystemPackage

/// What locking a pipeline wrote.
public struct LockReport: Codable, Sendable {
    /// The pipeline's name.
    public var pipeline: String
    /// The lock file's path.
    public var lock: String
    /// Whether the file is another one now.
    public var isChanged: Bool
    /// Files of models and adapters that are locked.
    public var sourceFiles: Int
    /// Other files that are locked: texts, importance matrices, imported files.
    public var inputs: Int
    /// Nodes of steps that are locked.
    public var steps: Int
    /// Those of them that make files whose digests are known. The others become known when they run.
    public var known: Int
    /// What is another than the lock said before, a line each; empty for a first lock.
    public var differences: [String]
}

/// Locks a pipeline to what its sources and files are now. A model of the Hub is downloaded at the newest revision of its branch; no step runs.
public struct LockRun: Sendable {
    private let definition: PipelineDefinition
    private let options: RunOptions
    private let report: RunReporting

    /// - Parameter options: its cache tells what was made before; the registry is not opened.
    public init(_ definition: PipelineDefinition, _ options: RunOptions, report: @escaping RunReporting = { _ in }) {
        (self.definition, self.options, self.report) = (definition, options, report)
    }

    /// - Throws: what finding and reading the model throws; `FileError` where the lock cannot be written.
    public func run() throws -> LockReport {
        let locking = try PipelineLocking(definition, LockUse(.write))
        let cache = try StepCache(registry: nil, options, isWritable: true)
        let located = try LocatedSource.downloaded(definition, isOffline: options.isOffline, report)
        let source = try SourceCheckpoint(located, of: definition, cache)
        let notes = source.notes(of: definition)
        let steps = try Workbench.steps(of: definition, source, cache, notes)
        let isChanged = try locking.save(steps, source, notes, product: cache.known) ?? false
        let now = try PipelineLocking(definition, LockUse(.require)).entry ?? PipelineLock()
        return LockReport(
            pipeline: definition.name,
            lock: LockFile.path(of: definition).string,
            isChanged: isChanged,
            sourceFiles: now.sources.values.reduce(0) { $0 + $1.files.count },
            inputs: now.inputs.count,
            steps: now.nodes.count,
            known: now.knownCount,
            differences: locking.entry.map { now.differences(from: $0).map { "\($0)" } } ?? []
        )
    }
}
