import GGUF
import Inference
import Tensors
import Work

/// Sums the squares of matrix inputs and of the gradients of matrix outputs, in double precision and token by token;
/// after each window the sums are added to the means.
///
/// The state between windows is what a file holds, so that an interrupted run gives the same numbers.
final class FisherCollector {
    private final class Tally {
        var counts: [Int]
        var rows: [Double]
        var columns: [Double]

        init(_ tensor: FisherFactors.Tensor) {
            counts = Array(repeating: 0, count: tensor.matrixCount)
            rows = Array(repeating: 0, count: tensor.rowFactors.count)
            columns = Array(repeating: 0, count: tensor.columnFactors.count)
        }
    }

    private(set) var factors: FisherFactors
    /// The index of a tensor in the model's file, and its number of matrices.
    private let places: [String: (index: Int, matrices: Int)]
    private var tallies: [String: Tally] = [:]
    private let workers: Workers
    /// The count of numbers that a thread sums at a time: they stay in its fastest cache.
    private static let stripe = 512

    /// - Parameter factors: the factors collected before.
    init(_ model: LanguageModel, continuing factors: FisherFactors, threads: Int) {
        self.factors = factors
        workers = Workers(count: threads)
        let places = model.weightTensors.enumerated().map { index, tensor in
            (tensor.name, (index: index, matrices: tensor.shape.dimensions.dropFirst(2).reduce(1, *)))
        }
        self.places = Dictionary(places) { first, _ in first }
    }

    func observe(_ gradients: MatrixGradients) {
        // A vector in the file is never quantized.
        guard let place = places[gradients.tensor] else { return }
        let tally = tally(gradients, matrices: place.matrices)
        tally.counts[gradients.matrix] += gradients.tokens
        add(gradients, gradients.rows, to: &tally.rows) { $0.gradient($1) }
        add(gradients, gradients.columns, to: &tally.columns) { $0.input($1) }
    }

    private func tally(_ gradients: MatrixGradients, matrices: Int) -> Tally {
        if let tally = tallies[gradients.tensor] { return tally }
        let tensor = FisherFactors.Tensor(
            name: gradients.tensor,
            matrixCount: matrices,
            rows: gradients.rows,
            columns: gradients.columns
        )
        if factors[gradients.tensor] == nil {
            // In the model's order, whichever comes first.
            let own = places[tensor.name]?.index ?? 0
            let place = factors.tensors.firstIndex { (places[$0.name]?.index ?? 0) > own } ?? factors.tensors.endIndex
            factors.tensors.insert(tensor, at: place)
        }
        let tally = Tally(tensor)
        tallies[tensor.name] = tally
        return tally
    }

    private func add(
        _ gradients: MatrixGradients,
        _ width: Int,
        to sums: inout [Double],
        _ row: (MatrixGradients, Int) -> UnsafeBufferPointer<Float>
    ) {
        nonisolated(unsafe) let rows = (0..<gradients.tokens).map { row(gradients, $0) }
        let first = gradients.matrix * width
        sums.withUnsafeMutableBufferPointer { sums in
            nonisolated(unsafe) let sums = sums.extracting(first..<(first + width))
            workers.forEach((width + Self.stripe - 1) / Self.stripe) { stripe, _ in
                let range = (stripe * Self.stripe)..<min((stripe + 1) * Self.stripe, width)
                let target = sums.extracting(range)
                for row in rows {
                    let source = row.extracting(range)
                    for index in target.indices { target[index] += Double(source[index]) * Double(source[index]) }
                }
            }
        }
    }

    /// Adds the window's sums to the means.
    /// - Returns: the first tensor with a factor that is infinite or NaN; nil if all are finite.
    func finishWindow(tokens: Int) -> String? {
        factors.tokens += tokens
        factors.chunks += 1
        for index in factors.tensors.indices {
            let name = factors.tensors[index].name
            guard let tally = tallies[name] else { continue }
            factors.tensors[index].add(counts: tally.counts, rows: tally.rows, columns: tally.columns)
            let tensor = factors.tensors[index]
            guard tensor.rowFactors.allSatisfy(\.isFinite), tensor.columnFactors.allSatisfy(\.isFinite) else {
                return name
            }
        }
        tallies = [:]
        return nil
    }
}

extension FisherFactors.Tensor {
    /// Adds sums over further tokens to the means.
    fileprivate mutating func add(counts added: [Int], rows sums: [Double], columns squares: [Double]) {
        for matrix in 0..<matrixCount where added[matrix] > 0 {
            let (before, after) = (Double(counts[matrix]), Double(counts[matrix] + added[matrix]))
            func mean(_ known: Float, _ sum: Double) -> Float { Float((Double(known) * before + sum) / after) }
            for index in (matrix * rows)..<((matrix + 1) * rows) {
                rowFactors[index] = mean(rowFactors[index], sums[index])
            }
            for index in (matrix * columns)..<((matrix + 1) * columns) {
                columnFactors[index] = mean(columnFactors[index], squares[index])
            }
            counts[matrix] += added[matrix]
        }
    }
}
