/// The speed, heat and energy on one device, from the calibrations.
struct SpeedModel {
    let decode: RangeEstimate
    let prefill: RangeEstimate
    let sustainedFactor: RangeEstimate
    let joulesPerToken: RangeEstimate
    let batteryPercentPer1kTokens: RangeEstimate?
    let engine: String

    /// The bytes of a weight in Q4_0: 18 bytes for 32 weights.
    private static let q40Bytes = 18.0 / 32
    /// The share of the weights whose types must have been measured for the file to count as measured.
    private static let measuredShare = 0.9

    /// - Parameter kvBytes: the bytes of the cache that one token reads.
    init(_ profile: ModelProfile, on device: Device, kvBytes: Double) {
        let speed = SpeedClass.of(device)
        let (read, prompts) = (TypeMixture.ofGenerating(profile), TypeMixture.ofPrompts(profile))
        let unmeasured = Self.unmeasured(read, on: speed.engine)
        let (decodeSpread, prefillSpread) =
            unmeasured == nil
            ? (speed.decodeSpread, speed.prefillSpread)
            : (speed.decodeSpread.widened(to: .guessed), speed.prefillSpread.widened(to: .guessed))
        let remark = unmeasured.map { "; \($0) itself was not measured" } ?? ""
        let weights = Self.milliseconds(read, speed)

        decode = .around(
            // The cache costs the same for all types of weights.
            1000 / (weights + speed.millisecondsPerGB * kvBytes / 1e9),
            decodeSpread,
            unit: "token/s",
            confidence: unmeasured == nil ? speed.confidence : .low,
            source: speed.source + remark
        )
        prefill = .around(
            speed.prefillConstant / (prompts.weights / 1e9)
                * prompts.speed { FormatFactors.of($0, on: speed.engine).prefill },
            prefillSpread,
            unit: "token/s",
            confidence: unmeasured == nil ? speed.prefillConfidence : .low,
            source: speed.prefillSource + remark
        )
        let energy = EnergyClass.of(device, confidence: speed.confidence)
        sustainedFactor = energy.sustained
        // [J] At constant power, whatever the type, a token's energy is proportional to its time. The measurements used
        // four bits.
        let billions = Double(profile.activeParameterCount) / 1e9
        let time = weights / Self.millisecondsAsQ40(read.weights, speed)
        joulesPerToken = energy.joulesPerBillion.scaled(by: billions * time, unit: "J/token")
        // One percent of a battery is 36 J per watt-hour.
        batteryPercentPer1kTokens = device.batteryWattHours.map { wattHours in
            var estimate = energy.joulesPerBillion.scaled(
                by: billions * time * 1000 / (wattHours * 36),
                unit: "% per 1k tokens"
            )
            if !device.isRAMAndBatterySourced { estimate.confidence = .low }
            return estimate
        }
        engine = speed.engine.rawValue
    }

    /// Returns the time that a token takes for weights of one type.
    static func milliseconds(_ part: TypeMixture.Part, on device: Device) -> Double {
        milliseconds(TypeMixture(parts: [part]), SpeedClass.of(device))
    }

    /// [P] The two-term model, either with the bytes of each type, or for Q4_0 and scaled by the type's factor.
    private static func milliseconds(_ read: TypeMixture, _ speed: SpeedClass) -> Double {
        read.parts.reduce(0) { sum, part in
            guard let factor = FormatFactors.of(part.type, on: speed.engine).decode else {
                return sum + speed.millisecondsPerGB * part.bytes / 1e9
                    + speed.millisecondsPerBillion * part.weights / 1e9
            }
            return sum + millisecondsAsQ40(part.weights, speed) / factor
        }
    }

    private static func millisecondsAsQ40(_ weights: Double, _ speed: SpeedClass) -> Double {
        (speed.millisecondsPerGB * q40Bytes + speed.millisecondsPerBillion) * weights / 1e9
    }

    /// Returns the unmeasured type that most weights have; nil if few weights have unmeasured types.
    private static func unmeasured(_ read: TypeMixture, on engine: SpeedClass.Engine) -> String? {
        let measured = read.share { FormatFactors.of($0, on: engine).isMeasured }
        guard measured < measuredShare else { return nil }
        return read.parts.filter { !FormatFactors.of($0.type, on: engine).isMeasured }.max { $0.weights < $1.weights }?
            .type
    }
}

extension RangeEstimate {
    func scaled(by factor: Double, unit: String) -> RangeEstimate {
        RangeEstimate(
            low: low * factor,
            mid: mid * factor,
            high: high * factor,
            unit: unit,
            confidence: confidence,
            source: source
        )
    }

    /// Multiplies two ranges; the result has the weaker confidence.
    func times(_ other: RangeEstimate) -> RangeEstimate {
        RangeEstimate(
            low: low * other.low,
            mid: mid * other.mid,
            high: high * other.high,
            unit: unit,
            confidence: min(confidence, other.confidence),
            source: "\(source); \(other.source)"
        )
    }

    /// Combines the ranges of several devices: the whole span, with the median of the middles.
    static func spanning(_ estimates: [RangeEstimate], source: String) -> RangeEstimate? {
        guard let first = estimates.first else { return nil }
        let middles = estimates.map(\.mid).sorted()
        return RangeEstimate(
            low: estimates.map(\.low).min() ?? first.low,
            mid: middles[middles.count / 2],
            high: estimates.map(\.high).max() ?? first.high,
            unit: first.unit,
            confidence: .low,
            source: source
        )
    }
}

extension SpeedModel {
    /// Combines the ranges of several devices; nil without any.
    init?(spanning speeds: [SpeedModel], engine: String, source: String) {
        func span(_ part: (SpeedModel) -> RangeEstimate?) -> RangeEstimate? {
            .spanning(speeds.compactMap(part), source: source)
        }
        guard
            let decode = span(\.decode), let prefill = span(\.prefill), let sustained = span(\.sustainedFactor),
            let joules = span(\.joulesPerToken)
        else { return nil }
        self.decode = decode
        self.prefill = prefill
        sustainedFactor = sustained
        joulesPerToken = joules
        batteryPercentPer1kTokens = span(\.batteryPercentPer1kTokens)
        self.engine = engine
    }
}
