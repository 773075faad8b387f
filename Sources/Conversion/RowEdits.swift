import Tensors

/// Changes the numbers of rows, apart from moving them.
enum RowEdits {
    /// Rows of which the checkpoint has only the first ones; the others are zeros.
    static func padded(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> [UInt8] {
        let found = range.clamped(to: 0..<bytes.count)
        return Array(bytes[found]) + Array(repeating: 0, count: range.count - found.count)
    }

    /// Reorders the elements of each row.
    static func reorder(_ weights: UnsafeMutableBufferPointer<Float>, _ columns: TiledHeads) {
        let sources = (0..<columns.count).map(columns.source)
        for start in stride(from: 0, to: weights.count, by: columns.count) {
            let row = Array(weights[start..<(start + columns.count)])
            for (index, source) in sources.enumerated() { weights[start + index] = row[source] }
        }
    }

    /// Reverses `reorder`.
    static func restore(_ weights: UnsafeMutableBufferPointer<Float>, _ columns: TiledHeads) {
        let sources = (0..<columns.count).map(columns.source)
        for start in stride(from: 0, to: weights.count, by: columns.count) {
            let row = Array(weights[start..<(start + columns.count)])
            for (index, source) in sources.enumerated() { weights[start + source] = row[index] }
        }
    }

    /// Multiplies like PyTorch, which uses a half-precision tensor's own type.
    /// - Parameter rows: the indices of these weights' rows in the output.
    static func multiply(
        _ weights: UnsafeMutableBufferPointer<Float>,
        _ rows: Range<Int>,
        length: Int,
        by factor: RowFactor,
        roundingToHalf: Bool
    ) {
        let own = factor.rows?.clamped(to: rows) ?? rows
        for index in ((own.lowerBound - rows.lowerBound) * length)..<((own.upperBound - rows.lowerBound) * length) {
            let product = weights[index] * factor.factor
            weights[index] = roundingToHalf ? HalfFloat.decode(HalfFloat.encode(product)) : product
        }
    }

    /// Adds like PyTorch, which uses a half-precision tensor's own type.
    static func add(_ shift: Float, to weights: UnsafeMutableBufferPointer<Float>, roundingToHalf: Bool) {
        for index in weights.indices {
            let sum = weights[index] + shift
            weights[index] = roundingToHalf ? HalfFloat.decode(HalfFloat.encode(sum)) : sum
        }
    }
}
