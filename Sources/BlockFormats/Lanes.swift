/// Four independent groups of weights, one a lane: each lane keeps the reference's order of operations, so the result
/// is the reference's to the bit. Four because that is what every x86-64 and arm64 processor has registers for.
typealias Lanes = SIMD4<Float>
typealias LaneMask = SIMDMask<SIMD4<Int32>>

/// 1.5 * 2^23: adding it leaves no bits behind the binary point, so the processor rounds to whole numbers, ties to even.
private let roundingOffset: Float = 12_582_912

extension SIMD4<Float> {
    /// The nearest whole numbers, ties to even, for magnitudes below 2^22.
    @inline(__always)
    var nearest: Self { (self + roundingOffset) - roundingOffset }

    /// The whole numbers of the reference's integer conversion for every input, out-of-range ones included: it adds
    /// the same offset but then takes bits, so that large numbers wrap.
    @inline(__always)
    var nearestWrapping: SIMD4<Int32> {
        let bits = unsafe unsafeBitCast(self + roundingOffset, to: SIMD4<Int32>.self)
        return (bits & 0x7f_ffff) &- 0x40_0000
    }

    /// Whole numbers of small magnitude as floating-point numbers.
    @inline(__always)
    init(small integers: SIMD4<Int32>) {
        self = unsafe unsafeBitCast(integers &+ 0x4b40_0000, to: SIMD4<Float>.self) - roundingOffset
    }

    /// Whole numbers of small magnitude as integers.
    @inline(__always)
    var smallIntegers: SIMD4<Int32> { nearestWrapping }

    @inline(__always)
    var magnitude: Self {
        unsafe unsafeBitCast(
            unsafeBitCast(self, to: SIMD4<UInt32>.self) & 0x7fff_ffff,
            to: SIMD4<Float>.self
        )
    }

    /// The numbers with their signs turned, zero's too: the standard library's `-` subtracts from zero and loses that.
    @inline(__always)
    var negated: Self {
        unsafe unsafeBitCast(
            unsafeBitCast(self, to: SIMD4<UInt32>.self) ^ 0x8000_0000,
            to: SIMD4<Float>.self
        )
    }

    /// Limits to `lower ... upper`; NaN becomes `lower`, as in the reference, whose conversion turns NaN to zero.
    @inline(__always)
    func clamped(_ lower: Float, _ upper: Float) -> Self {
        let low = Self(repeating: lower)
        let high = Self(repeating: upper)
        let raised = low.replacing(with: self, where: self .> low)
        return raised.replacing(with: high, where: raised .> high)
    }

    /// The lanes of `other` where `mask` is set, otherwise this value's.
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

/// Weights of four groups, element by element: `tile[i]` holds element `i` of each group.
typealias Tile = UnsafeMutablePointer<Lanes>

/// Gathers four groups of `count` weights that lie one after the other.
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

/// One number as the reference's integer conversion gives it, wrapping included.
@inline(__always)
func nearestWrapping(_ value: Float) -> Int32 {
    Int32(bitPattern: (value + roundingOffset).bitPattern & 0x7f_ffff) &- 0x40_0000
}

/// The number itself where it is positive, otherwise zero without a sign.
@inline(__always)
func positive(_ value: Float) -> Float { value > 0 ? value : 0 }

/// Runs `body` with uninitialized room for `count` elements on the stack.
@inline(__always)
func withScratch<Element>(_: Element.Type, count: Int, _ body: (UnsafeMutablePointer<Element>) -> Void) {
    withUnsafeTemporaryAllocation(of: Element.self, capacity: count) { body($0.baseAddress!) }
}
