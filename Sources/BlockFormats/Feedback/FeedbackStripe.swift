/// Rounds 32 weights of a row one after the other; each one's error changes those after it.
struct FeedbackStripe {
    private static let count = FeedbackBlocks.stripe
    /// The midpoints between the uneven values.
    private static let middles: [Float] = zip(UnevenSearch.values, UnevenSearch.values.dropFirst()).map {
        ($0 + $1) / 2
    }

    let factors: MatrixPart<UnsafePointer<Float>>
    let squares: UnsafeMutablePointer<Float>?
    /// The importance of each column's squared error while those after it are free: the reciprocal of U's squared
    /// diagonal.
    private var counts = SIMD32<Float>.zero

    /// The data of one row's weights.
    struct Row {
        let weights: UnsafeMutablePointer<Float>
        let steps: UnsafePointer<Float>
        let offsets: UnsafePointer<Float>
        let codes: UnsafeMutablePointer<UInt16>
        let errors: UnsafeMutablePointer<Float>
    }

    init(factors: MatrixPart<UnsafePointer<Float>>, squares: UnsafeMutablePointer<Float>?) {
        (self.factors, self.squares) = (factors, squares)
    }

    private func diagonal(_ column: Int) -> Float { factors.start[column * factors.stride + column] }

    func roundEvenly(_ row: Row, _ levels: ClosedRange<Int32>) {
        let (lower, upper) = (Float(levels.lowerBound), Float(levels.upperBound))
        for column in 0..<Self.count {
            let (step, offset) = (row.steps[column], row.offsets[column])
            let wanted = step == 0 ? 0 : (row.weights[column] - offset) / step
            // NaN becomes the lowest level.
            let level = nearest(min(upper, max(wanted, lower)))
            row.codes[column] = UInt16(truncatingIfNeeded: Int32(level) - levels.lowerBound)
            settle(row, column, step * level + offset)
        }
    }

    func roundUnevenly(_ row: Row) {
        Self.middles.withUnsafeBufferPointer { middles in
            UnevenSearch.values.withUnsafeBufferPointer { values in
                for column in 0..<Self.count {
                    let step = row.steps[column]
                    let wanted = step == 0 ? 0 : row.weights[column] / step
                    // Four halvings replace fifteen comparisons.
                    var code = wanted > middles[7] ? 8 : 0
                    code += wanted > middles[code + 3] ? 4 : 0
                    code += wanted > middles[code + 1] ? 2 : 0
                    code += wanted > middles[code] ? 1 : 0
                    row.codes[column] = UInt16(code)
                    settle(row, column, step * values[code])
                }
            }
        }
    }

    /// Computes the costs of all points, for every point's columns.
    mutating func prepare(_ grid: FeedbackGrid) {
        for column in 0..<Self.count { counts[column] = 1 / (diagonal(column) * diagonal(column)) }
        guard let squares else { return }
        withUnsafeBytes(of: counts) { counts in
            guard let counts = counts.baseAddress?.assumingMemoryBound(to: Float.self) else { return }
            for first in stride(from: 0, to: Self.count, by: grid.dimension) {
                grid.squares(counting: counts + first, into: squares + first / grid.dimension * grid.count)
            }
        }
    }

    /// Chooses the weights of a point together, by the importance of each column; then applies their errors one by one.
    func round(_ row: Row, to grid: FeedbackGrid) {
        guard let squares else { return }
        withScratch(Float.self, count: 8) { products in
            for first in stride(from: 0, to: Self.count, by: grid.dimension) {
                // All weights of a point belong to one group.
                let step = row.steps[first]
                for place in 0..<grid.dimension {
                    let magnitude = step == 0 ? 0 : row.weights[first + place].magnitude / step.magnitude
                    products[place] = 2 * counts[first + place] * magnitude
                }
                let point = grid.cheapest(products, squares + first / grid.dimension * grid.count)
                for place in 0..<grid.dimension {
                    let column = first + place
                    // The sign is part of the choice: errors within the point come too late for it.
                    let isNegative = (row.weights[column] < 0) != (step < 0)
                    let rounded = step * grid.value(place, of: point)
                    products[place] = isNegative ? -rounded : rounded
                    row.codes[column] = UInt16(point) | (isNegative ? FeedbackGrid.negative : 0)
                }
                for place in 0..<grid.dimension { settle(row, first + place, products[place]) }
            }
        }
    }

    /// Applies the error of a weight that became `rounded` to those after it.
    @inline(__always)
    private func settle(_ row: Row, _ column: Int, _ rounded: Float) {
        let factors = self.factors.start + column * self.factors.stride
        let error = (rounded - row.weights[column]) / factors[column]
        row.errors[column] = error
        // U is zero to the left of its diagonal, so whole vectors may be used; this column itself is no longer needed.
        for first in stride(from: column / 8 * 8, to: Self.count, by: 8) {
            let place = UnsafeMutableRawPointer(row.weights + first)
            let moved = place.loadUnaligned(as: SIMD8<Float>.self) + error * Self.eight(factors + first)
            place.storeBytes(of: moved, as: SIMD8<Float>.self)
        }
    }

    @inline(__always)
    private static func eight(_ numbers: UnsafePointer<Float>) -> SIMD8<Float> {
        UnsafeRawPointer(numbers).loadUnaligned(as: SIMD8<Float>.self)
    }

    /// Returns the nearest integer, ties to even, for magnitudes below 2^22.
    @inline(__always)
    private func nearest(_ value: Float) -> Float { (value + 12_582_912) - 12_582_912 }
}
