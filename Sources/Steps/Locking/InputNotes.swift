import BinaryIO
import Foundation
import Synchronization
import SystemPackage

/// Collects the files that steps read besides the model, as they become known while the steps are created.
final class InputNotes: Sendable {
    private struct State {
        /// The names of user-written paths in a lock.
        var names: [FilePath: String] = [:]
        var inputs: [String: SHA256Digest] = [:]
        var sourceFiles: [String: SHA256Digest] = [:]
    }

    private let state = Mutex(State())
    /// The folder of the pipeline file.
    private let folder: FilePath
    /// The model's folder; nil if the model is a file.
    private let source: FilePath?
    /// The files that the pipeline file imports, which are read for their digests.
    let imported: [FilePath]

    init(folder: FilePath, source: FilePath?, imported: [FilePath]) {
        (self.folder, self.source, self.imported) = (folder, source, imported)
    }

    /// The digests by path relative to the folder of the pipeline file.
    var inputs: [String: SHA256Digest] { state.withLock { $0.inputs } }
    /// The digests of model files that only some steps read, by path in the model's folder.
    var sourceFiles: [String: SHA256Digest] { state.withLock { $0.sourceFiles } }

    /// Records the name of a path that a setting contains. An absolute path is kept; any other is relative to the
    /// folder of the pipeline file.
    func name(_ path: FilePath, written text: String) {
        let name = FilePath(text).isAbsolute ? text : path.relative(to: folder)
        state.withLock { $0.names[path] = name }
    }

    func note(_ path: FilePath, _ digest: SHA256Digest) {
        state.withLock { state in
            if let name = state.names[path] {
                state.inputs[name] = digest
            } else if let source, path.starts(with: source) {
                state.sourceFiles[path.relative(to: source)] = digest
            } else {
                state.inputs[path.relative(to: folder)] = digest
            }
        }
    }
}

extension FilePath {
    /// Returns the path relative to a folder, computed from the names only.
    func relative(to folder: FilePath) -> String {
        func parts(_ path: FilePath) -> [String] {
            let current = FilePath(FileManager.default.currentDirectoryPath)
            return current.pushing(path).lexicallyNormalized().components.map(\.string)
        }
        let (own, other) = (parts(self), parts(folder))
        let common = zip(own, other).prefix { $0 == $1 }.count
        let steps = Array(repeating: "..", count: other.count - common) + own[common...]
        return steps.isEmpty ? "." : steps.joined(separator: "/")
    }
}
