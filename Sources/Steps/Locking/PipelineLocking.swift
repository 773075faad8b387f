import BinaryIO
import ModelHub
import Pipeline
import Registry
import SystemPackage

/// What a run does with the lock file beside its pipeline file.
public struct LockUse: Sendable, Equatable {
    /// How far the lock is followed.
    public enum Mode: Sendable {
        /// It is not looked at.
        case ignore
        /// Where there is one, models of the Hub are read at its revisions, and it is kept up to date.
        case follow
        /// The same, and it is written where there is none.
        case write
        /// Nothing may differ from it, and it is not written.
        case require
    }

    /// How far the lock is followed.
    public var mode: Mode
    /// Whether the run concerns some builds of the pipeline, and says nothing of the others.
    public var isPart: Bool

    /// A use for the whole pipeline, unless it is said otherwise.
    public init(_ mode: Mode, isPart: Bool = false) { (self.mode, self.isPart) = (mode, isPart) }
}

/// The lock of one pipeline, as one run uses it.
struct PipelineLocking {
    private let definition: PipelineDefinition
    private let use: LockUse
    private let path: FilePath
    private let key: String
    /// What the lock says; nil where there is none, or where it is not looked at.
    let entry: PipelineLock?

    /// Reads the lock file.
    /// - Throws: `SettingsError` for a damaged file; `LockError.notLocked` where there has to be one.
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

    /// The definition with models of the Hub at the revisions of the lock.
    /// - Throws: `ModelHubError` for what is no reference.
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

    /// Holds what a run would do against the lock, where it has to be the same.
    /// - Parameter remark: told what somebody should know although nothing differs.
    /// - Returns: the steps, which see to it that what they make is what the lock says.
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

    /// Writes what is known after a run, where there is a lock or there shall be one.
    /// - Returns: nil where nothing was to be written; else whether the file changed.
    /// - Throws: `FileError`; `SettingsError` where the file was damaged meanwhile.
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
        // What is tried out once with other settings is not what the lock is of.
        let isTrial = use.mode == .follow && !definition.origin.overrides.isEmpty
        guard !isTrial || now.differences(from: entry).isEmpty else { return nil }
        return try LockFile.update(path, key, with: now.keeping(entry, isPart: use.isPart))
    }
}
