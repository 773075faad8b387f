#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Sums of a quantity and of its square, from which mean and standard error follow.
struct RunningMean: Sendable {
    private(set) var count = 0
    private var sum = 0.0
    private var sumOfSquares = 0.0

    mutating func add(_ value: Double) {
        count += 1
        sum += value
        sumOfSquares += value * value
    }

    var mean: Double { count == 0 ? 0 : sum / Double(count) }

    /// The standard error of the mean, taking the values as independent.
    var standardError: Double {
        guard count > 1 else { return 0 }
        let variance = sumOfSquares / Double(count) - mean * mean
        return variance > 0 ? sqrt(variance / Double(count - 1)) : 0
    }
}

/// An ordered sample.
struct SortedSample: Sendable {
    private let values: [Double]

    init(_ values: [Double]) { self.values = values.sorted() }

    /// The value below which a fraction of the sample lies, between two values by linear interpolation; 0 for no values.
    func quantile(_ fraction: Double) -> Double {
        guard let last = values.last else { return 0 }
        let place = max(0, min(1, fraction)) * Double(values.count - 1)
        let index = Int(place)
        guard index + 1 < values.count else { return last }
        let share = place - Double(index)
        return (1 - share) * values[index] + share * values[index + 1]
    }
}
