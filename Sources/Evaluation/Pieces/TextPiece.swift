/// A run of a text's windows, one of several of nearly equal size, with which machines share one measurement.
package struct TextPiece: Sendable, Equatable {
    /// The number of the piece, from 0.
    package let number: Int
    /// The number of pieces.
    package let count: Int

    /// The whole text.
    package static let whole = TextPiece(number: 0, count: 1)

    /// - Parameters:
    ///   - number: from 0 up to `count`.
    ///   - count: at least one.
    package init(number: Int, count: Int) {
        precondition(count > 0 && (0..<count).contains(number))
        (self.number, self.count) = (number, count)
    }

    /// Returns its windows, given the total; empty if there are more pieces than windows.
    package func windows(of total: Int) -> Range<Int> {
        let (share, rest) = total.quotientAndRemainder(dividingBy: count)
        let start = number * share + min(number, rest)
        return start..<(start + share + (number < rest ? 1 : 0))
    }
}
