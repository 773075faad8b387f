import Foundation

/// The rule for stopping a measurement early: the build is certain to miss a gate.
///
/// A build that meets its gates is always measured to the end, because its results are published and compared with
/// others.
struct EarlyStop: Sendable, Equatable {
    /// The confidence in percent, from 50 to below 100.
    let confidence: Double

    static let confidences = 50.0..<100.0

    /// Returns the number of standard errors by which a limit must be missed.
    /// - Parameter looks: the number of times that the figures are checked. Each check may be wrong by chance, so each
    ///   gets its share of the allowed error probability.
    func errors(looks: Int) -> Double { Self.quantile(of: (1 - confidence / 100) / Double(max(1, looks))) }

    /// Returns the number of standard deviations that a normal variable exceeds with this probability, of at most one
    /// half.
    static func quantile(of probability: Double) -> Double {
        var (low, high) = (0.0, 40.0)
        for _ in 0..<80 {
            let middle = (low + high) / 2
            if erfc(middle / 2.0.squareRoot()) / 2 > probability { low = middle } else { high = middle }
        }
        return high
    }
}
