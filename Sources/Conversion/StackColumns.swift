/// The columns of each matrix in a stack to take.
package enum StackColumns: Sendable, Equatable {
    case all
    /// The columns of the first or the second half.
    case half(isSecond: Bool)
    /// Every other column, starting from the first or the second.
    case alternating(isSecond: Bool)

    /// Whether this number of columns can be divided so.
    func divides(_ count: Int) -> Bool { self == .all || count.isMultiple(of: 2) }

    /// How many of `count` columns are taken.
    func count(of count: Int) -> Int { self == .all ? count : count / 2 }

    /// The source column for a column of the output, of `count` in the source.
    package func source(of place: Int, count: Int) -> Int {
        switch self {
        case .all: place
        case .half(let isSecond): place + (isSecond ? count / 2 : 0)
        case .alternating(let isSecond): 2 * place + (isSecond ? 1 : 0)
        }
    }
}
