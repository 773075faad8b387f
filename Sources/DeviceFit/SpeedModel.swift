/// Speed, heat and energy on one device, from the calibrations.
struct SpeedModel {
    let decode: RangeEstimate
    let prefill: RangeEstimate
    let sustainedFactor: RangeEstimate
    let joulesPerToken: RangeEstimate
    let batteryPercentPer1kTokens: RangeEstimate?
    let engine: String

    /// Bits per weight of Q4_0: 18 bytes for 32 elements.
    private static let q40Bits = 4.5

    /// - Parameter kvBytes: read for one token beside the weights.
    init(_ profile: ModelProfile, on device: Device, kvBytes: Double) {
        let speed = SpeedClass.of(device)
        let format = FormatFactors.of(profile.quantType, on: speed.engine)
        let billions = Double(profile.activeParameterCount) / 1e9
        let decodeSpread = format.isMeasured ? speed.decodeSpread : speed.decodeSpread.widened(to: .guessed)
        let prefillSpread = format.isMeasured ? speed.prefillSpread : speed.prefillSpread.widened(to: .guessed)
        let unmeasured = format.isMeasured ? "" : "; \(profile.quantType) itself was not measured"

        decode = .around(
            1000 / Self.millisecondsPerToken(profile, speed, format, billions: billions, kvBytes: kvBytes),
            decodeSpread,
            unit: "token/s",
            confidence: format.isMeasured ? speed.confidence : .low,
            source: speed.source + unmeasured
        )
        prefill = .around(
            speed.prefillConstant / (profile.parametersReadByPrompts / 1e9) * format.prefill,
            prefillSpread,
            unit: "token/s",
            confidence: format.isMeasured ? speed.prefillConfidence : .low,
            source: speed.prefillSource + unmeasured
        )
        let energy = EnergyClass.of(device, confidence: speed.confidence)
        sustainedFactor = energy.sustained
        joulesPerToken = energy.joulesPerBillion.scaled(by: billions, unit: "J/token")
        // One percent of a battery is 36 J for every watt-hour.
        batteryPercentPer1kTokens = device.batteryWattHours.map { wattHours in
            var estimate = energy.joulesPerBillion.scaled(
                by: billions * 1000 / (wattHours * 36),
                unit: "% per 1k tokens"
            )
            if !device.isRAMAndBatterySourced { estimate.confidence = .low }
            return estimate
        }
        engine = speed.engine.rawValue
    }

    /// [P] The two-term model, for the file's own bytes or for Q4_0 and then the type's factor.
    private static func millisecondsPerToken(
        _ profile: ModelProfile,
        _ speed: SpeedClass,
        _ format: FormatFactors,
        billions: Double,
        kvBytes: Double
    ) -> Double {
        let own = profile.bytesReadPerToken
        guard let factor = format.decode else {
            return speed.millisecondsPerGB * (own + kvBytes) / 1e9 + speed.millisecondsPerBillion * billions
        }
        let asQ40 = own * q40Bits / profile.bitsPerWeight
        let weights = speed.millisecondsPerGB * asQ40 / 1e9 + speed.millisecondsPerBillion * billions
        // The cache costs the same whatever the weights' type.
        return weights / factor + speed.millisecondsPerGB * kvBytes / 1e9
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

    /// Multiplies two ranges: the result is as weak as the weaker.
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

    /// One range over several devices: the whole span, with the median of the middles.
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
    /// One range over several devices; nil without any.
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
