/// What an IQ2 or IQ3 block stores besides its scale.
struct GridBlock {
    /// Numbers of points: 32, or 64 where a point stands for four weights.
    let numbers: UnsafeMutablePointer<UInt16>
    /// Signs of eight weights each.
    let signs: UnsafeMutablePointer<UInt8>
    /// Scales of the groups, four bits each: `scale * (2 * level + 1)`.
    let levels: UnsafeMutablePointer<UInt8>

    /// Runs `body` with room for a block on the stack.
    @inline(__always)
    static func withRoom(_ body: (GridBlock) -> Void) {
        withUnsafeTemporaryAllocation(of: UInt16.self, capacity: 64) { numbers in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 48) { bytes in
                let signs = bytes.baseAddress!
                body(GridBlock(numbers: numbers.baseAddress!, signs: signs, levels: signs + 32))
            }
        }
    }

    /// The part that begins with weight `start`.
    func group(at start: Int, _ grid: Grid) -> GridBlock {
        GridBlock(numbers: numbers + start / grid.dimension, signs: signs + start / 8, levels: levels)
    }

    /// - Returns: the block's scale, of which the groups' scales are odd multiples.
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
    /// Makes a block unusable, for weights that the reference stops the program for.
    func giveUp(count: Int, halfAt offset: Int) {
        update(repeating: 0, count: count)
        storeHalf(.nan, at: offset)
    }

    @inline(__always)
    func store<Number: FixedWidthInteger>(_ number: Number, at offset: Int) {
        UnsafeMutableRawPointer(self).storeBytes(of: number.littleEndian, toByteOffset: offset, as: Number.self)
    }

    /// Stores numbers of four bits, the even ones in the lower halves.
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
