import BinaryIO
import Pipeline
import SystemPackage

/// The result of locking a pipeline.
public struct LockReport: Codable, Sendable {
    /// The pipeline's name.
    public var pipeline: String
    /// The lock file's path.
    public var lock: String
    /// Whether the file changed.
    public var isChanged: Bool
    /// The number of locked files of models and adapters.
    public var sourceFiles: Int
    /// The number of other locked files: texts, importance matrices, imported files.
    public var inputs: Int
    /// The number of locked step nodes.
    public var steps: Int
    /// The number of these nodes that make files with known digests. The other digests become known when the nodes run.
    public var known: Int
    /// The differences from the previous lock, one line each; empty for a first lock.
    public var differences: [String]
}

/// Locks a pipeline to its current sources and files. A Hub model is downloaded at the newest revision of its branch;
/// no step runs.
public struct LockRun: Sendable {
    private let definition: PipelineDefinition
    private let options: RunOptions
    private let report: RunReporting

    /// - Parameter options: the cache provides earlier products; the registry is not opened.
    public init(_ definition: PipelineDefinition, _ options: RunOptions, report: @escaping RunReporting = { _ in }) {
        (self.definition, self.options, self.report) = (definition, options, report)
    }

    /// - Throws: the errors of locating and reading the model; `FileError` if the lock cannot be written.
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
