import Synchronization

/// What a tensor lost by being quantized.
public struct QuantizationLoss: Sendable, Equatable {
    /// Sums over weights: of the squared differences, and of the squares themselves.
    private(set) var errors = 0.0
    private(set) var squares = 0.0
    /// The same sums with each weight counted by its column's importance.
    private(set) var weightedErrors = 0.0
    private(set) var weightedSquares = 0.0

    /// The root of the mean squared difference, relative to that of the weights: 0.05 is five in a hundred.
    public var relativeError: Double { Self.ratio(errors, squares).squareRoot() }

    /// The part of the outputs' mean square that becomes error, on inputs such as the importance matrix saw; nil where
    /// there is no importance matrix.
    public var weightedError: Double? { isWeighted ? Self.ratio(weightedErrors, weightedSquares) : nil }

    private var isWeighted = false

    /// Tensors of zeros lose nothing.
    private static func ratio(_ part: Double, _ whole: Double) -> Double { part == 0 ? 0 : part / whole }

    /// Adds rows of some tensor.
    public static func + (first: QuantizationLoss, second: QuantizationLoss) -> QuantizationLoss {
        var sum = first
        sum.errors += second.errors
        sum.squares += second.squares
        sum.weightedErrors += second.weightedErrors
        sum.weightedSquares += second.weightedSquares
        sum.isWeighted = first.isWeighted || second.isWeighted
        return sum
    }

    /// No rows yet.
    public init() {}

    /// Compares weights with what was made of them.
    init(_ weights: UnsafeBufferPointer<Float>, _ restored: UnsafeBufferPointer<Float>) {
        (errors, squares) = Self.sums(weights, restored, nil)
    }

    /// Compares a row with what was made of it, where its columns have an importance.
    init(
        row weights: UnsafeBufferPointer<Float>,
        _ restored: UnsafeBufferPointer<Float>,
        importance: UnsafeBufferPointer<Float>
    ) {
        isWeighted = true
        (errors, squares) = Self.sums(weights, restored, nil)
        (weightedErrors, weightedSquares) = Self.sums(weights, restored, importance)
    }

    /// Squares are added up in single precision over a few hundred weights, in lanes, and those sums in double.
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

/// The losses of a run, slab by slab: whichever thread measures them, they are added in the order of the slabs.
final class LossLedger: Sendable {
    let isOpen: Bool
    private let slabs: [Slab]
    /// For each slab those of its targets.
    private let entries: Mutex<[[QuantizationLoss?]]>

    init(_ slabs: [Slab], isOpen: Bool) {
        self.isOpen = isOpen
        self.slabs = slabs
        entries = Mutex(isOpen ? slabs.map { Array(repeating: nil, count: $0.targets.count) } : [])
    }

    func enter(_ loss: QuantizationLoss, _ slab: Slab, target: Int) {
        entries.withLock { $0[slab.number][target] = loss }
    }

    /// What each tensor of an output lost; nil for those that were copied.
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
