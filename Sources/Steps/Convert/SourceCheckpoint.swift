import BinaryIO
import Conversion
import GGUF
import ModelHub
import Pipeline
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

    /// Takes the digest of the model's files.
    /// - Throws: `FileError`, and what reading the folder's list of files throws.
    init(_ located: LocatedSource, of definition: PipelineDefinition, _ cache: StepCache) throws {
        func lines(_ paths: [FilePath], _ prefix: String = "") throws -> [String] {
            try paths.map { path in
                try Interruption.check()
                return "\(prefix)\(path.lastComponent?.string ?? "") \(try cache.digest(of: path))\n"
            }
        }
        let inputs = try lines(Self.inputs(located.model.folder))
        // In their order: of several adapters that replace a tensor, the last one counts.
        let changes = try located.adapters.enumerated().flatMap { index, adapter in
            try lines(adapter.inputs, "adapter \(index) by \(adapter.scale): ")
        }
        self.init(located, definition, SHA256Digest(of: (inputs.sorted() + changes).joined().utf8))
    }

    /// A model that is not here: its digest stands for no bytes, so that nothing is taken for what was made of it.
    init(_ outline: OutlinedSource, of definition: PipelineDefinition) {
        let uri = outline.source.model.origin?.description ?? definition.source
        self.init(outline.source, definition, SHA256Digest(of: "not downloaded\n\(uri)".utf8))
    }

    private init(_ located: LocatedSource, _ definition: PipelineDefinition, _ digest: SHA256Digest) {
        uri = located.model.origin?.description ?? definition.source
        path = located.model.folder
        repository = located.model.origin?.repository
        adapters = located.adapters
        self.digest = digest
    }

    /// What the model is called in its file's metadata.
    var modelName: String { repository ?? path.lastComponent?.string ?? "" }

    /// Whether the model is converted already.
    var isFile: Bool { Self.isFile(path) }

    /// The files that are read of a model at `path`, but for adapters.
    private static func inputs(_ path: FilePath) throws -> [FilePath] {
        isFile(path) ? try GGUFModel(path: path).inputs : try HuggingFaceFolder(path: path).inputs
    }

    private static func isFile(_ path: FilePath) -> Bool { FileStatus(path)?.isFolder == false }
}
