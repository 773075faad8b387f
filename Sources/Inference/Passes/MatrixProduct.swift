import BlockFormats
import Tensors

/// Multiplies activations by weight matrices of any stored type.
struct MatrixProduct {
    let kernels: Kernels
    let workers: Workers
    /// Per worker: decoded rows of one panel, and results that are yet to be added.
    private let decoded: [FloatBuffer]
    private let sums: [FloatBuffer]

    /// - Parameter widest: the most columns of any matrix.
    init(kernels: Kernels, workers: Workers, widest: Int) throws(InferenceProblem) {
        self.kernels = kernels
        self.workers = workers
        var decoded: [FloatBuffer] = []
        var sums: [FloatBuffer] = []
        for _ in 0..<workers.count {
            decoded.append(try FloatBuffer(count: widest * panelWidth, purpose: "scratch memory"))
            sums.append(try FloatBuffer(count: InferenceSession.batchLimit * panelWidth, purpose: "scratch memory"))
        }
        self.decoded = decoded
        self.sums = sums
    }

    /// out[t][offset + r] = sum over k of x[t][k] * W[r][k] + bias[r], or adds that to what is there.
    func multiply(
        _ x: Rows<UnsafePointer<Float>>,
        count: Int,
        by projection: Projection,
        into destination: Destination,
        _ observer: ((Activations) -> Void)?
    ) {
        guard count > 0 else { return }
        precondition(count <= InferenceSession.batchLimit)
        let matrix = projection.matrix
        observer?(Activations(matrix, rows: count, x))
        let input = SharedRows(x)
        let output = SharedRows(destination.rows)
        let adding = destination.adds
        workers.forEach((matrix.rows + panelWidth - 1) / panelWidth) { [self] task, worker in
            let range = (task * panelWidth)..<min((task + 1) * panelWidth, matrix.rows)
            let weights = Rows(start: matrix.rows(range, scratch: decoded[worker].start), stride: matrix.columns)
            let place = output.rows.start + projection.offset + range.lowerBound
            let isDirect = !adding && projection.bias.isEmpty
            let target = isDirect ? place : sums[worker].start
            let stride = isDirect ? output.rows.stride : panelWidth
            if count == 1 {
                for row in 0..<range.count {
                    let start = weights.start + row * weights.stride
                    target[row] = kernels.dot(start, input.rows.start, count: matrix.columns)
                }
            } else {
                kernels.multiply(
                    tokens: count,
                    depth: matrix.columns,
                    input.rows,
                    weights: weights,
                    count: range.count,
                    // Floating-point files are asked for exact figures; blocks have rounded already.
                    mayRound: ![.f32, .f16, .bf16].contains(matrix.type),
                    into: Rows(start: target, stride: stride)
                )
            }
            if isDirect { return }
            for token in 0..<count {
                for row in 0..<range.count {
                    var value = target[token * stride + row]
                    if !projection.bias.isEmpty { value += projection.bias[range.lowerBound + row] }
                    let cell = place + token * output.rows.stride + row
                    cell.pointee = adding ? cell.pointee + value : value
                }
            }
        }
    }
}

/// Where results go, and whether they are added to what is there.
struct Destination {
    let rows: Rows<UnsafeMutablePointer<Float>>
    var adds = false
}

/// Rows that several threads read, or write in places of their own.
struct SharedRows<Pointer>: @unchecked Sendable {
    let rows: Rows<Pointer>

    init(_ rows: Rows<Pointer>) { self.rows = rows }
}
