/// The contents of an IQ2 or IQ3 block, besides its scale.
struct GridBlock {
    /// The numbers of points: 32, or 64 if a point represents four weights.
    let numbers: UnsafeMutablePointer<UInt16>
    /// The signs of eight weights each.
    let signs: UnsafeMutablePointer<UInt8>
    /// The scales of the groups, four bits each: `scale * (2 * level + 1)`.
    let levels: UnsafeMutablePointer<UInt8>

    /// Calls `body` with memory for a block on the stack.
    @inline(__always)
    static func withRoom(_ body: (GridBlock) -> Void) {
        withUnsafeTemporaryAllocation(of: UInt16.self, capacity: 64) { numbers in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 48) { bytes in
                let signs = bytes.baseAddress!
                body(GridBlock(numbers: numbers.baseAddress!, signs: signs, levels: signs + 32))
            }
        }
    }

    /// Returns the part that begins with weight `start`.
    func group(at start: Int, _ grid: Grid) -> GridBlock {
        GridBlock(numbers: numbers + start / grid.dimension, signs: signs + start / 8, levels: levels)
    }

    /// - Returns: the block's scale; the groups' scales are odd multiples of it.
    func storeLevels(of scales: UnsafePointer<Float>, count: Int, greatest: Float) -> Float {
        for index in 0..<count { levels[index] = 0 }
        guard greatest > 0 else { return 0 }
        let scale = greatest / 31
        let inverse = 1 / scale
        for index in 0..<count {
            let level = nearestWrapping(0.5 * (inverse * scales[index] - 1))
            levels[index] = UInt8(max(0, min(15, level)))
        }
        return scale
    }
}

extension UnsafeMutablePointer<UInt8> {
    /// Makes a block unusable, for weights at which the reference stops the program.
    func giveUp(count: Int, halfAt offset: Int) {
        update(repeating: 0, count: count)
        storeHalf(.nan, at: offset)
    }

    @inline(__always)
    func store<Number: FixedWidthInteger>(_ number: Number, at offset: Int) {
        UnsafeMutableRawPointer(self).storeBytes(of: number.littleEndian, toByteOffset: offset, as: Number.self)
    }

    /// Stores four-bit numbers, the even ones in the lower halves.
    @inline(__always)
    func storeNibbles(_ numbers: UnsafePointer<UInt8>, count: Int, at offset: Int) {
        for index in 0..<(count / 2) { self[offset + index] = numbers[2 * index] | numbers[2 * index + 1] << 4 }
    }
}

extension UnsafePointer<UInt8> {
    @inline(__always)
    func load<Number: FixedWidthInteger>(_: Number.Type, at offset: Int) -> Number {
        Number(littleEndian: UnsafeRawPointer(self).loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}
