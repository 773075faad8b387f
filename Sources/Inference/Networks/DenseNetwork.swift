import Architectures
import BlockFormats
import Work

/// A feed-forward network: down(activation(gate(x)) * up(x)), or down(activation(up(x))).
struct DenseNetwork {
    private let product: MatrixProduct
    private let gateUp: FloatBuffer  // (tokens of the batch, twice the width of the widest network)

    init(_ shape: ModelShape, product: MatrixProduct, batch: Int) throws(InferenceProblem) {
        self.product = product
        gateUp = try FloatBuffer(count: batch * 2 * shape.widestNetwork, purpose: "scratch memory")
    }

    func run(
        _ weights: DenseWeights,
        _ x: Rows<UnsafePointer<Float>>,
        count: Int,
        into destination: Destination,
        _ observer: ((Activations) -> Void)?
    ) {
        let (length, activation) = (weights.length, weights.activation)
        let hidden = Rows(start: gateUp.start, stride: (activation.isGated ? 2 : 1) * length)
        for projection in weights.gateUp {
            product.multiply(x, count: count, by: projection, into: Destination(rows: hidden), observer)
        }
        let shared = SharedRows(hidden)
        let kernels = product.kernels
        product.workers.forEach(count) { row, _ in
            let start = shared.rows.start + row * shared.rows.stride
            switch activation {
            case .gatedSiLU: kernels.swiglu(start, UnsafePointer(start + length), count: length)
            case .gatedGELU: kernels.gelu(start, times: UnsafePointer(start + length), count: length)
            case .gatedSparseGELU(let deviations):
                Self.cut(UnsafeMutableBufferPointer(start: start, count: length), deviations)
                kernels.gelu(start, times: UnsafePointer(start + length), count: length)
            case .gatedClampedSiLU: ClampedSwish.apply(start, UnsafePointer(start + length), count: length)
            case .plainGELU: kernels.gelu(start, times: nil, count: length)
            case .plainSquaredReLU:
                for index in 0..<length {
                    let positive = max(0, start[index])
                    start[index] = positive * positive
                }
            case .plainXIELU(let unit):
                for index in 0..<length { start[index] = unit(start[index]) }
            }
        }
        let activated = Rows(start: UnsafePointer(hidden.start), stride: hidden.stride)
        product.multiply(activated, count: count, by: weights.down, into: destination, observer)
    }

    /// What lies above so many standard deviations over the mean remains, less that.
    private static func cut(_ x: UnsafeMutableBufferPointer<Float>, _ deviations: Float) {
        let mean = Float(x.reduce(into: 0.0) { $0 += Double($1) } / Double(x.count))
        let squares = x.reduce(into: 0.0) { $0 += Double(($1 - mean) * ($1 - mean)) }
        let deviation = (Float(squares) * (1 / Float(max(1, x.count - 1)))).squareRoot()
        let least = mean + deviation * deviations
        for index in x.indices { x[index] = max(0, x[index] - least) }
    }
}
