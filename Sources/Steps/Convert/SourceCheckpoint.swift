import BinaryIO
import Conversion
import GGUF
import ModelHub
import Pipeline
import Settings
import SystemPackage
import Work

/// A source model: a Hugging Face folder or a GGUF file, its adapters, and a digest of all files that are read.
struct SourceCheckpoint: Sendable {
    /// The location of the model as written in the pipeline; a Hub model includes its commit.
    let uri: String
    /// The folder or the file.
    let path: FilePath
    /// owner/name of a Hub model.
    let repository: String?
    let adapters: [AdapterReference]
    let digest: SHA256Digest
    /// The model's reference as written in the pipeline file.
    let text: String
    /// The model and its adapters with their files, as recorded in a lock; without files if the model is not available
    /// locally.
    let locked: [String: PipelineLock.Source]
    /// Whether the model's files are available locally.
    let isKnown: Bool

    /// Computes the digest of the model's files.
    /// - Throws: `FileError`, and the errors of reading the folder's list of files.
    init(_ located: LocatedSource, of definition: PipelineDefinition, _ cache: StepCache) throws {
        func digests(_ paths: [FilePath]) throws -> [(path: FilePath, digest: SHA256Digest)] {
            try paths.map { path in
                try Interruption.check()
                return (path, try cache.digest(of: path))
            }
        }
        func lines(_ files: [(path: FilePath, digest: SHA256Digest)], _ prefix: String = "") -> [String] {
            files.map { "\(prefix)\($0.path.lastComponent?.string ?? "") \($0.digest)\n" }
        }
        let inputs = try digests(Self.inputs(located.model.folder))
        let adapters = try located.adapters.map { try digests($0.inputs) }
        // The order matters: if several adapters replace a tensor, the last one wins.
        let changes = zip(located.adapters, adapters).enumerated().flatMap { index, each in
            lines(each.1, "adapter \(index) by \(each.0.scale): ")
        }
        let digest = SHA256Digest(of: (lines(inputs).sorted() + changes).joined().utf8)
        self.init(located, definition, digest, files: inputs, adapters)
    }

    /// Creates a source for a model that is not available locally. Its digest is that of no bytes, so no product of it
    /// matches a real one.
    init(_ outline: OutlinedSource, of definition: PipelineDefinition) {
        let uri = outline.source.model.origin?.description ?? definition.source
        self.init(outline.source, definition, SHA256Digest(of: "not downloaded\n\(uri)".utf8), files: nil, [])
    }

    /// - Parameters:
    ///   - files: the model's files; nil if it is not available locally.
    ///   - adapterFiles: the files of each adapter.
    private init(
        _ located: LocatedSource,
        _ definition: PipelineDefinition,
        _ digest: SHA256Digest,
        files: [(path: FilePath, digest: SHA256Digest)]?,
        _ adapterFiles: [[(path: FilePath, digest: SHA256Digest)]]
    ) {
        func named(_ files: [(path: FilePath, digest: SHA256Digest)], in folder: FilePath) -> [String: SHA256Digest] {
            let folder = Self.isFile(folder) ? folder.removingLastComponent() : folder
            return Dictionary(files.map { ($0.path.relative(to: folder), $0.digest) }) { first, _ in first }
        }
        var locked = [
            definition.source: PipelineLock.Source(
                revision: located.model.origin?.commit,
                files: named(files ?? [], in: located.model.folder)
            )
        ]
        for (index, adapter) in definition.adapters.enumerated() {
            var source = locked[adapter.path] ?? PipelineLock.Source(revision: located.adapterRevisions[index])
            if index < adapterFiles.count {
                source.files.merge(named(adapterFiles[index], in: located.adapters[index].folder)) { first, _ in first }
            }
            locked[adapter.path] = source
        }
        (text, self.locked, isKnown) = (definition.source, locked, files != nil)
        uri = located.model.origin?.description ?? definition.source
        path = located.model.folder
        repository = located.model.origin?.repository
        adapters = located.adapters
        self.digest = digest
    }

    /// The model's name in its file's metadata.
    var modelName: String { repository ?? path.lastComponent?.string ?? "" }

    /// Creates notes for the files that steps read besides those above.
    func notes(of definition: PipelineDefinition) -> InputNotes {
        InputNotes(
            folder: definition.folder,
            source: isFile ? nil : path,
            imported: definition.origin.imported.map(\.path)
        )
    }

    /// Whether the model is a converted file.
    var isFile: Bool { Self.isFile(path) }

    /// Returns the files that are read for a model at `path`, without adapters.
    private static func inputs(_ path: FilePath) throws -> [FilePath] {
        isFile(path) ? try GGUFModel(path: path).inputs : try HuggingFaceFolder(path: path).inputs
    }

    private static func isFile(_ path: FilePath) -> Bool { FileStatus(path)?.isFolder == false }
}
