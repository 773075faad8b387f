import Tensors

/// One block format: the conversion of a run of weights to bytes and back. Each format has its own file in `Formats/`.
///
/// `encode` repeats the reference's arithmetic operation by operation, in single precision and in the same order, so
/// that the bytes are identical to the reference's; it may run several independent groups in the lanes of a vector.
protocol BlockFormat {
    static var type: TensorType { get }

    /// The byte offsets of a block's half-precision scales, which must be finite for the block to be usable.
    static var halfOffsets: [Int] { get }

    /// Writes the block's `type.block.elements` weights.
    static func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>)

    /// Reads `type.block.elements` finite weights and writes all `type.block.bytes` bytes of the block.
    static func encode(_ weights: UnsafePointer<Float>, into block: UnsafeMutablePointer<UInt8>)

    /// Encodes a row with the importance of its columns. Formats without a choice ignore the importance.
    static func encode(
        row: UnsafeBufferPointer<Float>,
        _ importance: RowImportance,
        into blocks: UnsafeMutableRawBufferPointer
    )

    // Runs of blocks. The formats inherit these, but as requirements each format gets its own specialized copy, so
    // choosing a format at run time costs only one dynamic call per run.
    static func decode(blocks: UnsafeRawBufferPointer, into weights: UnsafeMutableBufferPointer<Float>)
    static func encode(weights: UnsafeBufferPointer<Float>, into blocks: UnsafeMutableRawBufferPointer)
    static func isUsable(blocks: UnsafeRawBufferPointer) -> Bool
}

extension BlockFormat {
    static func decode(blocks: UnsafeRawBufferPointer, into weights: UnsafeMutableBufferPointer<Float>) {
        guard var block = blocks.baseAddress?.assumingMemoryBound(to: UInt8.self), var weight = weights.baseAddress
        else { return }
        for _ in 0..<(blocks.count / type.block.bytes) {
            decode(block, into: weight)
            block += type.block.bytes
            weight += type.block.elements
        }
    }

    static func encode(
        row: UnsafeBufferPointer<Float>,
        _ importance: RowImportance,
        into blocks: UnsafeMutableRawBufferPointer
    ) {
        encode(weights: row, into: blocks)
    }

    /// Calls `body` with each block's weights, the column of the first, and the block's destination.
    @inline(__always)
    static func forEachBlock(
        _ row: UnsafeBufferPointer<Float>,
        _ blocks: UnsafeMutableRawBufferPointer,
        _ body: (UnsafePointer<Float>, Int, UnsafeMutablePointer<UInt8>) -> Void
    ) {
        guard let weights = row.baseAddress, let bytes = blocks.baseAddress?.assumingMemoryBound(to: UInt8.self)
        else { return }
        for index in 0..<(row.count / type.block.elements) {
            let column = index * type.block.elements
            body(weights + column, column, bytes + index * type.block.bytes)
        }
    }

    static func isUsable(blocks: UnsafeRawBufferPointer) -> Bool {
        let offsets = halfOffsets
        for block in stride(from: 0, to: blocks.count, by: type.block.bytes) {
            for offset in offsets {
                let bits = blocks.loadUnaligned(fromByteOffset: block + offset, as: UInt16.self)
                if bits & 0x7c00 == 0x7c00 { return false }
            }
        }
        return true
    }

    static func encode(weights: UnsafeBufferPointer<Float>, into blocks: UnsafeMutableRawBufferPointer) {
        guard var block = blocks.baseAddress?.assumingMemoryBound(to: UInt8.self), var weight = weights.baseAddress
        else { return }
        for _ in 0..<(weights.count / type.block.elements) {
            encode(weight, into: block)
            block += type.block.bytes
            weight += type.block.elements
        }
    }
}
