/// A format whose encoder is one procedure with and without an importance matrix: all differences are inside a block.
protocol WeightedFormat: BlockFormat {
    /// Encodes a block as `encode(_:into:)` does.
    /// - Parameter importance: the importance of columns, with the column of the block's first weight; nil without an
    ///   importance matrix.
    static func encode(
        _ weights: UnsafePointer<Float>,
        _ importance: (row: RowImportance, column: Int)?,
        into block: UnsafeMutablePointer<UInt8>
    )
}

extension WeightedFormat {
    static func encode(_ weights: UnsafePointer<Float>, into block: UnsafeMutablePointer<UInt8>) {
        encode(weights, nil, into: block)
    }

    static func encode(
        row: UnsafeBufferPointer<Float>,
        _ importance: RowImportance,
        into blocks: UnsafeMutableRawBufferPointer
    ) {
        forEachBlock(row, blocks) { encode($0, (importance, $1), into: $2) }
    }
}
