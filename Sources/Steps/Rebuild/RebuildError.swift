import BinaryIO
import SystemPackage

/// The reason why builds cannot be rebuilt, followed by what to do.
public enum RebuildError: Error, CustomStringConvertible, Sendable {
    /// The build was imported as a file; no pipeline made it.
    case noPipeline(build: String, source: String)
    /// The registry does not contain the text of the pipeline.
    case pipelineNotKept(build: String, digest: SHA256Digest, toolVersion: String)
    /// The pipeline file has no model of this name.
    case otherPipeline(FilePath, wanted: String, known: [String])
    /// The model or another input is not at its original location.
    case away(version: String, source: String, underlying: any Error)
    /// The model exists, but its files differ.
    case otherSource(build: String, source: String, recorded: SHA256Digest, found: SHA256Digest)
    /// A text, a matrix or a recipe that a step reads has changed.
    case otherFile(build: String, step: String, file: String, recorded: [SHA256Digest], found: SHA256Digest)

    /// The reason, followed by what to do.
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
