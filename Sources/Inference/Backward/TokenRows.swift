import BlockFormats

/// A row of numbers for each token of a window, or a part of each row.
///
/// Unchecked: `Workers` gives every task its own rows, and the memory belongs to a `ScratchMemory` or a buffer that
/// outlives it.
struct TokenRows: @unchecked Sendable {
    let start: UnsafeMutablePointer<Float>
    /// How far apart rows are, in numbers.
    let stride: Int
    /// Tokens.
    let count: Int
    /// Numbers of a row.
    let width: Int

    /// The first number of a token's row.
    subscript(token: Int) -> UnsafeMutablePointer<Float> { start + token * stride }

    /// As a product reads them.
    var source: Rows<UnsafePointer<Float>> { Rows(start: UnsafePointer(start), stride: stride) }

    /// As a product writes them.
    var target: Rows<UnsafeMutablePointer<Float>> { Rows(start: start, stride: stride) }

    /// Some numbers of each row.
    func columns(_ range: Range<Int>) -> TokenRows {
        precondition(range.lowerBound >= 0 && range.upperBound <= width)
        return TokenRows(start: start + range.lowerBound, stride: stride, count: count, width: range.count)
    }

    /// Whole rows of some tokens.
    func tokens(_ range: Range<Int>) -> TokenRows {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        return TokenRows(start: self[range.lowerBound], stride: stride, count: range.count, width: width)
    }

    /// Sets all numbers to zero.
    func clear() {
        for token in 0..<count { self[token].update(repeating: 0, count: width) }
    }

    /// Takes over the numbers of rows of the same size.
    func copy(_ other: TokenRows) {
        precondition(count == other.count && width == other.width)
        for token in 0..<count { self[token].update(from: other[token], count: width) }
    }

    /// Adds rows of the same size, each number times `factor`.
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
