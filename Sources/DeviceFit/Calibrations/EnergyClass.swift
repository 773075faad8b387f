/// The heat and energy of a kind of device, in classes with ranges, because a program cannot know the temperature of a
/// phone it does not run on.
struct EnergyClass: Sendable {
    /// The share of the speed that remains after ten minutes.
    let sustained: RangeEstimate
    /// Joules per token and 10^9 active parameters at about four bits.
    let joulesPerBillion: RangeEstimate

    static func of(_ device: Device, confidence: Confidence) -> EnergyClass {
        switch device.platform {
        case .ios:
            // [J, TB] The A19 Pro and A18 Pro were measured with MLX, not with llama.cpp.
            let known: Confidence = device.soc == "A19 Pro" || device.soc == "A18 Pro" ? .medium : .low
            return EnergyClass(
                sustained: RangeEstimate(
                    low: 0.38,
                    mid: 0.5,
                    high: 0.65,
                    unit: "ratio",
                    confidence: known,
                    source: "J, TB (MLX)"
                ),
                joulesPerBillion: RangeEstimate(
                    low: 0.08,
                    mid: 0.12,
                    high: 0.18,
                    unit: "J",
                    confidence: known,
                    source: "J, TB (MLX)"
                )
            )
        case .android:
            // [Nexa] 37 to 19 tok/s in three minutes on one phone. That slower chips heat less is an estimate.
            let isFlagship = confidence > .low
            return EnergyClass(
                sustained: RangeEstimate(
                    low: 0.4,
                    mid: isFlagship ? 0.5 : 0.6,
                    high: isFlagship ? 0.6 : 0.9,
                    unit: "ratio",
                    confidence: .low,
                    source: isFlagship ? "one phone" : "estimate"
                ),
                joulesPerBillion: .around(
                    0.24,
                    .guessed,
                    unit: "J",
                    confidence: .low,
                    source: "one phone"
                )
            )
        }
    }
}
