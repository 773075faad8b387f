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
            Self.activate(start, UnsafePointer(start + length), count: length, activation, kernels)
        }
        let activated = Rows(start: UnsafePointer(hidden.start), stride: hidden.stride)
        product.multiply(activated, count: count, by: weights.down, into: destination, observer)
    }

    /// Replaces one token's gate, or up without a gate, by the unit's output.
    /// - Parameter up: the factor of the gate; not read by a unit without a gate.
    static func activate(
        _ start: UnsafeMutablePointer<Float>,
        _ up: UnsafePointer<Float>,
        count: Int,
        _ activation: Activation,
        _ kernels: Kernels
    ) {
        switch activation {
        case .gatedSiLU: kernels.swiglu(start, up, count: count)
        case .gatedGELU: kernels.gelu(start, times: up, count: count)
        case .gatedSparseGELU(let deviations):
            cut(UnsafeMutableBufferPointer(start: start, count: count), deviations)
            kernels.gelu(start, times: up, count: count)
        case .gatedClampedSiLU: ClampedSwish.apply(start, up, count: count)
        case .plainGELU: kernels.gelu(start, times: nil, count: count)
        case .plainSquaredReLU:
            for index in 0..<count {
                let positive = max(0, start[index])
                start[index] = positive * positive
            }
        case .plainXIELU(let unit):
            for index in 0..<count { start[index] = unit(start[index]) }
        }
    }

    /// Replaces each number by its excess over the mean plus so many standard deviations, or by zero.
    private static func cut(_ x: UnsafeMutableBufferPointer<Float>, _ deviations: Float) {
        let (mean, deviation) = spread(UnsafeBufferPointer(x))
        let least = mean + deviation * deviations
        for index in x.indices { x[index] = max(0, x[index] - least) }
    }

    /// Returns mean and standard deviation.
    static func spread(_ x: UnsafeBufferPointer<Float>) -> (mean: Float, deviation: Float) {
        let mean = Float(x.reduce(into: 0.0) { $0 += Double($1) } / Double(x.count))
        let squares = x.reduce(into: 0.0) { $0 += Double(($1 - mean) * ($1 - mean)) }
        return (mean, (Float(squares) * (1 / Float(max(1, x.count - 1)))).squareRoot())
    }
}
