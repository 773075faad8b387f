import Architectures
import GGUF
import SystemPackage
import Tensors

/// What an estimate needs to know of the file that a model sees with.
public struct ProjectorProfile: Hashable, Sendable {
    /// Of its tensors.
    public let bytes: Int
    /// What an image takes of the context, in words; nil where that is not known.
    public let imageCost: String?

    /// - Parameters:
    ///   - file: the projector.
    ///   - profile: the language model that it is loaded beside.
    ///   - model: the language model's file, for errors.
    /// - Throws: `GGUFError` and `ShapeError` for a file that is no projector; `DeviceFitError.invalidRequest` for one of
    ///   another model.
    public init(_ file: GGUFFile, beside profile: ModelProfile, of model: FilePath) throws {
        let shape = try ProjectorShape(of: file)
        guard shape.width == profile.embeddingLength else {
            throw DeviceFitError.invalidRequest(
                "\(file.path) makes embeddings of \(shape.width) elements, and those of \(model) have "
                    + "\(profile.embeddingLength): they are parts of different models. Give the projector of this model's "
                    + "checkpoint."
            )
        }
        bytes = file.tensors.byteCount
        imageCost = shape.imageTokens?.description
    }
}
