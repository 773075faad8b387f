import BinaryIO
import Pipeline
import Registry
import SystemPackage

/// A GGUF file that a step made: the converted model, or one quantization of it.
package struct BuildFile: Sendable {
    package let path: FilePath
    package let digest: SHA256Digest
    package let facts: Facts

    /// The build's type as it stands in its name: "q4_k_m".
    package var type: String { facts.type }

    /// What is known of the file beside its bytes.
    package struct Facts: Codable, Sendable {
        package let type: String
        /// Averaged over all weights, as it came out.
        package let bitsPerWeight: Double
        /// Tensors whose shape did not allow the type that was wanted.
        package var fallbacks: [Fallback] = []
        /// Over all tensors whose type changed, where that was measured; see `QuantizationReport`.
        package var relativeError: Double?
        /// What each of them lost.
        package var errors: [TensorError]?
        /// How its types were chosen, where that was by cost.
        package var recipe: RecipeRecord?
    }

    /// - Throws: `DecodingError` for the product of something else.
    init(_ product: StepProduct) throws {
        guard let file = product.files.first else { preconditionFailure("a step that keeps no file makes no build") }
        (path, digest, facts) = (file.path, file.digest, try product.facts())
    }
}

/// A tensor that has another type than was wanted.
public struct Fallback: Codable, Sendable, Equatable {
    /// The tensor's name.
    public let tensor: String
    /// The type that the policy asked for.
    public let wanted: String
    /// The type that it has.
    public let got: String
    /// Why, as a phrase.
    public let reason: String?
}

/// What a tensor lost when it was quantized.
public struct TensorError: Codable, Sendable, Equatable {
    /// The tensor's name.
    public let tensor: String
    /// Root of the mean squared error over that of the weights.
    public let relativeError: Double
    /// By the importance matrix, where there is one.
    public let weightedError: Double?
}
