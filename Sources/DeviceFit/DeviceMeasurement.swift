/// A measurement of a build on a device; it replaces an estimate.
public struct DeviceMeasurement: Codable, Hashable, Sendable {
    /// The measured quantity.
    public enum Metric: String, CaseIterable, Codable, Sendable {
        /// Tokens per second during decoding, and during prefill.
        case decodeSpeed, prefillSpeed
        /// The peak memory of the whole process, in bytes.
        case peakMemory

        /// The unit as records store it.
        public var unit: String { self == .peakMemory ? "byte" : "token/s" }
    }

    /// The measured quantity.
    public var metric: Metric
    /// The measured value, which is positive.
    public var value: Double
    /// The spread of single runs around `value`, in the same unit; nil for a single run.
    public var deviation: Double?
    /// Who measured, with what, and how: "llama-bench b6123, CPU, 6 threads, 128 tokens".
    public var source: String

    /// Creates a value from its parts; each parameter is documented on its property.
    public init(metric: Metric, value: Double, deviation: Double?, source: String) {
        (self.metric, self.value, self.deviation, self.source) = (metric, value, deviation, source)
    }
}

extension FitEstimate {
    /// Returns the estimate with measured numbers, marked as such, in place of the estimated ones; the last measurement
    /// of a kind counts.
    ///
    /// Numbers that depend on a speed are computed from the measured one; memory is compared with the limit again.
    public func replacing(with measurements: [DeviceMeasurement]) -> FitEstimate {
        var estimate = self
        for measurement in measurements where measurement.value > 0 && measurement.value.isFinite {
            switch measurement.metric {
            case .decodeSpeed:
                // A model that does not generate has no decoding speed to replace.
                guard decode != nil else { continue }
                estimate.decode = measurement.range
                estimate.sustainedDecode = measurement.range.times(sustainedFactor)
            case .prefillSpeed: estimate.prefill = measurement.range
            case .peakMemory: estimate.takePeak(measurement)
            }
        }
        return estimate
    }

    /// Replaces the peak. A measured peak has no parts, so the estimated parts are scaled together until their sum is
    /// the measured value.
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
    /// Two deviations to either side; without a known deviation a tenth, as phones differ from run to run.
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
