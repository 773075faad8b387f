import BlockFormats
import Safetensors

/// The update of a matrix by an adapter: the product of a tall and a wide matrix, which share a short side, the rank.
///
/// Source: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021; for magnitudes Liu et al., "DoRA:
/// Weight-Decomposed Low-Rank Adaptation", 2024.
struct LowRankUpdate: Sendable {
    /// Rank by columns; for a table of embeddings rank by rows.
    let a: SafetensorsCheckpoint.Entry
    /// Rows by rank; for a table of embeddings columns by rank.
    let b: SafetensorsCheckpoint.Entry
    let isOfEmbeddings: Bool
    /// Whether `a` of an embedding table is rows by rank instead, as in GGUF.
    var isTurned = false
    /// The length of each row after the update; nil if lengths are not normalized.
    let magnitude: SafetensorsCheckpoint.Entry?
    let strength: Float
    /// How the weights were already reordered for the output; nil if the plan reorders them.
    var placement: UpdatePlacement?

    var rank: Int { b.tensor.shape[1] }
    /// Shape of the matrix, with the layout of a linear layer.
    var shape: [Int] {
        let (wide, tall) = (a.tensor.shape, b.tensor.shape[0])
        return isOfEmbeddings ? [wide[isTurned ? 0 : 1], tall] : [tall, wide[1]]
    }

    /// Adds the update to some rows.
    /// - Parameters:
    ///   - rows: the indices of the rows in the matrix.
    ///   - weights: the rows one after another.
    func apply(to weights: UnsafeMutableBufferPointer<Float>, rows: [Int], kernels: Kernels) {
        let rank = rank
        let columns = shape[1]
        let wide = isOfEmbeddings ? Self.transposed(b) : WeightDecoder.numbers(of: a)
        var tall: [Float] = []
        tall.reserveCapacity(rows.count * rank)
        for row in rows { tall += factors(of: row).map { strength * $0 } }
        kernels.addProduct(tall: tall, wide: wide, rank: rank, to: weights)
        guard let magnitude else { return }
        for (index, row) in rows.enumerated() where row < shape[0] {
            let range = (index * columns)..<((index + 1) * columns)
            let length = weights[range].reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
            let factor = WeightDecoder.numbers(of: magnitude, row..<(row + 1))[0] / Float(length)
            for place in range { weights[place] *= factor }
        }
    }

    /// The factors by which a row adds the rows of the wide matrix.
    private func factors(of row: Int) -> [Float] {
        let count = shape[0]
        // A table may be padded with rows that the adapter lacks.
        guard row < count else { return [Float](repeating: 0, count: rank) }
        guard isOfEmbeddings, !isTurned else {
            return WeightDecoder.numbers(of: isOfEmbeddings ? a : b, (row * rank)..<((row + 1) * rank))
        }
        return (0..<rank).map { WeightDecoder.numbers(of: a, ($0 * count + row)..<($0 * count + row + 1))[0] }
    }

    private static func transposed(_ entry: SafetensorsCheckpoint.Entry) -> [Float] {
        let (rows, columns) = (entry.tensor.shape[0], entry.tensor.shape[1])
        let values = WeightDecoder.numbers(of: entry)
        return (0..<columns).flatMap { column in (0..<rows).map { values[$0 * columns + column] } }
    }
}
