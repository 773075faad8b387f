import BinaryIO
import ModelHub
import Pipeline
import Registry
import SystemPackage

/// How a run uses the lock file beside its pipeline file.
public struct LockUse: Sendable, Equatable {
    /// How strictly the lock is followed.
    public enum Mode: Sendable {
        /// The lock is not read.
        case ignore
        /// If there is a lock, Hub models are read at its revisions, and it is updated.
        case follow
        /// Follows the lock, and creates it if there is none.
        case write
        /// Nothing may differ from the lock, and it is not written.
        case require
    }

    /// How strictly the lock is followed.
    public var mode: Mode
    /// Whether the run covers only some builds of the pipeline, and leaves the entries of others.
    public var isPart: Bool

    /// Creates a use that covers the whole pipeline by default.
    public init(_ mode: Mode, isPart: Bool = false) { (self.mode, self.isPart) = (mode, isPart) }
}

/// The lock of one pipeline during one run.
struct PipelineLocking {
    private let definition: PipelineDefinition
    private let use: LockUse
    private let path: FilePath
    private let key: String
    /// The lock's entry; nil if there is none, or if the lock is not read.
    let entry: PipelineLock?

    /// Reads the lock file.
    /// - Throws: `SettingsError` for a damaged file; `LockError.notLocked` if a lock is required and missing.
    init(_ definition: PipelineDefinition, _ use: LockUse) throws {
        (self.definition, self.use) = (definition, use)
        (path, key) = (LockFile.path(of: definition), LockFile.key(of: definition))
        guard use.mode != .ignore else {
            entry = nil
            return
        }
        let file = try LockFile(ifThereAt: path)
        entry = file?.entries[key]
        guard use.mode != .require || entry != nil else {
            throw LockError.notLocked(pipeline: definition.path, entry: key, lock: path, isThere: file != nil)
        }
    }

    /// The definition with Hub models at the revisions of the lock.
    /// - Throws: `ModelHubError` for an invalid reference.
    var pinned: PipelineDefinition {
        get throws {
            guard let entry else { return definition }
            func pinned(_ text: String) throws -> String {
                guard let revision = entry.sources[text]?.revision,
                    case .hub(let repository, _) = try ModelReference(text, relativeTo: definition.folder)
                else { return text }
                return "\(ModelReference.hub(repository: repository, revision: revision))"
            }
            return definition.replacing(
                source: try pinned(definition.source),
                adapters: try definition.adapters.map { adapter in
                    var adapter = adapter
                    adapter.path = try pinned(adapter.path)
                    return adapter
                }
            )
        }
    }

    /// Compares the planned run with the lock, if they must match.
    /// - Parameter remark: called with remarks if nothing differs.
    /// - Returns: the steps, which check that their products match the lock.
    /// - Throws: `LockError.differs`.
    func checked(
        _ steps: [any Step],
        _ source: SourceCheckpoint,
        _ notes: InputNotes,
        remark: (String) -> Void
    ) throws -> [any Step] {
        guard use.mode == .require, let entry else { return steps }
        let now = PipelineLock(of: steps, source, notes) { _ in nil }
        var differences = now.differences(from: entry)
        if !source.isKnown { differences.removeAll { if case .sourceFile = $0 { true } else { false } } }
        guard differences.isEmpty else {
            throw LockError.differs(pipeline: definition.path, lock: path, differences)
        }
        if entry.edgepipe != Edgepipe.version {
            remark("\(path) was written by edgepipe \(entry.edgepipe.visible), and this is \(Edgepipe.version)")
        }
        return steps.map { $0 is any IntermediateStep ? $0 : LockedStep($0, entry) }
    }

    /// Writes the known facts after a run, if there is a lock or one is wanted.
    /// - Returns: nil if nothing was to be written; otherwise whether the file changed.
    /// - Throws: `FileError`; `SettingsError` if the file was damaged meanwhile.
    @discardableResult
    func save(
        _ steps: [any Step],
        _ source: SourceCheckpoint,
        _ notes: InputNotes,
        product: (StepNode) throws -> StepProduct?
    ) throws -> Bool? {
        guard use.mode == .write || use.mode == .follow && entry != nil else { return nil }
        let now = try PipelineLock(of: steps, source, notes, product: product)
        guard let entry else { return try LockFile.update(path, key, with: now) }
        // A trial with overridden settings does not belong in the lock.
        let isTrial = use.mode == .follow && !definition.origin.overrides.isEmpty
        guard !isTrial || now.differences(from: entry).isEmpty else { return nil }
        return try LockFile.update(path, key, with: now.keeping(entry, isPart: use.isPart))
    }
}
