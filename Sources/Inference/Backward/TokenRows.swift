import BlockFormats

/// A row of numbers for each token of a window, or a part of each row.
///
/// Unchecked: `Workers` gives every task its own rows, and the memory belongs to a `ScratchMemory` or a buffer that
/// outlives it.
struct TokenRows: @unchecked Sendable {
    let start: UnsafeMutablePointer<Float>
    /// The distance between rows, in numbers.
    let stride: Int
    /// The number of tokens.
    let count: Int
    /// The number of numbers in a row.
    let width: Int

    /// Returns the address of a token's row.
    subscript(token: Int) -> UnsafeMutablePointer<Float> { start + token * stride }

    /// The rows as the input of a product.
    var source: Rows<UnsafePointer<Float>> { Rows(start: UnsafePointer(start), stride: stride) }

    /// The rows as the output of a product.
    var target: Rows<UnsafeMutablePointer<Float>> { Rows(start: start, stride: stride) }

    /// Returns some columns of each row.
    func columns(_ range: Range<Int>) -> TokenRows {
        precondition(range.lowerBound >= 0 && range.upperBound <= width)
        return TokenRows(start: start + range.lowerBound, stride: stride, count: count, width: range.count)
    }

    /// Returns whole rows of some tokens.
    func tokens(_ range: Range<Int>) -> TokenRows {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        return TokenRows(start: self[range.lowerBound], stride: stride, count: range.count, width: width)
    }

    /// Sets all numbers to zero.
    func clear() {
        for token in 0..<count { self[token].update(repeating: 0, count: width) }
    }

    /// Copies the numbers of rows of the same size.
    func copy(_ other: TokenRows) {
        precondition(count == other.count && width == other.width)
        for token in 0..<count { self[token].update(from: other[token], count: width) }
    }

    /// Adds rows of the same size, each number multiplied by `factor`.
    func add(_ other: TokenRows, times factor: Float = 1) {
        precondition(count == other.count && width == other.width)
        for token in 0..<count {
            let (own, added) = (self[token], other[token])
            for index in 0..<width { own[index] += factor * added[index] }
        }
    }

    /// Multiplies all numbers.
    func multiply(by factor: Float) {
        guard factor != 1 else { return }
        for token in 0..<count {
            let own = self[token]
            for index in 0..<width { own[index] *= factor }
        }
    }
}
