import BinaryIO
import Quantization
import Tensors

/// The types that were chosen for a model's tensors, and what they are predicted to cost.
public struct Recipe: Codable, Equatable, Sendable {
    /// One tensor whose type was chosen.
    public struct Tensor: Codable, Equatable, Sendable {
        /// As the file has it.
        public var name: String
        /// As GGUF names it.
        public var type: String
        /// Of the tensor's data.
        public var bytes: Int
        /// Its part of the predicted divergence, in nats a token.
        public var kldShare: Double
    }

    /// The mix of llama.cpp's that comes nearest in the same bytes.
    public struct Preset: Codable, Equatable, Sendable {
        /// Its name: "q3_k_m".
        public var type: String
        /// Of its file.
        public var bytes: Int
        /// Predicted by the same costs.
        public var predictedKld: Double
        /// On the same windows as the recipe's, where both were measured.
        public var measuredKld: Double?
    }

    /// The name of the mix whose number stands in the file.
    public var base: String
    /// The types that were allowed.
    public var ladder: String
    /// Of the file.
    public var bytes: Int
    /// Over all weights of the model.
    public var bitsPerWeight: Double
    /// Mean divergence from the model as it is, in nats a token.
    public var predictedKld: Double
    /// On the device that it was made for.
    public var millisecondsPerToken: Double?
    /// The best of the mixes that fit; nil where none does.
    public var preset: Preset?
    /// In the order of the file.
    public var tensors: [Tensor]

    init(
        base: FileType,
        ladder: String,
        bytes: Int,
        bitsPerWeight: Double,
        predictedKld: Double,
        millisecondsPerToken: Double?,
        preset: Preset?,
        tensors: [Tensor]
    ) {
        (self.base, self.ladder, self.bytes, self.bitsPerWeight) = (base.tag, ladder, bytes, bitsPerWeight)
        (self.predictedKld, self.millisecondsPerToken) = (predictedKld, millisecondsPerToken)
        (self.preset, self.tensors) = (preset, tensors)
    }

    /// The types by tensor, which stock llama-quantize reads from a file too.
    public var assignment: TypeAssignment {
        let types = tensors.compactMap { tensor in TensorType(name: tensor.type).map { (tensor.name, $0) } }
        return TypeAssignment(Dictionary(types) { first, _ in first })
    }

    /// The policy of a build under a name of its own.
    public func policy(named name: String) -> TypePolicy {
        .recipe(name, assignment, base: FileType(name: base) ?? .q4_K_M)
    }
}
