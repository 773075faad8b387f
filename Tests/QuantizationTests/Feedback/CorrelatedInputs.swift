import BlockFormats
import Quantization
import TestSupport

/// Inputs whose columns go together, as those of a model do, and weights that meet them.
struct CorrelatedInputs {
    let columns: Int
    let rows: [[Float]]
    private var random: SeededRandom

    /// - Parameter dead: columns whose inputs are zero.
    init(columns: Int, tokens: Int, dead: Set<Int> = []) {
        self.columns = columns
        var random = SeededRandom.printed(for: "\(columns) columns")
        // A few hidden numbers decide most of every column; some columns are far larger than others.
        let hidden = 24
        var mixing = [[Float]](repeating: [], count: columns)
        for column in 0..<columns {
            let size: Float = column % 37 == 5 ? 8 : 1
            mixing[column] = (0..<hidden).map { _ in size * Float.random(in: -1...1, using: &random) }
        }
        var rows: [[Float]] = []
        for _ in 0..<tokens {
            let state = (0..<hidden).map { _ in Float.random(in: -1...1, using: &random) }
            rows.append(
                (0..<columns).map { column in
                    guard !dead.contains(column) else { return 0 }
                    let own = Float.random(in: -0.5...0.5, using: &random)
                    return zip(mixing[column], state).reduce(own) { $0 + $1.0 * $1.1 }
                }
            )
        }
        (self.rows, self.random) = (rows, random)
    }

    private init(_ whole: CorrelatedInputs, _ rows: [[Float]]) {
        (columns, self.rows, random) = (whole.columns, rows, whole.random)
    }

    /// Some of the tokens.
    func part(_ range: some RangeExpression<Int>) -> CorrelatedInputs { CorrelatedInputs(self, Array(rows[range])) }

    func correlation() throws -> InputCorrelation {
        let correlation = try InputCorrelation(columns: columns)
        for column in 0..<columns {
            let sums = correlation.row(column)
            for offset in sums.indices {
                sums[offset] = rows.reduce(0.0) { $0 + Double($1[column]) * Double($1[column + offset]) }
            }
        }
        correlation.count(tokens: rows.count)
        return correlation
    }

    func held() throws -> HeldInputs {
        let held = HeldInputs(columns: columns)
        for row in rows { try row.withUnsafeBufferPointer { try held.add($0.baseAddress!) } }
        return held
    }

    mutating func weights(rows: Int) -> [Float] {
        // The sum of a few even numbers has the tails that weights have.
        (0..<(rows * columns)).map { _ in
            (0..<4).reduce(Float(0)) { sum, _ in sum + Float.random(in: -0.02...0.02, using: &random) }
        }
    }
}
