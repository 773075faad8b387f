/// A linear scale that maps values to positions in a chart, with round numbers as ticks.
struct ChartAxis: Sendable {
    let values: ClosedRange<Double>
    /// The positions of the two ends in the chart; `from` is greater if the values grow upwards.
    let places: (from: Double, to: Double)
    let ticks: [Double]
    /// The digits that distinguish neighbouring ticks.
    let digits: Int

    /// - Parameters:
    ///   - wanted: the approximate number of ticks.
    ///   - margin: the fraction of the range to add on both sides.
    ///   - fromZero: whether to start at zero.
    init(_ found: [Double], from: Double, to: Double, ticks wanted: Int, margin: Double = 0, fromZero: Bool = false) {
        let finite = found.filter(\.isFinite)
        var (low, high) = (fromZero ? 0 : finite.min() ?? 0, finite.max() ?? 1)
        if high <= low {
            let pad = max(abs(high) * 0.05, 1e-9)
            (low, high) = (fromZero ? 0 : low - pad, high + pad)
        }
        let pad = (high - low) * margin
        (low, high) = (fromZero ? 0 : low - pad, high + pad)
        values = low...high
        places = (from, to)
        var (step, digits) = (1.0, 0)
        let rough = (high - low) / Double(max(1, wanted))
        while step > rough, digits < 9 { (step, digits) = (step / 10, digits + 1) }
        while step * 10 <= rough { step *= 10 }
        step *= [1, 2, 5, 10].first { $0 * step >= rough } ?? 10
        let first = (low / step).rounded(.up)
        ticks = stride(from: 0.0, through: 64, by: 1).map { (first + $0) * step }.filter { $0 <= high + step * 1e-6 }
        self.digits = digits
    }

    func place(_ value: Double) -> Double {
        places.from + (value - values.lowerBound) / (values.upperBound - values.lowerBound) * (places.to - places.from)
    }

    func label(_ tick: Double) -> String { number(tick, digits) }
}

/// The unit in which the largest of several sizes is a small number.
struct SizeUnit: Sendable {
    let name: String
    let bytes: Double

    init(for largest: Int) {
        let units: [(String, Double)] = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)]
        (name, bytes) = units.first { Double(largest) >= $0.1 } ?? ("B", 1)
    }

    func value(_ count: Int) -> Double { Double(count) / bytes }
}
