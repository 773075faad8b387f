import BlockFormats
import Tensors
import Work

/// Multiplies gradients by weight matrices of any stored type, in the backward direction: change[t][c] += sum over r of
/// gradient[t][r] * W[r][c].
///
/// Rows of W are decoded one slab at a time. As in the forward direction, weights of sixteen bits or fewer are
/// multiplied as integers, and those of single precision as floats.
struct ReturnProduct: Sendable {
    private let kernels: Kernels
    private let workers: Workers
    private let tokens: Int
    private let widest: Int
    private let decoded: FloatBuffer  // (rows of a slab, columns)
    private let coded: CodedRows
    /// For each worker, a slab's columns of one panel as rows, and a panel's results.
    private let turned: [FloatBuffer]
    private let sums: [FloatBuffer]

    /// The numbers of a slab: 16 MB.
    static let slabCount = 1 << 22
    static let mostRows = 4096

    /// - Parameters:
    ///   - tokens: the largest number of tokens.
    ///   - widest: the largest number of columns of any matrix.
    init(kernels: Kernels, workers: Workers, tokens: Int, widest: Int) throws(InferenceProblem) {
        (self.kernels, self.workers, self.tokens, self.widest) = (kernels, workers, tokens, widest)
        decoded = try FloatBuffer(count: max(Self.slabCount, panelWidth * widest), purpose: "decoded weights")
        coded = try CodedRows(rows: tokens, depth: Self.mostRows)
        var (turned, sums): ([FloatBuffer], [FloatBuffer]) = ([], [])
        for _ in 0..<workers.count {
            turned.append(try FloatBuffer(count: panelWidth * Self.mostRows, purpose: "decoded weights"))
            sums.append(try FloatBuffer(count: tokens * panelWidth, purpose: "gradients"))
        }
        (self.turned, self.sums) = (turned, sums)
    }

    /// Adds to `change`, (T, columns of the matrix), the product of the matrix with the gradient of its output, (T,
    /// rows).
    func add(_ gradient: TokenRows, through matrix: WeightMatrix, to change: TokenRows) {
        guard gradient.count > 0 else { return }
        precondition(gradient.count <= tokens && matrix.columns <= widest)
        precondition(gradient.width == matrix.rows && change.width == matrix.columns && change.count == gradient.count)
        let whole = Self.slabCount / matrix.columns / panelWidth * panelWidth
        let slab = min(max(whole, panelWidth), Self.mostRows)
        for first in stride(from: 0, to: matrix.rows, by: slab) {
            let rows = first..<min(first + slab, matrix.rows)
            add(gradient.columns(rows), matrix, rows, to: change)
        }
    }

    private func add(_ gradient: TokenRows, _ matrix: WeightMatrix, _ rows: Range<Int>, to change: TokenRows) {
        let (count, depth, columns) = (gradient.count, rows.count, matrix.columns)
        let weights = SharedRows(Rows(start: decode(matrix, rows), stride: columns))
        let isCoded = matrix.type != .f32
        if isCoded { code(gradient) }
        workers.forEach((columns + panelWidth - 1) / panelWidth) { [self] panel, worker in
            let first = panel * panelWidth
            let width = min(panelWidth, columns - first)
            let source = Rows(start: weights.rows.start + first, stride: columns)
            let out = Rows(start: sums[worker].start, stride: panelWidth)
            if isCoded {
                let own = Rows(start: turned[worker].start, stride: depth)
                turn(source, depth, width, into: own)
                let read = Rows(start: UnsafePointer(own.start), stride: depth)
                coded.multiply(count, depth: depth, weights: read, rowCount: width, into: out, kernels)
            } else {
                kernels.multiply(
                    tokens: count,
                    depth: depth,
                    gradient.source,
                    panel: source,
                    columns: width,
                    into: out
                )
            }
            for token in 0..<count {
                let (cells, values) = (change[token] + first, out.start + token * panelWidth)
                for index in 0..<width { cells[index] += values[index] }
            }
        }
    }

    /// Returns rows of the matrix, each padded to what a panel reads.
    private func decode(_ matrix: WeightMatrix, _ rows: Range<Int>) -> UnsafePointer<Float> {
        if matrix.type == .f32, matrix.columns.isMultiple(of: panelWidth) {
            return matrix.rows(rows, scratch: decoded.start)
        }
        let few = 16
        workers.forEach((rows.count + few - 1) / few) { [decoded] task, _ in
            let own = (rows.lowerBound + task * few)..<min(rows.lowerBound + (task + 1) * few, rows.upperBound)
            let place = decoded.start + task * few * matrix.columns
            let found = matrix.rows(own, scratch: place)
            if found != UnsafePointer(place) { place.update(from: found, count: own.count * matrix.columns) }
        }
        return UnsafePointer(decoded.start)
    }

    private func code(_ gradient: TokenRows) {
        let slab = 16
        workers.forEach((gradient.count + slab - 1) / slab) { [coded, kernels] task, _ in
            let rows = (task * slab)..<min((task + 1) * slab, gradient.count)
            coded.code(rows, of: gradient.count, depth: gradient.width, gradient.source, kernels)
        }
    }

    private func turn(
        _ source: Rows<UnsafePointer<Float>>,
        _ depth: Int,
        _ width: Int,
        into target: Rows<UnsafeMutablePointer<Float>>
    ) {
        // A few rows at a time, so that the output stays in the nearest cache.
        for first in stride(from: 0, to: depth, by: 16) {
            for column in 0..<width {
                let out = target.start + column * target.stride
                for row in first..<min(first + 16, depth) { out[row] = source.start[row * source.stride + column] }
            }
        }
    }
}
