import Tensors

/// What happens to the numbers of rows besides being put elsewhere.
enum RowEdits {
    /// Rows of which the checkpoint has only the first: those behind them are zeros.
    static func padded(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> [UInt8] {
        let found = range.clamped(to: 0..<bytes.count)
        return Array(bytes[found]) + Array(repeating: 0, count: range.count - found.count)
    }

    /// Puts the elements of each row into another order.
    static func reorder(_ weights: UnsafeMutableBufferPointer<Float>, _ columns: TiledHeads) {
        let sources = (0..<columns.count).map(columns.source)
        for start in stride(from: 0, to: weights.count, by: columns.count) {
            let row = Array(weights[start..<(start + columns.count)])
            for (index, source) in sources.enumerated() { weights[start + index] = row[source] }
        }
    }

    /// Takes `reorder` back.
    static func restore(_ weights: UnsafeMutableBufferPointer<Float>, _ columns: TiledHeads) {
        let sources = (0..<columns.count).map(columns.source)
        for start in stride(from: 0, to: weights.count, by: columns.count) {
            let row = Array(weights[start..<(start + columns.count)])
            for (index, source) in sources.enumerated() { weights[start + source] = row[index] }
        }
    }

    /// PyTorch multiplies in a half-precision tensor's own type, too.
    /// - Parameter rows: of the output, which these weights are.
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

    /// PyTorch adds in a half-precision tensor's own type.
    static func add(_ shift: Float, to weights: UnsafeMutableBufferPointer<Float>, roundingToHalf: Bool) {
        for index in weights.indices {
            let sum = weights[index] + shift
            weights[index] = roundingToHalf ? HalfFloat.decode(HalfFloat.encode(sum)) : sum
        }
    }
}
