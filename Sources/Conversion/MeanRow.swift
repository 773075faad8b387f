import BlockFormats
import Safetensors
import Synchronization

/// The mean of a matrix's rows, for tokens without a row in the model; transformers starts from it when it resizes
/// embeddings. Computed once, at the first use.
final class MeanRow: Sendable {
    private let entry: SafetensorsCheckpoint.Entry
    private let updates: [LowRankUpdate]
    private let mean = Mutex<[Float]?>(nil)

    /// - Parameters:
    ///   - entry: a matrix of at least one row.
    ///   - updates: the updates of adapters to it.
    init(_ entry: SafetensorsCheckpoint.Entry, _ updates: [LowRankUpdate]) {
        (self.entry, self.updates) = (entry, updates)
    }

    /// The number of rows in the checkpoint.
    var rowCount: Int { entry.tensor.shape[0] }

    /// The mean, summed in double precision from the first row to the last.
    func values(_ kernels: Kernels) -> [Float] {
        mean.withLock { mean in
            if let mean { return mean }
            let made = compute(kernels)
            mean = made
            return made
        }
    }

    private func compute(_ kernels: Kernels) -> [Float] {
        let length = entry.tensor.shape[1]
        var sums = [Double](repeating: 0, count: length)
        for start in stride(from: 0, to: rowCount, by: 256) {
            let rows = start..<min(start + 256, rowCount)
            var numbers = WeightDecoder.numbers(of: entry, (rows.lowerBound * length)..<(rows.upperBound * length))
            numbers.withUnsafeMutableBufferPointer { numbers in
                for update in updates { update.apply(to: numbers, rows: Array(rows), kernels: kernels) }
                for row in 0..<rows.count {
                    for column in 0..<length { sums[column] += Double(numbers[row * length + column]) }
                }
            }
        }
        return sums.map { Float($0 / Double(rowCount)) }
    }
}
