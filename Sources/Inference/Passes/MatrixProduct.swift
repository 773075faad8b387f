import BlockFormats
import Tensors
import Work

/// Multiplies activations by weight matrices of any stored type.
struct MatrixProduct {
    let kernels: Kernels
    let workers: Workers
    let overrides = OverrideSlot()
    private let batch: Int
    private let widest: Int
    /// For each worker, decoded rows of one panel, and results that are yet to be added.
    private let decoded: [FloatBuffer]
    private let sums: [FloatBuffer]
    private let coded: CodedRows
    private let row: CodedRow

    /// - Parameters:
    ///   - batch: the largest number of tokens.
    ///   - widest: the largest number of columns of any matrix.
    init(kernels: Kernels, workers: Workers, batch: Int, widest: Int) throws(InferenceProblem) {
        self.kernels = kernels
        self.workers = workers
        self.batch = batch
        self.widest = widest
        var decoded: [FloatBuffer] = []
        var sums: [FloatBuffer] = []
        for _ in 0..<workers.count {
            decoded.append(try FloatBuffer(count: widest * panelWidth, purpose: "scratch memory"))
            sums.append(try FloatBuffer(count: batch * panelWidth, purpose: "scratch memory"))
        }
        self.decoded = decoded
        self.sums = sums
        coded = try CodedRows(rows: batch, depth: widest)
        row = try CodedRow(depth: widest)
    }

    /// out[t][offset + r] = sum over k of x[t][k] * W[r][k] + bias[r], or adds that to `out`.
    func multiply(
        _ x: Rows<UnsafePointer<Float>>,
        count: Int,
        by projection: Projection,
        into destination: Destination,
        _ observer: ((Activations) -> Void)?
    ) {
        guard count > 0 else { return }
        precondition(count <= batch)
        let matrix = overrides.matrix(projection.matrix)
        precondition(matrix.columns <= widest)
        observer?(Activations(matrix, rows: count, x))
        let input = SharedRows(x)
        let output = SharedRows(destination.rows)
        let adding = destination.adds
        // Single precision is multiplied as it is: measurements of such files need exact figures.
        let isCoded = count > 1 && matrix.type != .f32
        if isCoded { code(input, count, depth: matrix.columns) }
        if count == 1 { row.code(x.start, depth: matrix.columns, for: matrix.type) }
        let panels = (matrix.rows + panelWidth - 1) / panelWidth
        // A single row takes only microseconds, and memory is read fastest in long stretches: each thread takes two of
        // them.
        let tasks = count == 1 ? min(panels, 2 * workers.count) : panels
        workers.forEach(tasks) { [self] task, worker in
            for panel in (task * panels / tasks)..<((task + 1) * panels / tasks) {
                let range = (panel * panelWidth)..<min((panel + 1) * panelWidth, matrix.rows)
                let place = output.rows.start + projection.offset + range.lowerBound
                let isDirect = !adding && projection.bias.isEmpty
                let target = isDirect ? place : sums[worker].start
                let stride = isDirect ? output.rows.stride : panelWidth
                let out = Rows(start: target, stride: stride)
                multiply(input.rows, count, matrix, range, isCoded: isCoded, scratch: decoded[worker].start, into: out)
                if isDirect { continue }
                for token in 0..<count {
                    let cells = place + token * output.rows.stride
                    let values = target + token * stride
                    if !projection.bias.isEmpty {
                        for row in 0..<range.count { values[row] += projection.bias[range.lowerBound + row] }
                    }
                    if adding {
                        for row in 0..<range.count { cells[row] += values[row] }
                    } else {
                        cells.update(from: values, count: range.count)
                    }
                }
            }
        }
    }

    /// Multiplies by one panel of weights.
    private func multiply(
        _ x: Rows<UnsafePointer<Float>>,
        _ count: Int,
        _ matrix: WeightMatrix,
        _ range: Range<Int>,
        isCoded: Bool,
        scratch: UnsafeMutablePointer<Float>,
        into out: Rows<UnsafeMutablePointer<Float>>
    ) {
        let (depth, rowCount) = (matrix.columns, range.count)
        if count == 1 {
            let stored = matrix.storedRows(range)
            if row.multiply(stored, matrix.type, count: rowCount, into: out.start, kernels) { return }
            // Row by row, so that decoded weights are still in the nearest cache.
            for row in range {
                let weights = matrix.rows(row..<(row + 1), scratch: scratch)
                out.start[row - range.lowerBound] = kernels.dot(weights, x.start, count: depth)
            }
            return
        }
        let weights = Rows(start: matrix.rows(range, scratch: scratch), stride: depth)
        if isCoded {
            coded.multiply(count, depth: depth, weights: weights, rowCount: rowCount, into: out, kernels)
        } else {
            kernels.multiply(tokens: count, depth: depth, x, weights: weights, count: rowCount, into: out)
        }
    }

    /// Encodes all rows, a few at a time.
    private func code(_ input: SharedRows<UnsafePointer<Float>>, _ count: Int, depth: Int) {
        let slab = 16
        workers.forEach((count + slab - 1) / slab) { [coded, kernels] task, _ in
            let rows = (task * slab)..<min((task + 1) * slab, count)
            coded.code(rows, of: count, depth: depth, input.rows, kernels)
        }
    }
}

/// The destination of results, and whether they are added to it.
struct Destination {
    let rows: Rows<UnsafeMutablePointer<Float>>
    var adds = false
}

/// Rows that several threads read, or write at separate places.
struct SharedRows<Pointer>: @unchecked Sendable {
    let rows: Rows<Pointer>

    init(_ rows: Rows<Pointer>) { self.rows = rows }
}
