import Inference
import Quantization
import Work

/// Sums the squares of the inputs of weight matrices, column by column, as llama-imatrix does: in single precision, row
/// after row.
package final class ImportanceCollector {
    private final class Tally {
        var sums: [Float]
        var counts: [Int]
        let columns: Int

        init(columns: Int, matrices: Int) {
            self.columns = columns
            sums = Array(repeating: 0, count: columns * matrices)
            counts = Array(repeating: 0, count: matrices)
        }

        init(_ entry: ImportanceSums.Entry) {
            (sums, counts, columns) = (entry.sums, entry.counts, entry.columnCount)
        }
    }

    private var tallies: [String: Tally]
    private let matrixCount: (String) -> Int
    private let includesOutput: Bool
    private let workers: Workers
    /// The number of columns that a thread sums at a time: they stay in its fastest cache.
    private static let stripe = 512

    /// - Parameters:
    ///   - matrixCount: returns the number of matrices in a tensor's stack: its experts, otherwise 1.
    ///   - includesOutput: whether the output matrix counts, or the token embedding used as one.
    ///   - earlier: the sums collected before.
    package init(
        matrixCount: @escaping (String) -> Int,
        includesOutput: Bool,
        threads: Int,
        earlier: ImportanceSums? = nil
    ) {
        tallies = earlier?.entries.mapValues(Tally.init) ?? [:]
        self.matrixCount = matrixCount
        self.includesOutput = includesOutput
        workers = Workers(count: threads)
    }

    func observe(_ activations: Activations) {
        add(
            to: activations.tensor,
            matrix: activations.matrix,
            rows: (0..<activations.rows).map { activations[$0] }
        )
    }

    /// Adds the input rows of one of a tensor's matrices.
    package func add(to tensor: String, matrix: Int, rows: [UnsafeBufferPointer<Float>]) {
        // Without an output matrix, the token embedding is used as one.
        let isOutput = tensor == "output.weight" || tensor == "token_embd.weight"
        guard tensor.hasPrefix("blk.") || (includesOutput && isOutput), let columns = rows.first?.count
        else { return }
        let tally = tally(tensor, columns: columns)
        tally.counts[matrix] += rows.count
        nonisolated(unsafe) let rows = rows
        tally.sums.withUnsafeMutableBufferPointer { sums in
            nonisolated(unsafe) let sums = sums.extracting((matrix * columns)..<((matrix + 1) * columns))
            let stripes = (columns + Self.stripe - 1) / Self.stripe
            workers.forEach(stripes) { stripe, _ in
                let range = (stripe * Self.stripe)..<min((stripe + 1) * Self.stripe, columns)
                let target = sums.extracting(range)
                for row in rows {
                    let source = row.extracting(range)
                    for column in target.indices { target[column] += source[column] * source[column] }
                }
            }
        }
    }

    private func tally(_ tensor: String, columns: Int) -> Tally {
        if let tally = tallies[tensor] {
            precondition(tally.columns == columns, "what was collected before belongs to this model")
            return tally
        }
        let tally = Tally(columns: columns, matrices: matrixCount(tensor))
        tallies[tensor] = tally
        return tally
    }

    /// The first tensor, by name, with a sum that is infinite or NaN.
    package var overflowed: String? {
        tallies.filter { !$0.value.sums.allSatisfy(\.isFinite) }.keys.min()
    }

    package func sums(dataset: String, chunkCount: Int, chunkSize: Int) -> ImportanceSums {
        ImportanceSums(
            entries: tallies.mapValues { ImportanceSums.Entry(sums: $0.sums, counts: $0.counts) },
            datasets: [dataset],
            chunkCount: chunkCount,
            chunkSize: chunkSize
        )
    }
}
