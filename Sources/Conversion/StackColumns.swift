/// Which columns of each matrix in a stack are taken.
package enum StackColumns: Sendable, Equatable {
    case all
    /// Those of the first or the second half.
    case half(isSecond: Bool)
    /// Every other one, from the first or the second on.
    case alternating(isSecond: Bool)

    /// Whether so many columns can be shared out.
    func divides(_ count: Int) -> Bool { self == .all || count.isMultiple(of: 2) }

    /// How many of `count` are taken.
    func count(of count: Int) -> Int { self == .all ? count : count / 2 }

    /// The column that comes at a place, of `count` in the source.
    package func source(of place: Int, count: Int) -> Int {
        switch self {
        case .all: place
        case .half(let isSecond): place + (isSecond ? count / 2 : 0)
        case .alternating(let isSecond): 2 * place + (isSecond ? 1 : 0)
        }
    }
}
