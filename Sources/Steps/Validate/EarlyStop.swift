import Foundation

/// When measuring a build may end before the text does: it is certain that the build misses a gate.
///
/// A build that meets its gates is always measured to the end, because its figures are published and compared with others.
struct EarlyStop: Sendable, Equatable {
    /// In percent, from 50 to below 100.
    let confidence: Double

    static let confidences = 50.0..<100.0

    /// How many standard errors a limit must be missed by.
    /// - Parameter looks: how often the figures are looked at. Each look may be wrong by chance, so each gets its share of what is left
    ///   to chance.
    func errors(looks: Int) -> Double { Self.quantile(of: (1 - confidence / 100) / Double(max(1, looks))) }

    /// The number of standard deviations that a normal variable exceeds with this probability, of at most a half.
    static func quantile(of probability: Double) -> Double {
        var (low, high) = (0.0, 40.0)
        for _ in 0..<80 {
            let middle = (low + high) / 2
            if erfc(middle / 2.0.squareRoot()) / 2 > probability { low = middle } else { high = middle }
        }
        return high
    }
}
