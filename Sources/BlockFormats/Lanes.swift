/// Four independent groups of weights, one per lane: each lane keeps the reference's order of operations, so the result
/// is bit-identical to the reference's. Four, because every x86-64 and arm64 processor has registers for that.
typealias Lanes = SIMD4<Float>
typealias LaneMask = SIMDMask<SIMD4<Int32>>

/// 1.5 * 2^23: adding it leaves no bits after the binary point, so the processor rounds to integers, ties to even.
private let roundingOffset: Float = 12_582_912

extension SIMD4<Float> {
    /// The nearest integers, ties to even, for magnitudes below 2^22.
    @inline(__always)
    var nearest: Self { (self + roundingOffset) - roundingOffset }

    /// The result of the reference's integer conversion for every input, including out-of-range ones: it adds the same
    /// offset but then extracts bits, so that large numbers wrap.
    @inline(__always)
    var nearestWrapping: SIMD4<Int32> {
        let bits = unsafe unsafeBitCast(self + roundingOffset, to: SIMD4<Int32>.self)
        return (bits & 0x7f_ffff) &- 0x40_0000
    }

    /// Integers of small magnitude as floating-point numbers.
    @inline(__always)
    init(small integers: SIMD4<Int32>) {
        self = unsafe unsafeBitCast(integers &+ 0x4b40_0000, to: SIMD4<Float>.self) - roundingOffset
    }

    /// Numbers of small magnitude and without fraction, as integers.
    @inline(__always)
    var smallIntegers: SIMD4<Int32> { nearestWrapping }

    @inline(__always)
    var magnitude: Self {
        unsafe unsafeBitCast(
            unsafeBitCast(self, to: SIMD4<UInt32>.self) & 0x7fff_ffff,
            to: SIMD4<Float>.self
        )
    }

    /// The numbers with opposite signs, including that of zero: the standard library's `-` subtracts from zero and
    /// loses it.
    @inline(__always)
    var negated: Self {
        unsafe unsafeBitCast(
            unsafeBitCast(self, to: SIMD4<UInt32>.self) ^ 0x8000_0000,
            to: SIMD4<Float>.self
        )
    }

    /// Clamps to `lower ... upper`; NaN becomes `lower`, as in the reference, whose conversion turns NaN into zero.
    @inline(__always)
    func clamped(_ lower: Float, _ upper: Float) -> Self {
        let low = Self(repeating: lower)
        let high = Self(repeating: upper)
        let raised = low.replacing(with: self, where: self .> low)
        return raised.replacing(with: high, where: raised .> high)
    }

    /// Returns the lanes of `other` if `mask` is set, otherwise those of this value.
    @inline(__always)
    mutating func take(_ other: Self, where mask: LaneMask) {
        replace(with: other, where: mask)
    }
}

extension SIMD4<Int32> {
    @inline(__always)
    func clamped(_ lower: Int32, _ upper: Int32) -> Self {
        let low = Self(repeating: lower)
        let high = Self(repeating: upper)
        let raised = replacing(with: low, where: self .< low)
        return raised.replacing(with: high, where: raised .> high)
    }
}

/// The weights of four groups, element by element: `tile[i]` contains element `i` of each group.
typealias Tile = UnsafeMutablePointer<Lanes>

/// Gathers four consecutive groups of `count` weights.
@inline(__always)
func transpose(_ weights: UnsafePointer<Float>, count: Int, into tile: Tile) {
    for index in 0..<count {
        tile[index] = Lanes(
            weights[index],
            weights[count + index],
            weights[2 * count + index],
            weights[3 * count + index]
        )
    }
}

/// Returns one number after the reference's integer conversion, including wrapping.
@inline(__always)
func nearestWrapping(_ value: Float) -> Int32 {
    Int32(bitPattern: (value + roundingOffset).bitPattern & 0x7f_ffff) &- 0x40_0000
}

/// Returns the number itself if it is positive, otherwise zero without a sign.
@inline(__always)
func positive(_ value: Float) -> Float { value > 0 ? value : 0 }

/// Calls `body` with uninitialized memory for `count` elements on the stack.
@inline(__always)
func withScratch<Element>(_: Element.Type, count: Int, _ body: (UnsafeMutablePointer<Element>) -> Void) {
    withUnsafeTemporaryAllocation(of: Element.self, capacity: count) { body($0.baseAddress!) }
}
