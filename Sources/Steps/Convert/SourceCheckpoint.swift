import BinaryIO
import Conversion
import GGUF
import ModelHub
import Pipeline
import Settings
import SystemPackage
import Work

/// A model as it comes in: a folder of the Hugging Face kind or a GGUF file, adapters, and a digest over all files that
/// are read.
struct SourceCheckpoint: Sendable {
    /// Where the model comes from, as the pipeline says it; a model of the Hub with its commit.
    let uri: String
    /// The folder or the file.
    let path: FilePath
    /// owner/name of a model of the Hub.
    let repository: String?
    let adapters: [AdapterReference]
    let digest: SHA256Digest
    /// What the pipeline file calls the model.
    let text: String
    /// The model and its adapters with their files, as a lock has them; without files where the model is not here.
    let locked: [String: PipelineLock.Source]
    /// Whether the model's files are here.
    let isKnown: Bool

    /// Takes the digest of the model's files.
    /// - Throws: `FileError`, and what reading the folder's list of files throws.
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
        // In their order: of several adapters that replace a tensor, the last one counts.
        let changes = zip(located.adapters, adapters).enumerated().flatMap { index, each in
            lines(each.1, "adapter \(index) by \(each.0.scale): ")
        }
        let digest = SHA256Digest(of: (lines(inputs).sorted() + changes).joined().utf8)
        self.init(located, definition, digest, files: inputs, adapters)
    }

    /// A model that is not here: its digest stands for no bytes, so that nothing is taken for what was made of it.
    init(_ outline: OutlinedSource, of definition: PipelineDefinition) {
        let uri = outline.source.model.origin?.description ?? definition.source
        self.init(outline.source, definition, SHA256Digest(of: "not downloaded\n\(uri)".utf8), files: nil, [])
    }

    /// - Parameters:
    ///   - files: of the model; nil where it is not here.
    ///   - adapterFiles: of each adapter.
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

    /// What the model is called in its file's metadata.
    var modelName: String { repository ?? path.lastComponent?.string ?? "" }

    /// For the files that steps read beside those above.
    func notes(of definition: PipelineDefinition) -> InputNotes {
        InputNotes(
            folder: definition.folder,
            source: isFile ? nil : path,
            imported: definition.origin.imported.map(\.path)
        )
    }

    /// Whether the model is converted already.
    var isFile: Bool { Self.isFile(path) }

    /// The files that are read of a model at `path`, but for adapters.
    private static func inputs(_ path: FilePath) throws -> [FilePath] {
        isFile(path) ? try GGUFModel(path: path).inputs : try HuggingFaceFolder(path: path).inputs
    }

    private static func isFile(_ path: FilePath) -> Bool { FileStatus(path)?.isFolder == false }
}
