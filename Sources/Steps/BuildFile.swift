import BinaryIO
import Pipeline
import Registry
import SystemPackage

/// A GGUF file made by a step: the converted model, or one of its quantizations.
package struct BuildFile: Sendable {
    package let path: FilePath
    package let digest: SHA256Digest
    package let facts: Facts

    /// The build's type as written in its name, such as "q4_k_m".
    package var type: String { facts.type }

    /// The facts about the file that are stored beside its bytes.
    package struct Facts: Codable, Sendable {
        package let type: String
        /// The actual average over all weights.
        package let bitsPerWeight: Double
        /// The tensors whose shape did not allow the requested type.
        package var fallbacks: [Fallback] = []
        /// The error over all tensors whose type changed, if it was measured; see `QuantizationReport`.
        package var relativeError: Double?
        /// The error of each of these tensors.
        package var errors: [TensorError]?
        /// The choice of its types, if they were chosen by cost.
        package var recipe: RecipeRecord?
    }

    /// - Throws: `DecodingError` if the product is not a build.
    init(_ product: StepProduct) throws {
        guard let file = product.files.first else { preconditionFailure("a step that keeps no file makes no build") }
        (path, digest, facts) = (file.path, file.digest, try product.facts())
    }
}

/// A tensor whose type differs from the requested one.
public struct Fallback: Codable, Sendable, Equatable {
    /// The tensor's name.
    public let tensor: String
    /// The type that the policy requested.
    public let wanted: String
    /// The actual type.
    public let got: String
    /// The reason, as a phrase.
    public let reason: String?
}

/// The quantization error of a tensor.
public struct TensorError: Codable, Sendable, Equatable {
    /// The tensor's name.
    public let tensor: String
    /// The root mean square error, divided by the root mean square of the weights.
    public let relativeError: Double
    /// The error weighted by the importance matrix, if there is one.
    public let weightedError: Double?
}
