#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The sums of a quantity and of its square, for its mean and standard error.
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

    /// The standard error of the mean, assuming independent values.
    var standardError: Double {
        guard count > 1 else { return 0 }
        let variance = sumOfSquares / Double(count) - mean * mean
        return variance > 0 ? sqrt(variance / Double(count - 1)) : 0
    }
}

/// The covariance of two means over the same draws.
struct RunningCovariance: Sendable {
    private var count = 0
    private var sums = (0.0, 0.0)
    private var sumOfProducts = 0.0

    mutating func add(_ first: Double, _ second: Double) {
        count += 1
        sums.0 += first
        sums.1 += second
        sumOfProducts += first * second
    }

    var ofMeans: Double {
        guard count > 1 else { return 0 }
        let number = Double(count)
        return (sumOfProducts / number - sums.0 / number * (sums.1 / number)) / (number - 1)
    }
}

/// An ordered sample.
struct SortedSample: Sendable {
    private let values: [Double]

    init(_ values: [Double]) { self.values = values.sorted() }

    func distribution(_ mean: RunningMean) -> KLDivergenceResult.Distribution {
        KLDivergenceResult.Distribution(
            mean: mean.mean,
            standardError: mean.standardError,
            max: quantile(1),
            p999: quantile(0.999),
            p99: quantile(0.99),
            p95: quantile(0.95),
            p90: quantile(0.9),
            p75: quantile(0.75),
            median: quantile(0.5),
            p25: quantile(0.25),
            p10: quantile(0.1),
            p05: quantile(0.05),
            p01: quantile(0.01),
            p001: quantile(0.001),
            min: quantile(0)
        )
    }

    /// Returns the value that a fraction of the sample is below, with linear interpolation between two values; 0
    /// without values.
    func quantile(_ fraction: Double) -> Double {
        guard let last = values.last else { return 0 }
        let place = max(0, min(1, fraction)) * Double(values.count - 1)
        let index = Int(place)
        guard index + 1 < values.count else { return last }
        let share = place - Double(index)
        return (1 - share) * values[index] + share * values[index + 1]
    }
}
