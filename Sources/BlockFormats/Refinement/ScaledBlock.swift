/// The decoded parts of a block: `weight = scale * groupScale * level - minimum * groupMinimum`.
struct ScaledBlock {
    /// The two half-precision numbers of the block, as single precision.
    var scale: Float = 0
    var minimum: Float = 0
    /// An integer for each group; not changed by formats without scales and minimums for groups.
    var groupScales = SIMD16<Int32>.one
    var groupMinimums = SIMD16<Int32>.zero
}

/// The possible values in a format's `ScaledBlock`.
struct ScaledLayout {
    /// The number of weights in a group; groups are consecutive.
    let groupSize: Int
    let levels: ClosedRange<Int32>
    /// The range of group scales; one value if the format stores none.
    var groupScales: ClosedRange<Int32> = 1...1
    /// The range of group minimums; one value if the format stores none: 0 for no minimum at all, -1 if the block's own
    /// is added.
    var groupMinimums: ClosedRange<Int32> = 0...0
}

/// A format whose blocks can be separated into scales and levels, and reassembled.
protocol ScaledFormat: BlockFormat {
    static var layout: ScaledLayout { get }

    static func scales(of block: UnsafePointer<UInt8>) -> ScaledBlock

    /// Writes all bytes of a block.
    /// - Parameters:
    ///   - scaled: its scale and minimum are representable in half precision.
    ///   - stored: the level of each weight above the lowest one; overwritten.
    static func store(
        _ scaled: ScaledBlock,
        _ stored: UnsafeMutablePointer<UInt8>,
        into block: UnsafeMutablePointer<UInt8>
    )
}
