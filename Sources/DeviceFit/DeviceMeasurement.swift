/// What somebody measured of a build on a device; it takes an estimate's place.
public struct DeviceMeasurement: Codable, Hashable, Sendable {
    /// What was measured.
    public enum Metric: String, CaseIterable, Codable, Sendable {
        /// Tokens a second while generating, and while a prompt is read.
        case decodeSpeed, prefillSpeed
        /// Bytes, at most, of the whole process.
        case peakMemory

        /// As records keep it.
        public var unit: String { self == .peakMemory ? "byte" : "token/s" }
    }

    /// What was measured.
    public var metric: Metric
    /// Positive.
    public var value: Double
    /// Spread of single runs around `value`, in the same unit; nil for a single run.
    public var deviation: Double?
    /// Who measured, with what, and how: "llama-bench b6123, CPU, 6 threads, 128 tokens".
    public var source: String

    /// Every value is as its property describes it.
    public init(metric: Metric, value: Double, deviation: Double?, source: String) {
        (self.metric, self.value, self.deviation, self.source) = (metric, value, deviation, source)
    }
}

extension FitEstimate {
    /// Measured numbers take the estimates' places and say so; of several of a kind the last counts.
    ///
    /// What follows from a speed follows from the measured one; memory is judged against the limit again.
    public func replacing(with measurements: [DeviceMeasurement]) -> FitEstimate {
        var estimate = self
        for measurement in measurements where measurement.value > 0 && measurement.value.isFinite {
            switch measurement.metric {
            case .decodeSpeed:
                // What does not write was measured as something else.
                guard decode != nil else { continue }
                estimate.decode = measurement.range
                estimate.sustainedDecode = measurement.range.times(sustainedFactor)
            case .prefillSpeed: estimate.prefill = measurement.range
            case .peakMemory: estimate.takePeak(measurement)
            }
        }
        return estimate
    }

    /// A measured peak says nothing of its parts: they are scaled together, so that their sum is what was measured.
    private mutating func takePeak(_ measurement: DeviceMeasurement) {
        let share = measurement.value / Double(max(1, memory.total.mid))
        func exactly(_ range: ByteRange) -> ByteRange {
            .exactly(Int(Double(range.mid) * share), source: measurement.range.source)
        }
        memory = MemoryEstimate(
            weights: exactly(memory.weights),
            kvCache: exactly(memory.kvCache),
            computeBuffer: exactly(memory.computeBuffer),
            runtimeOverhead: exactly(memory.runtimeOverhead),
            predictors: memory.predictors
        )
        let fits = memory.total.mid <= limitBytes
        verdict = fits ? .fits : .doesNotFit
        let (peak, limit) = (ByteSize(bytes: memory.total.mid), ByteSize(bytes: limitBytes))
        reason = "takes \(peak), measured, \(fits ? "within" : "over") \(limit)"
    }
}

extension DeviceMeasurement {
    /// Two deviations to either side; without any known a tenth, as phones differ from run to run.
    var range: RangeEstimate {
        let reach = min(deviation.map { 2 * $0 } ?? value / 10, value)
        return RangeEstimate(
            low: value - reach,
            mid: value,
            high: value + reach,
            unit: metric.unit,
            confidence: .high,
            source: "measured: \(source)"
        )
    }
}
