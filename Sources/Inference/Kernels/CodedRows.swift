import BlockFormats
import CKernels

/// Rows of activations as integers, for products with weights that have sixteen bits or fewer in their file.
///
/// Groups of 32 numbers share a scale, a power of two, and each number is a code of up to 13 bits and a sign. A group's
/// sum of products then fits 32 bits and is exact, so that all kernels give the same numbers. The error of a code is at
/// most 2^-14 of its group's largest number, one thirty-second of the error of other engines' eight-bit codes.
///
/// Unchecked: `Workers` gives every task its own rows.
package final class CodedRows: @unchecked Sendable {
    /// (depth / 128, rows, 128), padded with zeros.
    private let codes: UnsafeMutablePointer<Int16>
    /// (depth / 128, rows, 4).
    private let scales: UnsafeMutablePointer<Float>
    private let codeMemory: FloatBuffer
    private let scaleMemory: FloatBuffer

    /// - Parameters:
    ///   - rows: the largest number of rows encoded at once.
    ///   - depth: the largest number of elements in a row.
    package init(rows: Int, depth: Int) throws(InferenceProblem) {
        let padded = (depth + Int(EK_DEPTH) - 1) / Int(EK_DEPTH) * Int(EK_DEPTH)
        codeMemory = try FloatBuffer(count: rows * padded / 2, purpose: "scratch memory")
        scaleMemory = try FloatBuffer(count: rows * padded / Int(EK_GROUP), purpose: "scratch memory")
        codes = UnsafeMutableRawPointer(codeMemory.start).bindMemory(to: Int16.self, capacity: rows * padded)
        scales = scaleMemory.start
    }

    /// Encodes some of `total` rows.
    package func code(
        _ rows: Range<Int>,
        of total: Int,
        depth: Int,
        _ x: Rows<UnsafePointer<Float>>,
        _ kernels: Kernels
    ) {
        guard let variant = kernels.variant else {
            return SwiftKernels.code(rows, of: total, depth: depth, x, into: codes, scales)
        }
        ek_code_rows(
            variant,
            Int64(rows.lowerBound),
            Int64(rows.count),
            Int64(total),
            Int64(depth),
            x.start,
            Int64(x.stride),
            codes,
            scales
        )
    }

    /// out[t][r] = sum over k of x[t][k] * weights[r][k] for all encoded rows, and up to `panelWidth` rows of weights,
    /// which are encoded the same way.
    package func multiply(
        _ count: Int,
        depth: Int,
        weights: Rows<UnsafePointer<Float>>,
        rowCount: Int,
        into out: Rows<UnsafeMutablePointer<Float>>,
        _ kernels: Kernels
    ) {
        precondition(rowCount <= panelWidth)
        guard let variant = kernels.variant else {
            return SwiftKernels.multiply(
                count,
                depth: depth,
                codes,
                scales,
                weights: weights,
                rowCount: rowCount,
                into: out
            )
        }
        ek_multiply_coded(
            variant,
            Int64(count),
            Int64(depth),
            codes,
            scales,
            weights.start,
            Int64(weights.stride),
            Int64(rowCount),
            out.start,
            Int64(out.stride)
        )
    }
}
