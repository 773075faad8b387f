import BlockFormats
import CKernels
import Tensors

/// One row of activations as eight-bit integers, for products with rows of weights as stored in the file. Other engines
/// use this for every product, and this one when generating token by token.
///
/// Unchecked: written by one thread, then read by all.
package final class CodedRow: @unchecked Sendable {
    private let codes: FloatBuffer
    private let scales: FloatBuffer
    private let sums: FloatBuffer
    private let runSums: FloatBuffer
    private let wholeSums: FloatBuffer
    private var coded = ek_coded()

    /// - Parameter depth: the largest number of elements.
    package init(depth: Int) throws(InferenceProblem) {
        // The longest blocks have 256 weights.
        let padded = (depth + 255) / 256 * 256
        codes = try FloatBuffer(count: padded / 4, purpose: "scratch memory")
        scales = try FloatBuffer(count: padded / 32, purpose: "scratch memory")
        sums = try FloatBuffer(count: padded / 16, purpose: "scratch memory")
        runSums = try FloatBuffer(count: padded / 32, purpose: "scratch memory")
        wholeSums = try FloatBuffer(count: padded / 32, purpose: "scratch memory")
    }

    /// Encodes a row for products with weights of a type; `numbers` must remain valid while the row is used.
    package func code(_ numbers: UnsafePointer<Float>, depth: Int, for type: TensorType) {
        let codes = UnsafeMutableRawPointer(codes.start).assumingMemoryBound(to: Int8.self)
        let sums = UnsafeMutableRawPointer(sums.start).assumingMemoryBound(to: Int16.self)
        let runSums = UnsafeMutableRawPointer(runSums.start).assumingMemoryBound(to: Int16.self)
        let wholeSums = UnsafeMutableRawPointer(wholeSums.start).assumingMemoryBound(to: Int32.self)
        if type.block.elements > 1 {
            ek_code_row(
                Int64(type.block.elements),
                Int64(depth),
                numbers,
                codes,
                scales.start,
                sums,
                runSums,
                wholeSums
            )
        }
        coded = ek_coded(
            count: Int64(depth),
            numbers: numbers,
            codes: codes,
            scales: scales.start,
            sums: sums,
            run_sums: runSums,
            whole_sums: wholeSums
        )
    }

    /// out[r] = the product of row r of the weights with this one.
    /// - Parameter bytes: `count` rows of whole blocks of `type`.
    /// - Returns: false, with no effect, if these kernels have no such product for the type.
    package func multiply(
        _ bytes: UnsafeRawBufferPointer,
        _ type: TensorType,
        count: Int,
        into out: UnsafeMutablePointer<Float>,
        _ kernels: Kernels
    ) -> Bool {
        guard let variant = kernels.variant, let start = bytes.baseAddress else { return false }
        let rows = start.assumingMemoryBound(to: UInt8.self)
        return withUnsafePointer(to: coded) { row in
            ek_dot_rows(
                variant,
                Int32(type.rawValue),
                Int64(type.block.elements),
                Int64(count),
                Int64(bytes.count / count),
                rows,
                row,
                out
            )
        }
    }
}
