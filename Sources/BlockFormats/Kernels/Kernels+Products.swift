import CKernels

extension Kernels {
    /// Adds the product of two thin matrices to a matrix. Each element gets its terms in order, so that all variants
    /// give the same sums.
    /// - Parameters:
    ///   - tall: rows by `rank`.
    ///   - wide: `rank` by columns.
    ///   - weights: rows by columns.
    package func addProduct(
        tall: [Float],
        wide: [Float],
        rank: Int,
        to weights: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(rank > 0 && tall.count.isMultiple(of: rank) && wide.count.isMultiple(of: rank))
        let (rows, columns) = (tall.count / rank, wide.count / rank)
        precondition(rows * columns == weights.count, "the product has another shape")
        guard let target = weights.baseAddress else { return }
        if let variant {
            ek_add_product(variant, tall, wide, Int64(rows), Int64(rank), Int64(columns), target)
            return
        }
        for row in 0..<rows {
            for index in 0..<rank {
                let factor = tall[row * rank + index]
                for column in 0..<columns {
                    target[row * columns + column] += factor * wide[index * columns + column]
                }
            }
        }
    }
}
