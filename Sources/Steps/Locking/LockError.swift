import BinaryIO
import SystemPackage

/// The reason why a run differs from its lock, followed by what to do.
public enum LockError: Error, CustomStringConvertible, Sendable {
    /// There is no lock file, or it has no entry for the pipeline.
    case notLocked(pipeline: FilePath, entry: String, lock: FilePath, isThere: Bool)
    /// The inputs or steps differ from the lock.
    case differs(pipeline: FilePath, lock: FilePath, [LockDifference])
    /// A file that was made differs from the one in the lock.
    case otherBytes(
        step: String,
        file: String,
        locked: SHA256Digest,
        made: SHA256Digest?,
        lockedBy: String,
        version: String
    )

    private static let mostNamed = 20

    /// The reason, followed by what to do.
    public var description: String {
        switch self {
        case .notLocked(let pipeline, let entry, let lock, let isThere):
            (isThere ? "\(lock) knows no pipeline '\(entry)'" : "there is no \(lock)")
                + ", and \(setting: "locked") needs one. Write it with \(command: "lock \(pipeline)"), and commit it."
        case .differs(let pipeline, let lock, let differences):
            (["\(pipeline) is not what \(lock) says:"] + differences.prefix(Self.mostNamed).map { "  \($0)" }
                + (differences.count > Self.mostNamed ? ["  and \(differences.count - Self.mostNamed) more"] : [])
                + [
                    "Restore what was locked, or accept what is there with \(command: "lock \(pipeline)") and look at the change."
                ]).joined(separator: "\n")
        case .otherBytes(let step, let file, let locked, let made, let lockedBy, let version):
            "step '\(step)' made "
                + (made.map { "'\(file)' with the digest \($0.short), where the lock has \(locked.short)" }
                    ?? "no file '\(file)', which the lock has")
                + ". "
                + (lockedBy == version
                    ? "Another processor may add numbers in another order where a model is run; otherwise report it as a bug."
                    : "The lock was written by edgepipe \(lockedBy), and this is \(version): use that version.")
                + " To accept what this one makes, use \(command: "run") once, which brings the lock up to date."
        }
    }

    /// Whether the cause is a given file, and not a product.
    public var isBadInput: Bool {
        switch self {
        case .notLocked, .differs: true
        case .otherBytes: false
        }
    }
}

/// A difference between a pipeline and its lock.
public enum LockDifference: Sendable, Equatable, CustomStringConvertible {
    /// A model or an adapter that is not in the lock.
    case newSource(String)
    case revision(of: String, locked: String?, found: String?)
    /// A file of a model or an adapter; nil if it does not exist.
    case sourceFile(String, of: String, locked: SHA256Digest?, found: SHA256Digest?)
    /// A file beside the pipeline; nil if it is not in the lock.
    case input(String, locked: SHA256Digest?, found: SHA256Digest)
    case newStep(String)
    case settings(ofStep: String)

    /// The difference as a line of a list.
    public var description: String {
        func words(_ locked: SHA256Digest?, _ found: SHA256Digest?) -> String {
            guard let locked else { return "not in the lock" }
            guard let found else { return "in the lock (\(locked.short)), and not there" }
            return "\(locked.short) in the lock, \(found.short) now"
        }
        return switch self {
        case .newSource(let name): "source \(name.visible): not in the lock"
        case .revision(let name, let locked, let found):
            "source \(name.visible): revision \(locked ?? "none") in the lock, \(found ?? "none") now"
        case .sourceFile(let file, let name, let locked, let found):
            "file \(file.visible) of \(name.visible): \(words(locked, found))"
        case .input(let path, let locked, let found): "file \(path.visible): \(words(locked, found))"
        case .newStep(let name): "step \(name): not in the lock"
        case .settings(let name): "step \(name): other settings than in the lock"
        }
    }
}

extension PipelineLock {
    /// Returns the differences between this entry, as it is now, and the one of a lock. Inputs and steps that are only
    /// in the lock are not differences: they may belong to builds that were not requested.
    package func differences(from lock: PipelineLock) -> [LockDifference] {
        var found: [LockDifference] = []
        for (name, source) in sources.sorted(by: { $0.key < $1.key }) {
            guard let locked = lock.sources[name] else {
                found.append(.newSource(name))
                continue
            }
            if locked.revision != source.revision {
                found.append(.revision(of: name, locked: locked.revision, found: source.revision))
            }
            let files = Set(locked.files.keys).union(source.files.keys).sorted()
            for file in files where locked.files[file] != source.files[file] {
                found.append(.sourceFile(file, of: name, locked: locked.files[file], found: source.files[file]))
            }
        }
        for (path, digest) in inputs.sorted(by: { $0.key < $1.key }) where lock.inputs[path] != digest {
            found.append(.input(path, locked: lock.inputs[path], found: digest))
        }
        for (name, node) in nodes.sorted(by: { $0.key < $1.key }) {
            guard let locked = lock.nodes[name] else {
                found.append(.newStep(name))
                continue
            }
            if locked.settings != node.settings { found.append(.settings(ofStep: name)) }
        }
        return found
    }
}
