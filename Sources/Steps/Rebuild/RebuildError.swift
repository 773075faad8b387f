import BinaryIO
import SystemPackage

/// Why builds cannot be made again, in words that end with what to do.
public enum RebuildError: Error, CustomStringConvertible, Sendable {
    /// A build that no pipeline made: it was imported as a file.
    case noPipeline(build: String, source: String)
    /// The registry has no text of the pipeline.
    case pipelineNotKept(build: String, digest: SHA256Digest, toolVersion: String)
    /// A pipeline file that has no model of this name.
    case otherPipeline(FilePath, wanted: String, known: [String])
    /// The model, or what else is read, is not where it was.
    case away(version: String, source: String, underlying: any Error)
    /// The model is there, and its files are others.
    case otherSource(build: String, source: String, recorded: SHA256Digest, found: SHA256Digest)
    /// A text, a matrix or a recipe that a step reads, which is another one now.
    case otherFile(build: String, step: String, file: String, recorded: [SHA256Digest], found: SHA256Digest)

    /// In words that end with what to do.
    public var description: String {
        switch self {
        case .noPipeline(let build, let source):
            "\(build) was not made by a pipeline; it comes from \(source.visible). Only builds of pipelines can be made again."
        case .pipelineNotKept(let build, let digest, let toolVersion):
            "the registry does not keep the pipeline file that made \(build) (definition \(digest.short), edgepipe "
                + "\(toolVersion.visible)): it was published by an older version, or elsewhere. Give the file with \(setting: "pipeline", "FILE")."
        case .otherPipeline(let path, let wanted, let known):
            "\(path) makes no '\(wanted)'. \(Spelling.advice(for: wanted, among: known))"
        case .away(let version, let source, let underlying):
            "\(version) was made of \(source.visible), and something of it is missing: \(underlying)"
        case .otherSource(let build, let source, let recorded, let found):
            "\(build) was made of files with the digest \(recorded.short), and \(source.visible) holds \(found.short) now. Bring back the files "
                + "of then; another revision gives other builds."
        case .otherFile(let build, let step, let file, let recorded, let found):
            "step '\(step)' read \(recorded.map(\.short).joined(separator: " and ")) when \(build) was made, and \(file.visible) is "
                + "\(found.short) now. Bring back the file of then; another one gives other builds."
        }
    }
}
