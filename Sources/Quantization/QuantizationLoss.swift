import Synchronization

/// The quantization error of a tensor.
public struct QuantizationLoss: Sendable, Equatable {
    /// Sums over weights: of the squared differences, and of the squares themselves.
    private(set) var errors = 0.0
    private(set) var squares = 0.0
    /// The same sums with each weight multiplied by its column's importance.
    private(set) var weightedErrors = 0.0
    private(set) var weightedSquares = 0.0

    /// The root mean square difference, divided by the root mean square of the weights: 0.05 is five in a hundred.
    public var relativeError: Double { Self.ratio(errors, squares).squareRoot() }

    /// The share of the outputs' mean square that becomes error, for inputs like those of the importance matrix; nil
    /// without an importance matrix.
    public var weightedError: Double? { isWeighted ? Self.ratio(weightedErrors, weightedSquares) : nil }

    private var isWeighted = false

    /// Returns the ratio, which is zero for tensors of zeros.
    private static func ratio(_ part: Double, _ whole: Double) -> Double { part == 0 ? 0 : part / whole }

    /// Adds the losses of other rows.
    public static func + (first: QuantizationLoss, second: QuantizationLoss) -> QuantizationLoss {
        var sum = first
        sum.errors += second.errors
        sum.squares += second.squares
        sum.weightedErrors += second.weightedErrors
        sum.weightedSquares += second.weightedSquares
        sum.isWeighted = first.isWeighted || second.isWeighted
        return sum
    }

    /// Creates the loss of no rows.
    public init() {}

    /// Compares weights with the decoded ones.
    init(_ weights: UnsafeBufferPointer<Float>, _ restored: UnsafeBufferPointer<Float>) {
        (errors, squares) = Self.sums(weights, restored, nil)
    }

    /// Compares a row with the decoded one, weighted by the importance of its columns.
    init(
        row weights: UnsafeBufferPointer<Float>,
        _ restored: UnsafeBufferPointer<Float>,
        importance: UnsafeBufferPointer<Float>
    ) {
        isWeighted = true
        (errors, squares) = Self.sums(weights, restored, nil)
        (weightedErrors, weightedSquares) = Self.sums(weights, restored, importance)
    }

    /// Returns sums of squares, in single precision over a few hundred weights, in lanes; those sums are added in
    /// double precision.
    private static func sums(
        _ weights: UnsafeBufferPointer<Float>,
        _ restored: UnsafeBufferPointer<Float>,
        _ importance: UnsafeBufferPointer<Float>?
    ) -> (errors: Double, squares: Double) {
        var total = (errors: 0.0, squares: 0.0)
        var start = 0
        while start < weights.count {
            let end = min(start + 256, weights.count)
            var (errors, squares) = (SIMD8<Float>.zero, SIMD8<Float>.zero)
            var index = start
            while index + 8 <= end {
                let weight = lanes(weights, index)
                let difference = weight - lanes(restored, index)
                if let importance {
                    let columns = lanes(importance, index)
                    errors += difference * difference * columns
                    squares += weight * weight * columns
                } else {
                    errors += difference * difference
                    squares += weight * weight
                }
                index += 8
            }
            while index < end {
                let difference = weights[index] - restored[index]
                let column = importance?[index] ?? 1
                errors[index % 8] += difference * difference * column
                squares[index % 8] += weights[index] * weights[index] * column
                index += 1
            }
            total.errors += Double(errors.sum())
            total.squares += Double(squares.sum())
            start = end
        }
        return total
    }

    @inline(__always)
    private static func lanes(_ numbers: UnsafeBufferPointer<Float>, _ index: Int) -> SIMD8<Float> {
        UnsafeRawPointer(numbers.baseAddress! + index).loadUnaligned(as: SIMD8<Float>.self)
    }
}

/// The losses of a run by slab: whichever thread measures them, they are added in slab order.
final class LossLedger: Sendable {
    let isOpen: Bool
    private let slabs: [Slab]
    /// For each slab, the losses of its targets.
    private let entries: Mutex<[[QuantizationLoss?]]>

    init(_ slabs: [Slab], isOpen: Bool) {
        self.isOpen = isOpen
        self.slabs = slabs
        entries = Mutex(isOpen ? slabs.map { Array(repeating: nil, count: $0.targets.count) } : [])
    }

    func enter(_ loss: QuantizationLoss, _ slab: Slab, target: Int) {
        entries.withLock { $0[slab.number][target] = loss }
    }

    /// Returns the loss of each tensor of an output; nil for those that were copied.
    func losses(ofOutput output: Int, tensorCount: Int) -> [QuantizationLoss?] {
        var losses = [QuantizationLoss?](repeating: nil, count: tensorCount)
        guard isOpen else { return losses }
        let entries = entries.withLock { $0 }
        for slab in slabs {
            guard let target = slab.targets.firstIndex(where: { $0.outputs.contains(output) }),
                let loss = entries[slab.number][target]
            else { continue }
            losses[slab.index] = (losses[slab.index] ?? QuantizationLoss()) + loss
        }
        return losses
    }
}
