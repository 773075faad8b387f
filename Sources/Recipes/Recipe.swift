import BinaryIO
import Quantization
import Tensors

/// The types chosen for a model's tensors, and their predicted cost.
public struct Recipe: Codable, Equatable, Sendable {
    /// One tensor whose type was chosen.
    public struct Tensor: Codable, Equatable, Sendable {
        /// The tensor's name in the file.
        public var name: String
        /// The type's name in GGUF.
        public var type: String
        /// Size of the tensor's data, in bytes.
        public var bytes: Int
        /// The tensor's share of the predicted divergence, in nats per token.
        public var kldShare: Double
    }

    /// The best of llama.cpp's mixes of at most the same size.
    public struct Preset: Codable, Equatable, Sendable {
        /// Its name: "q3_k_m".
        public var type: String
        /// Size of the mix's file, in bytes.
        public var bytes: Int
        /// Predicted mean divergence from the same costs, in nats per token.
        public var predictedKld: Double
        /// Mean divergence measured on the same windows as the recipe's, in nats per token; nil unless both were
        /// measured.
        public var measuredKld: Double?
    }

    /// The name of the mix whose file-type number the file has.
    public var base: String
    /// The types that were allowed.
    public var ladder: String
    /// Size of the file, in bytes.
    public var bytes: Int
    /// Bits per weight, over all weights of the model.
    public var bitsPerWeight: Double
    /// Predicted mean divergence from the original model, in nats per token.
    public var predictedKld: Double
    /// Milliseconds per token on the target device; nil without one.
    public var millisecondsPerToken: Double?
    /// The best of the mixes that fit; nil if none does.
    public var preset: Preset?
    /// The tensors, in the order of the file.
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

    /// The types by tensor; stock llama-quantize reads them from a file too.
    public var assignment: TypeAssignment {
        let types = tensors.compactMap { tensor in TensorType(name: tensor.type).map { (tensor.name, $0) } }
        return TypeAssignment(Dictionary(types) { first, _ in first })
    }

    /// The type policy of a build with its own name.
    public func policy(named name: String) -> TypePolicy {
        .recipe(name, assignment, base: FileType(name: base) ?? .q4_K_M)
    }
}
