/// A block taken apart into what its bytes say: `weight = scale * groupScale * level - minimum * groupMinimum`.
struct ScaledBlock {
    /// The two half-precision numbers of the block, as single precision.
    var scale: Float = 0
    var minimum: Float = 0
    /// A whole number for each group; what formats without groups' own scales and minimums leave as it is.
    var groupScales = SIMD16<Int32>.one
    var groupMinimums = SIMD16<Int32>.zero
}

/// What a `ScaledBlock` of a format may hold.
struct ScaledLayout {
    /// Weights in a group; groups lie one after the other.
    let groupSize: Int
    let levels: ClosedRange<Int32>
    /// One value where the format stores no scales for groups.
    var groupScales: ClosedRange<Int32> = 1...1
    /// One value where the format stores no minimums for groups: 0 for none at all, -1 where the block's own is added.
    var groupMinimums: ClosedRange<Int32> = 0...0
}

/// A format whose blocks can be taken apart into scales and levels, and put together again.
protocol ScaledFormat: BlockFormat {
    static var layout: ScaledLayout { get }

    static func scales(of block: UnsafePointer<UInt8>) -> ScaledBlock

    /// Writes all bytes of a block.
    /// - Parameters:
    ///   - scaled: its two halves are numbers that half precision holds.
    ///   - stored: for each weight its level above the lowest one; overwritten.
    static func store(
        _ scaled: ScaledBlock,
        _ stored: UnsafeMutablePointer<UInt8>,
        into block: UnsafeMutablePointer<UInt8>
    )
}
