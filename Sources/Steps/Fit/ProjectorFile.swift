import Architectures
import DeviceFit
import GGUF
import SystemPackage
import Tensors

/// The file that a model sees with, as far as an estimate needs it.
struct ProjectorFile {
    /// Of its tensors.
    let bytes: Int
    /// What an image takes of the context, in words; nil where that is not known.
    let cost: String?

    /// - Parameters:
    ///   - profile: of the language model that it is loaded beside.
    ///   - model: the file of the language model.
    /// - Throws: `GGUFError` and `ShapeError` for a file that is no projector, `StepsError` for one of another model.
    init(_ path: FilePath, beside profile: ModelProfile, of model: FilePath) throws {
        let file = try GGUFFile(path: path)
        let shape = try ProjectorShape(of: file)
        guard shape.width == profile.embeddingLength else {
            throw StepsError.badRequest(
                "\(path) makes embeddings of \(shape.width) elements, and \(model) has \(profile.embeddingLength): they are "
                    + "parts of different models. Give the projector that was made of the same checkpoint."
            )
        }
        bytes = file.tensors.byteCount
        cost = shape.imageTokens?.description
    }
}
