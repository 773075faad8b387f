import BlockFormats
import Inference
import Quantization
import Work

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Collects the correlations of the inputs of a layer's matrices, window by window.
///
/// Matrices with the same input rows in every window share one correlation. Shared inputs are found by comparing rows;
/// if two matrices differ in a later window, the common part is copied.
final class CorrelationCollector {
    /// The rows of a window, and the matrices that they were passed to.
    private struct Seen {
        let columns: Int
        let rows: [Float]
        var matrices: [MatrixName]
    }

    private let isWanted: (String) -> Bool
    private let kernels: Kernels
    private let workers: Workers
    private var seen: [Seen] = []
    private(set) var inputs: [MatrixName: MatrixInputs] = [:]
    /// The rows and columns of a sum that a thread computes at a time.
    private static let tile = 128

    init(kernels: Kernels, threads: Int, isWanted: @escaping (String) -> Bool) {
        (self.kernels, self.isWanted) = (kernels, isWanted)
        workers = Workers(count: threads)
    }

    func observe(_ activations: Activations) {
        guard isWanted(activations.tensor), activations.rows > 0 else { return }
        let name = MatrixName(activations.tensor, matrix: activations.matrix)
        let columns = activations.columns
        if let known = seen.firstIndex(where: { isSame($0, activations) }) {
            seen[known].matrices.append(name)
            return
        }
        let rows = [Float](unsafeUninitializedCapacity: activations.rows * columns) { buffer, count in
            for row in 0..<activations.rows {
                _ = buffer.extracting((row * columns)..<((row + 1) * columns)).initialize(
                    fromContentsOf: activations[row]
                )
            }
            count = activations.rows * columns
        }
        seen.append(Seen(columns: columns, rows: rows, matrices: [name]))
    }

    private func isSame(_ seen: Seen, _ activations: Activations) -> Bool {
        let columns = activations.columns
        guard seen.columns == columns, seen.rows.count == activations.rows * columns else { return false }
        return seen.rows.withUnsafeBufferPointer { rows in
            (0..<activations.rows).allSatisfy { row in
                guard let own = rows.baseAddress, let other = activations[row].baseAddress else { return false }
                return memcmp(own + row * columns, other, columns * MemoryLayout<Float>.stride) == 0
            }
        }
    }

    /// Adds the rows since the last call.
    /// - Parameter isHeld: whether the window is held back from fitting.
    func endWindow(isHeld: Bool) throws {
        defer { seen = [] }
        for own in seen {
            for inputs in try shared(own) {
                if isHeld {
                    try hold(own, in: inputs.held)
                } else {
                    try add(own, to: inputs.correlation)
                }
            }
        }
    }

    /// Returns the inputs shared by the matrices that had the same rows: one value for those that always had.
    private func shared(_ own: Seen) throws -> [MatrixInputs] {
        var result: [MatrixInputs] = []
        for (_, names) in Dictionary(grouping: own.matrices, by: { inputs[$0].map(ObjectIdentifier.init) }) {
            guard let known = inputs[names[0]] else {
                let fresh = try MatrixInputs(columns: own.columns)
                for name in names { inputs[name] = fresh }
                result.append(fresh)
                continue
            }
            let others = inputs.filter { $0.value === known && !names.contains($0.key) }
            if !others.isEmpty {
                let copy = try known.copy()
                for name in others.keys { inputs[name] = copy }
            }
            result.append(known)
        }
        return result
    }

    private func hold(_ own: Seen, in held: HeldInputs) throws {
        try own.rows.withUnsafeBufferPointer { rows in
            guard let start = rows.baseAddress else { return }
            for row in stride(from: 0, to: rows.count, by: own.columns) { try held.add(start + row) }
        }
    }

    /// Adds the products of columns: for each pair the dot product over the window's tokens, in single precision.
    private func add(_ own: Seen, to correlation: InputCorrelation) throws {
        let columns = own.columns
        let tokens = own.rows.count / columns
        let transposed = Self.transpose(own.rows, columns: columns, workers)
        transposed.withUnsafeBufferPointer { transposed in
            nonisolated(unsafe) let transposed = transposed
            workers.forEach((columns + Self.tile - 1) / Self.tile) { [kernels] task, _ in
                guard let start = transposed.baseAddress else { return }
                let rows = (task * Self.tile)..<min((task + 1) * Self.tile, columns)
                withUnsafeTemporaryAllocation(of: Float.self, capacity: Self.tile * panelWidth) { products in
                    guard let products = products.baseAddress else { return }
                    for first in stride(from: rows.lowerBound, to: columns, by: panelWidth) {
                        let count = min(panelWidth, columns - first)
                        kernels.multiply(
                            tokens: rows.count,
                            depth: tokens,
                            Rows(start: start + rows.lowerBound * tokens, stride: tokens),
                            weights: Rows(start: start + first * tokens, stride: tokens),
                            count: count,
                            into: Rows(start: products, stride: panelWidth)
                        )
                        for row in rows where first + count > row {
                            let sums = correlation.row(row)
                            let source = products + (row - rows.lowerBound) * panelWidth
                            for column in max(first, row)..<(first + count) {
                                sums[column - row] += Double(source[column - first])
                            }
                        }
                    }
                }
            }
        }
        correlation.count(tokens: tokens)
    }

    private static func transpose(_ rows: [Float], columns: Int, _ workers: Workers) -> [Float] {
        let tokens = rows.count / columns
        return [Float](unsafeUninitializedCapacity: rows.count) { buffer, count in
            nonisolated(unsafe) let target = buffer
            rows.withUnsafeBufferPointer { rows in
                nonisolated(unsafe) let rows = rows
                workers.forEach((columns + 31) / 32) { task, _ in
                    let range = (task * 32)..<min((task + 1) * 32, columns)
                    for token in 0..<tokens {
                        for column in range { target[column * tokens + token] = rows[token * columns + column] }
                    }
                }
            }
            count = rows.count
        }
    }
}
