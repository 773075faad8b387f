/// A grid's points in the layout for the search for the cheapest: place by place, with the points adjacent.
struct FeedbackGrid: Sendable {
    /// The number of weights in a point.
    let dimension: Int
    let count: Int
    /// (dimension, count)
    private let values: [Float]

    /// The bit of a code that marks a negative weight.
    static let negative: UInt16 = 0x8000

    init(_ grid: Grid) {
        dimension = grid.dimension
        count = grid.points.count
        precondition(count.isMultiple(of: 8))
        values = (0..<grid.dimension).flatMap { place in
            grid.points.indices.map { grid.values[$0 * grid.dimension + place] }
        }
    }

    static func number(in code: UInt16) -> UInt16 { code & ~negative }

    /// Returns the signs of eight weights, as the formats store them.
    static func signs(in codes: UnsafePointer<UInt16>) -> UInt8 {
        (0..<8).reduce(0) { $0 | (codes[$1] & negative == 0 ? 0 : 1 << UInt8($1)) }
    }

    /// Returns the value at a place of a point.
    func value(_ place: Int, of point: Int) -> Float { values[place * count + point] }

    /// Computes the weighted squares of all points: their costs if every weight is zero.
    func squares(counting counts: UnsafePointer<Float>, into squares: UnsafeMutablePointer<Float>) {
        values.withUnsafeBufferPointer { values in
            for point in 0..<count {
                var sum: Float = 0
                for place in 0..<dimension {
                    let value = values[place * count + point]
                    sum += counts[place] * value * value
                }
                squares[point] = sum
            }
        }
    }

    /// Returns the cheapest point for some magnitudes; among equals, the first.
    /// - Parameters:
    ///   - products: for each place, twice the magnitude times the importance.
    ///   - squares: the result of `squares` for the same importance.
    func cheapest(_ products: UnsafePointer<Float>, _ squares: UnsafePointer<Float>) -> Int {
        values.withUnsafeBufferPointer { values in
            guard let values = values.baseAddress else { return 0 }
            var best = SIMD8<Float>(repeating: .infinity)
            var found = SIMD8<Int32>.zero
            var numbers = SIMD8<Int32>(0, 1, 2, 3, 4, 5, 6, 7)
            for first in stride(from: 0, to: count, by: 8) {
                var cost = Self.eight(squares + first)
                for place in 0..<dimension { cost -= products[place] * Self.eight(values + place * count + first) }
                let isBetter = cost .< best
                best.replace(with: cost, where: isBetter)
                found.replace(with: numbers, where: isBetter)
                numbers &+= 8
            }
            var (least, number) = (Float.infinity, Int32.max)
            for lane in 0..<8 where best[lane] < least || best[lane] == least && found[lane] < number {
                (least, number) = (best[lane], found[lane])
            }
            // If the weights are NaN, nothing is cheaper than infinity; any point is acceptable.
            return number == .max ? 0 : Int(number)
        }
    }

    @inline(__always)
    private static func eight(_ numbers: UnsafePointer<Float>) -> SIMD8<Float> {
        UnsafeRawPointer(numbers).loadUnaligned(as: SIMD8<Float>.self)
    }
}
