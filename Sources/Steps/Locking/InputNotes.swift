import BinaryIO
import Foundation
import Synchronization
import SystemPackage

/// The files that steps read beside the model, as they become known while the steps are made.
final class InputNotes: Sendable {
    private struct State {
        /// What paths are called in a lock, as far as somebody wrote them.
        var names: [FilePath: String] = [:]
        var inputs: [String: SHA256Digest] = [:]
        var sourceFiles: [String: SHA256Digest] = [:]
    }

    private let state = Mutex(State())
    /// Of the pipeline file.
    private let folder: FilePath
    /// The model's folder; nil where it is a file.
    private let source: FilePath?
    /// Files that the pipeline file imports, which are read for their digests.
    let imported: [FilePath]

    init(folder: FilePath, source: FilePath?, imported: [FilePath]) {
        (self.folder, self.source, self.imported) = (folder, source, imported)
    }

    /// By their paths from the folder of the pipeline file.
    var inputs: [String: SHA256Digest] { state.withLock { $0.inputs } }
    /// Files of the model that only some steps read, by their paths in its folder.
    var sourceFiles: [String: SHA256Digest] { state.withLock { $0.sourceFiles } }

    /// A path that a setting wrote: an absolute one is the same wherever the pipeline file is, another one is told from its folder.
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
    /// The way from a folder to this path, by their names alone.
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
