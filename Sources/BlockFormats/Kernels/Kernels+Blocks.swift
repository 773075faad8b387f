import CKernels
import Tensors

extension Kernels {
    /// Encodes whole blocks, or whole rows with an importance matrix, as the Swift encoder of the format would.
    /// - Returns: false, with nothing done, where this variant has no encoder for the type.
    func encode(
        _ weights: UnsafeBufferPointer<Float>,
        importance: UnsafeBufferPointer<Float>? = nil,
        as type: TensorType,
        into bytes: UnsafeMutableRawBufferPointer
    ) -> Bool {
        guard let variant, let target = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return false }
        var run = ek_run(
            weights: weights.baseAddress,
            block_count: Int64(weights.count / type.block.elements),
            importance: importance?.baseAddress,
            columns: Int64(importance?.count ?? 0)
        )
        return ek_encode(variant, Int32(type.rawValue), &run, target)
    }

    /// Decodes half precision.
    /// - Returns: false, with nothing done, for all other types.
    func decode(
        _ type: TensorType,
        _ bytes: UnsafeRawBufferPointer,
        into weights: UnsafeMutableBufferPointer<Float>
    ) -> Bool {
        guard let variant, type == .f16, let source = bytes.baseAddress, let target = weights.baseAddress else {
            return false
        }
        ek_decode_halves(variant, source, target, Int64(weights.count))
        return true
    }
}
