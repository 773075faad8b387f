import Tensors

/// The four-bit grid on which groups of 32 weights lie in a model that was trained to be stored in this form.
///
/// Training for four bits ends with weights that are integer multiples, -8 to 7, of their group's step. The reference
/// uses a group's extreme divided by -8 as the step; if no weight of the group lies at -8, which is most of the time,
/// it rounds a finished grid to another one. This search finds the step: the extreme lies at one of eight levels, and
/// all other weights show whether the level is correct.
enum FourBitLattice {
    /// The largest relative error of a weight: BF16 rounds by up to 1/256, both the weight and the extreme that gives
    /// the step.
    private static let tolerance: Float = 1 / 127
    /// Half the number of levels, which lie at `-half...half - 1`, or mirrored if the step is negative.
    private static let half = 8

    /// The position of a group relative to grids.
    enum Place {
        /// All weights are zero: they lie on any grid and determine none.
        case zeros
        /// The weights lie on multiples of this step.
        case grid(step: Float)
        /// The weights lie on no grid.
        case none
    }

    /// Finds the coarsest grid that 32 weights lie on.
    static func place(of weights: UnsafePointer<Float>) -> Place {
        let extreme = extremeWeight(of: weights)
        guard extreme != 0, extreme.isFinite else { return extreme == 0 ? .zeros : .none }
        for level in 1...half {
            // Only the lower end has eight levels, so the step's sign follows from it.
            let step = extreme / (level == half ? -Float(half) : Float(level))
            guard let fitted = fit(weights, step) else { continue }
            return .grid(step: fitted)
        }
        return .none
    }

    /// - Returns: the step by least squares, in half precision; nil if a weight is too far from all levels.
    private static func fit(_ weights: UnsafePointer<Float>, _ step: Float) -> Float? {
        guard step.isNormal else { return nil }
        var (squares, products): (Float, Float) = (0, 0)
        for index in 0..<32 {
            let weight = weights[index]
            let level = (weight / step).rounded()
            guard level >= -Float(half), level <= Float(half - 1),
                abs(weight - level * step) <= tolerance * abs(weight)
            else { return nil }
            squares += level * level
            products += level * weight
        }
        let fitted = HalfFloat.decode(HalfFloat.encode(products / squares))
        return fitted.isFinite && fitted != 0 ? fitted : nil
    }

    /// Writes a group that lies on a grid as a block of Q4_0.
    static func encode(
        _ weights: UnsafePointer<Float>,
        step: Float,
        into block: UnsafeMutablePointer<UInt8>
    ) {
        block.storeHalf(step, at: 0)
        func level(_ index: Int) -> UInt8 {
            UInt8(max(-Float(half), min(Float(half - 1), (weights[index] / step).rounded())) + Float(half))
        }
        for index in 0..<16 { block[2 + index] = level(index) | level(16 + index) << 4 }
    }
}

extension BlockCodec {
    /// Whether blocks of the type can use a grid that their weights lie on.
    public static func canTakeLattice(_ type: TensorType) -> Bool { type == .q4_0 }

    /// Returns how many groups of 32 weights lie on a grid of four bits, and how many do not; groups of zeros count as
    /// neither.
    /// - Precondition: the weights are whole groups.
    public static func latticeGroups(of weights: UnsafeBufferPointer<Float>) -> (on: Int, off: Int) {
        precondition(weights.count.isMultiple(of: 32), "whole groups")
        guard let first = weights.baseAddress else { return (0, 0) }
        var counts = (on: 0, off: 0)
        for start in stride(from: 0, to: weights.count, by: 32) {
            switch FourBitLattice.place(of: first + start) {
            case .zeros: break
            case .grid: counts.on += 1
            case .none: counts.off += 1
            }
        }
        return counts
    }

    /// Re-encodes blocks of Q4_0 on the grids that their weights lie on; other blocks stay as they were encoded.
    /// - Parameters:
    ///   - bytes: the blocks as `encode` wrote them.
    ///   - weights: the original weights.
    /// - Precondition: the sizes agree.
    public static func takeLattice(
        _ bytes: UnsafeMutableRawBufferPointer,
        of weights: UnsafeBufferPointer<Float>
    ) {
        let size = TensorType.q4_0.block
        precondition(TensorType.q4_0.byteCount(elements: weights.count) == bytes.count, "buffer sizes do not agree")
        guard let first = weights.baseAddress, let blocks = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        else { return }
        for index in 0..<(weights.count / size.elements) {
            let group = first + index * size.elements
            if case .grid(let step) = FourBitLattice.place(of: group) {
                FourBitLattice.encode(group, step: step, into: blocks + index * size.bytes)
            }
        }
    }
}
