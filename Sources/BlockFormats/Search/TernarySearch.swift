/// Finds the contents of IQ1 formats for a group of weights: `weight ≈ scale * (digit - 1 ± 1/8)`; the digits `0 ... 2`
/// of eight weights together are a point of the grid.
///
/// The method is that of llama.cpp's IQ1 quantizers: try all splits of the sorted weights into three runs, then replace
/// each eight digits that are not a point by the cheapest neighbour.
enum TernarySearch {
    /// Three runs of the sorted weights.
    struct Split {
        /// The start of the second run, followed by that of the third.
        var second: Int
        var third: Int
        var scale: Float
        /// Whether 1/8 is subtracted instead of added, in the group's first and second half.
        var isLow: (Bool, Bool)
    }

    /// The values of the digits.
    static let high: [Float] = [-0.875, 0.125, 1.125]
    static let low: [Float] = [-1.125, -0.125, 0.875]

    /// Computes the indices of the weights in ascending order; among equals, the earlier first.
    static func sort(_ x: UnsafePointer<Float>, count: Int, into order: UnsafeMutablePointer<UInt8>) {
        for place in 0..<count {
            var target = place
            while target > 0, x[Int(order[target - 1])] > x[place] {
                order[target] = order[target - 1]
                target -= 1
            }
            order[target] = UInt8(place)
        }
    }

    /// Returns the largest magnitude of the weights.
    static func greatestMagnitude(_ x: UnsafePointer<Float>, count: Int) -> Float {
        var greatest = x[0].magnitude
        for place in 1..<count where x[place].magnitude > greatest { greatest = x[place].magnitude }
        return greatest
    }

    /// Converts a split to points.
    /// - Parameters:
    ///   - split: its scale becomes that of the points and is no longer negative.
    ///   - numbers: receives a point's number for every eight weights.
    /// - Returns: false for numbers that the reference rejects.
    static func settle(
        _ split: inout Split,
        _ x: UnsafePointer<Float>,
        weights: UnsafePointer<Float>,
        count: Int,
        order: UnsafePointer<UInt8>,
        numbers: UnsafeMutablePointer<UInt16>
    ) -> Bool {
        // A negative scale reverses everything.
        let turned = split.scale < 0
        if turned {
            split.scale = -split.scale
            split.isLow = (!split.isLow.0, !split.isLow.1)
        }
        var isOnGrid = true
        var isDone = true
        withScratch(Float.self, count: DigitCosts.count) { scratch in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count) { digits in
                for rank in 0..<count {
                    let digit: UInt8 = rank < split.second ? 0 : rank < split.third ? 1 : 2
                    digits[Int(order[rank])] = turned ? 2 - digit : digit
                }
                for point in 0..<(count / 8) {
                    let start = point * 8
                    let cell = (0..<8).reversed().reduce(0) { $0 * 3 + Int(digits[start + $1]) }
                    var place = neighbours.places[cell]
                    if place < 0 {
                        isOnGrid = false
                        let costs = DigitCosts(scratch: scratch)
                        values(split, point, count).withUnsafeBufferPointer {
                            costs.fill(
                                neighbours.grid,
                                x: x + start,
                                weights: weights + start,
                                scale: split.scale,
                                values: $0.baseAddress!
                            )
                        }
                        guard let cheapest = costs.cheapest(neighbours, at: place) else {
                            isDone = false
                            return
                        }
                        place = neighbours.places[neighbours.grid.cell(packed: cheapest)]
                    }
                    numbers[point] = UInt16(truncatingIfNeeded: place)
                }
            }
        }
        guard isDone else { return false }
        if !isOnGrid {
            var sums = (qx: Float(0), q2: Float(0))
            for point in 0..<(count / 8) {
                add(x + point * 8, weights + point * 8, numbers[point], values(split, point, count), to: &sums)
            }
            if sums.qx > 0, sums.q2 > 0 { split.scale = sums.qx / sums.q2 }
        }
        return split.scale >= 0
    }

    /// Adds eight weights and their point to the sums of a least-squares fit.
    @inline(__always)
    static func add(
        _ x: UnsafePointer<Float>,
        _ weights: UnsafePointer<Float>,
        _ number: UInt16,
        _ values: [Float],
        factor: Float = 1,
        to sums: inout (qx: Float, q2: Float)
    ) {
        let packed = neighbours.grid.points[Int(number)]
        for place in 0..<8 {
            let w = weights[place]
            let q = values[neighbours.grid.digit(place, of: packed)] * factor
            sums.qx += w * q * x[place]
            sums.q2 += w * q * q
        }
    }

    /// Returns the values of the digits of a group's point; of two points, the second is in the second half.
    @inline(__always)
    static func values(_ split: Split, _ point: Int, _ count: Int) -> [Float] {
        (point < count / 16 ? split.isLow.0 : split.isLow.1) ? low : high
    }

    private static let neighbours = GridNeighbours.iq1
}
