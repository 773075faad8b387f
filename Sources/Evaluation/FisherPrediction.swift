import BlockFormats
import GGUF
import Inference
import Tensors
import Work

/// The cost of quantizing each tensor alone, as Fisher factors predict it.
public struct FisherPrediction: Codable, Sendable {
    /// The cost of quantizing one tensor alone.
    public struct Tensor: Codable, Sendable {
        /// The tensor's name in the file.
        public var name: String
        /// The number of the layer; nil for tensors outside the layers.
        public var layer: Int?
        /// The name without layer and suffix: `attn_q`, `ffn_down`, `output`.
        public var role: String
        /// The type that it would get.
        public var type: String
        /// The bytes of the tensor in that type.
        public var bytes: Int
        /// The bytes of the tensor in the original model.
        public var baseBytes: Int
        /// The predicted divergence, in nats a token.
        public var kld: Double

        /// - Parameters:
        ///   - tensor: the original tensor.
        ///   - target: the same tensor in its new type.
        public init(_ tensor: GGUFTensor, as target: GGUFTensor, kld: Double) {
            (layer, role) = SensitivityResult.Tensor.place(of: tensor.name)
            (name, type, bytes, baseBytes) = (tensor.name, target.type.name, target.byteCount, tensor.byteCount)
            self.kld = kld
        }
    }

    /// The number of tokens in a window.
    public var context: Int
    /// The number of windows of text.
    public var chunks: Int
    /// The number of tokens read.
    public var tokens: Int
    /// The seed of the drawn labels.
    public var seed: UInt64
    /// The kernels used for the computation.
    public var kernels: String
    /// The tensors in the model's order.
    public var tensors: [Tensor]
    /// The sum of the divergences over the tensors.
    public var sumOfDivergences: Double

    /// Creates the prediction of factors for tensors.
    public init(_ factors: FisherFactors, _ tensors: [Tensor]) {
        (context, chunks, tokens) = (factors.context, factors.chunks, factors.tokens)
        (seed, kernels, self.tensors) = (factors.seed, factors.kernels, tensors)
        sumOfDivergences = tensors.reduce(0) { $0 + $1.kld }
    }
}

extension FisherFactors {
    /// The approximate count of numbers that a thread encodes at a time.
    private static let slabCount = 1 << 18

    /// Returns the divergence predicted for a tensor in another type, in nats a token. Its rows are encoded with the
    /// column factors as their importance, and decoded again.
    /// - Parameters:
    ///   - tensor: one of the file's, for which there are factors.
    ///   - threads: the number of threads; the result is the same for any number.
    /// - Precondition: `BlockCodec.canDecode` of the tensor's type, `canEncode` of the other, and rows of whole blocks.
    /// - Throws: `EvaluationError.factorsOfAnotherModel` if there are no factors of its name and shape.
    public func predictedDivergence(
        of tensor: GGUFTensor,
        in file: GGUFFile,
        as type: TensorType,
        threads: Int
    ) throws -> Double {
        let rowCount = tensor.shape.rowCount
        guard let own = self[tensor.name], own.columns == tensor.shape.rowLength,
            own.rows * own.matrixCount == rowCount
        else { throw EvaluationError.factorsOfAnotherModel(tensor: tensor.name) }
        let slab = min(max(1, Self.slabCount / own.columns), own.rows)
        let slabs = (0..<own.matrixCount).flatMap { matrix in
            stride(from: matrix * own.rows, to: (matrix + 1) * own.rows, by: slab).map {
                $0..<min($0 + slab, (matrix + 1) * own.rows)
            }
        }
        let costs = try slabs.concurrentMap(threads: threads) { rows in
            cost(of: own, rows, tensor, in: file, as: type)
        }
        return costs.reduce(0, +)
    }

    /// - Parameter rows: the rows of one matrix.
    private func cost(
        of own: Tensor,
        _ rows: Range<Int>,
        _ tensor: GGUFTensor,
        in file: GGUFFile,
        as type: TensorType
    ) -> Double {
        let count = rows.count * own.columns
        let stored = file.bytes(of: tensor)
        let bytes = (rows.lowerBound * tensor.rowByteCount)..<(rows.upperBound * tensor.rowByteCount)
        let first = rows.lowerBound / own.rows * own.columns
        let factors = Array(own.columnFactors[first..<(first + own.columns)])
        // A matrix that no token reached costs nothing, however it is encoded.
        let importance = factors.contains { $0 > 0 } ? factors : Array(repeating: 1, count: own.columns)
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * count) { numbers in
            let (original, restored) = (numbers.extracting(..<count), numbers.extracting(count...))
            BlockCodec.decode(tensor.type, UnsafeRawBufferPointer(rebasing: stored[bytes]), into: original)
            let byteCount = (type.byteCount(elements: own.columns) ?? 0) * rows.count
            withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: 16) { encoded in
                importance.withUnsafeBufferPointer {
                    BlockCodec.encode(rows: UnsafeBufferPointer(original), importance: $0, as: type, into: encoded)
                }
                BlockCodec.decode(type, UnsafeRawBufferPointer(encoded), into: restored)
            }
            return predictedDivergence(
                of: own,
                rows: rows,
                original: UnsafeBufferPointer(original),
                restored: UnsafeBufferPointer(restored)
            )
        }
    }
}
