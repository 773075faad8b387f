/// The points of an IQ format, each of which represents eight or four weights.
///
/// A point is a row of digits, and a digit represents a magnitude. Any row of digits, point or not, is a *cell*; a
/// cell's number is its digits read in the grid's base, the least significant first.
struct Grid: Sendable {
    /// The number of digits in a point.
    let dimension: Int
    /// The number of different digits: three, or eight.
    let radix: Int
    /// The points' digits, packed with `digitBits` each, the first lowest.
    let points: [UInt16]
    /// The magnitudes of the points' digits, `dimension` per point.
    let values: [Float]

    /// - Parameters:
    ///   - cells: a bit for each cell, set if it is a point.
    ///   - levels: the magnitude of each digit.
    init(cells: [UInt64], dimension: Int, levels: [Int8]) {
        self.dimension = dimension
        radix = levels.count
        var points: [UInt16] = []
        var values: [Float] = []
        for cell in 0..<(cells.count * 64) where cells[cell / 64] >> UInt64(cell % 64) & 1 != 0 {
            let digits = Self.digits(of: cell, dimension: dimension, radix: levels.count)
            points.append(Self.packed(digits, radix: levels.count))
            values += digits.map { Float(levels[$0]) }
        }
        self.points = points
        self.values = values
    }

    static let iq1 = Grid(cells: GridData.iq1, dimension: 8, levels: GridData.iq1Levels)
    static let iq2_xxs = Grid(cells: GridData.iq2_xxs, dimension: 8, levels: GridData.iq2_xxsLevels)
    static let iq2_xs = Grid(cells: GridData.iq2_xs, dimension: 8, levels: GridData.iq2_xsLevels)
    static let iq2_s = Grid(cells: GridData.iq2_s, dimension: 8, levels: GridData.iq2_sLevels)
    static let iq3_xxs = Grid(cells: GridData.iq3_xxs, dimension: 4, levels: GridData.iq3_xxsLevels)
    static let iq3_s = Grid(cells: GridData.iq3_s, dimension: 4, levels: GridData.iq3_sLevels)

    /// The number of bits in a packed digit.
    var digitBits: Int { Self.digitBits(radix: radix) }

    var cellCount: Int { (0..<dimension).reduce(1) { count, _ in count * radix } }

    /// Returns the number of the cell with these packed digits.
    @inline(__always)
    func cell(packed: UInt16) -> Int {
        var cell = 0
        for place in (0..<dimension).reversed() { cell = cell * radix + digit(place, of: packed) }
        return cell
    }

    @inline(__always)
    func digit(_ place: Int, of packed: UInt16) -> Int {
        Int(packed >> UInt16(place * digitBits)) & (1 << digitBits - 1)
    }

    static func digits(of cell: Int, dimension: Int, radix: Int) -> [Int] {
        var rest = cell
        return (0..<dimension).map { _ in
            defer { rest /= radix }
            return rest % radix
        }
    }

    private static func packed(_ digits: [Int], radix: Int) -> UInt16 {
        digits.enumerated().reduce(0) { $0 | UInt16($1.element) << UInt16($1.offset * digitBits(radix: radix)) }
    }

    private static func digitBits(radix: Int) -> Int { radix == 3 ? 2 : 3 }
}

extension Grid {
    /// Writes the weights of a point: `scale * value`, negative if the sign's bit is set.
    @inline(__always)
    func decode(_ point: Int, scale: Float, signs: UInt8, into weights: UnsafeMutablePointer<Float>) {
        for four in stride(from: 0, to: dimension, by: 4) {
            let bits = SIMD4<UInt32>(1, 2, 4, 8) &<< UInt32(four)
            let isNegative = (SIMD4(repeating: UInt32(signs)) & bits) .== bits
            let values = fourValues(at: point * dimension + four) * scale
            UnsafeMutableRawPointer(weights + four)
                .storeBytes(of: values.replacing(with: values.negated, where: isNegative), as: Lanes.self)
        }
    }

    /// Writes the weights of a point with three levels, all of which are shifted by an eighth.
    @inline(__always)
    func decodeShifted(_ point: Int, scale: Float, isLow: Bool, into weights: UnsafeMutablePointer<Float>) {
        for four in [0, 4] {
            let values = fourValues(at: point * 8 + four) + (isLow ? -0.125 : 0.125)
            UnsafeMutableRawPointer(weights + four).storeBytes(of: values * scale, as: Lanes.self)
        }
    }

    @inline(__always)
    private func fourValues(at index: Int) -> Lanes {
        precondition(index + 4 <= values.count)
        return values.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: index * 4, as: Lanes.self) }
    }

    /// Returns eight signs from seven: the number of minus signs is even.
    @inline(__always)
    static func evenSigns(_ seven: UInt8) -> UInt8 { seven | UInt8(truncatingIfNeeded: seven.nonzeroBitCount & 1) << 7 }
}
