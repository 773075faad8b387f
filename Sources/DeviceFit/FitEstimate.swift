/// A number that is not known exactly: a range with a middle, and how well it is founded.
public struct RangeEstimate: Codable, Hashable, Sendable {
    public var low: Double
    public var mid: Double
    public var high: Double
    public var unit: String
    public var confidence: Confidence
    /// Keys of `docs/device-fit.md`; "estimate" where there is no source.
    public var source: String

    /// `mid` with everything from `lowFactor` to `highFactor` times it.
    static func around(
        _ mid: Double,
        _ spread: Spread,
        unit: String,
        confidence: Confidence,
        source: String
    ) -> RangeEstimate {
        RangeEstimate(
            low: mid * spread.low,
            mid: mid,
            high: mid * spread.high,
            unit: unit,
            confidence: confidence,
            source: source
        )
    }
}

/// A range of bytes.
public struct ByteRange: Codable, Hashable, Sendable {
    public var low: Int
    public var mid: Int
    public var high: Int
    public var source: String

    static func exactly(_ bytes: Int, source: String) -> ByteRange {
        ByteRange(low: bytes, mid: bytes, high: bytes, source: source)
    }
}

/// Peak memory that counts against an app's limit, by what it is for.
public struct MemoryEstimate: Codable, Hashable, Sendable {
    public var weights: ByteRange
    public var kvCache: ByteRange
    public var computeBuffer: ByteRange
    public var runtimeOverhead: ByteRange

    public var total: ByteRange {
        let parts = [weights, kvCache, computeBuffer, runtimeOverhead]
        return ByteRange(
            low: parts.map(\.low).reduce(0, +),
            mid: parts.map(\.mid).reduce(0, +),
            high: parts.map(\.high).reduce(0, +),
            source: "sum"
        )
    }
}

/// Whether a build fits, by the whole range of its memory.
public enum FitVerdict: String, Codable, Sendable {
    /// Even the high estimate is within the limit.
    case fits
    /// Only a part of the range is within it.
    case tight
    case doesNotFit
}

/// What to expect of a build on a device, or within a memory budget.
public struct FitEstimate: Codable, Hashable, Sendable {
    /// A device's id, or the budget in words.
    public var target: String
    public var platform: Platform
    /// In tokens.
    public var context: Int
    public var kvType: String
    /// Tokens that are processed at once while a prompt is read (llama.cpp's `n_ubatch`).
    public var batch: Int
    /// The engine and processor that the numbers are for.
    public var engine: String
    public var memory: MemoryEstimate
    /// What one app may use, in bytes.
    public var limitBytes: Int
    public var verdict: FitVerdict
    /// The sentence behind the verdict.
    public var reason: String
    /// While generating, with half of the context filled.
    public var decode: RangeEstimate
    /// While reading a prompt of a few hundred tokens.
    public var prefill: RangeEstimate
    /// Share of `decode` that is left after ten minutes without a pause.
    public var sustainedFactor: RangeEstimate
    public var sustainedDecode: RangeEstimate
    public var joulesPerToken: RangeEstimate
    /// Nil where the battery of the device is not known.
    public var batteryPercentPer1kTokens: RangeEstimate?

    /// The weakest confidence of the speeds.
    public var confidence: Confidence { min(decode.confidence, prefill.confidence) }
}
