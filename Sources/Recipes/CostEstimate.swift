import BlockFormats
import GGUF
import Tensors

/// Estimates the cost of one tensor at several types from the errors of some of its rows.
///
/// Rows are rounded independently, and the fraction of a row's weighted energy that becomes error differs little
/// between rows. A sample of rows gives that fraction, and all rows together give the energy.
struct CostEstimate {
    let tensor: GGUFTensor
    let factors: TensorFactors
    /// The importance of the columns when rows are rounded; the factors' own by default.
    let importance: [Float]
    let kernels: Kernels

    /// The least number of rows that are rounded: enough for an error of a few percent.
    private static let fewestRows = 192
    private static let part = 24

    /// - Parameter importance: the importance as `QuantizationPlan` takes it from an importance matrix.
    init(_ tensor: GGUFTensor, _ factors: TensorFactors, importance: [Float]?, kernels: Kernels) {
        precondition(factors.rows.count == tensor.shape.rowCount && factors.columnCount == tensor.shape.rowLength)
        (self.tensor, self.factors, self.kernels) = (tensor, factors, kernels)
        self.importance = importance ?? factors.columns
    }

    /// The rows that are rounded, spread evenly over all. An odd distance samples every position within a head.
    var sampledRows: [Int] {
        let count = tensor.shape.rowCount
        let wanted = max(Self.fewestRows, count / Self.part)
        let distance = max(1, count / wanted) | 1
        return Array(stride(from: min(count - 1, distance / 2), to: count, by: distance))
    }

    /// The weighted energy of all rows: the cost of the tensor if it were all zeros.
    func energy(_ reader: any RowReader) throws -> Double {
        var sum = 0.0
        try rows(0..<tensor.shape.rowCount, reader) { row, weights in
            sum += factors.weight(ofRow: row) * weightedSquares(row) { Double(weights[$0]) }
        }
        return sum
    }

    /// The fraction of the sampled rows' weighted energy that becomes error, for each type.
    func losses(_ types: [TensorType], _ reader: any RowReader) throws -> [Double] {
        let columns = tensor.shape.rowLength
        var errors = [Double](repeating: 0, count: types.count)
        var energy = 0.0
        var restored = [Float](repeating: 0, count: columns)
        var blocks: [UInt8] = []
        for row in sampledRows {
            try rows(row..<(row + 1), reader) { row, weights in
                let weight = factors.weight(ofRow: row)
                energy += weight * weightedSquares(row) { Double(weights[$0]) }
                for (number, type) in types.enumerated() {
                    round(weights, row, as: type, &blocks, into: &restored)
                    errors[number] += weight * weightedSquares(row) { Double(restored[$0]) - Double(weights[$0]) }
                }
            }
        }
        return errors.map { energy > 0 ? $0 / energy : 0 }
    }

    private func round(
        _ weights: UnsafeBufferPointer<Float>,
        _ row: Int,
        as type: TensorType,
        _ blocks: inout [UInt8],
        into restored: inout [Float]
    ) {
        guard let bytes = type.byteCount(elements: weights.count) else { preconditionFailure("rows of whole blocks") }
        blocks = [UInt8](repeating: 0, count: bytes)
        let own = importance[factors.columns(ofRow: row)]
        let counts = own.contains { $0 > 0 } ? Array(own) : [Float](repeating: 1, count: own.count)
        counts.withUnsafeBufferPointer { counts in
            blocks.withUnsafeMutableBytes { blocks in
                BlockCodec.encode(rows: weights, importance: counts, as: type, kernels: kernels, into: blocks)
            }
        }
        blocks.withUnsafeBytes { blocks in
            restored.withUnsafeMutableBufferPointer {
                BlockCodec.decode(type, blocks, kernels: kernels, into: $0)
            }
        }
    }

    private func weightedSquares(_ row: Int, _ value: (Int) -> Double) -> Double {
        let first = factors.columns(ofRow: row).lowerBound
        return factors.columns.withUnsafeBufferPointer { factors in
            var sum = 0.0
            for column in 0..<tensor.shape.rowLength {
                let value = value(column)
                sum += Double(factors[first + column]) * value * value
            }
            return sum
        }
    }

    /// Passes rows to `body` one at a time.
    private func rows(
        _ range: Range<Int>,
        _ reader: any RowReader,
        _ body: (Int, UnsafeBufferPointer<Float>) throws -> Void
    ) throws {
        let columns = tensor.shape.rowLength
        var weights = [Float](repeating: 0, count: columns)
        for row in range {
            try reader.withRows(row..<(row + 1), of: tensor) { bytes in
                try weights.withUnsafeMutableBufferPointer { weights in
                    BlockCodec.decode(tensor.type, bytes, kernels: kernels, into: weights)
                    try body(row, UnsafeBufferPointer(weights))
                }
            }
        }
    }
}
