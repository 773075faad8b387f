/// A number that is not known exactly: a range with a middle, and how well it is founded.
public struct RangeEstimate: Codable, Hashable, Sendable {
    /// The lower end.
    public var low: Double
    /// The likeliest value.
    public var mid: Double
    /// The upper end.
    public var high: Double
    /// Such as `token/s`.
    public var unit: String
    /// How well the range is founded.
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
    /// The lower end, in bytes, as are all of these.
    public var low: Int
    /// The likeliest value.
    public var mid: Int
    /// The upper end.
    public var high: Int
    /// Keys of `docs/device-fit.md`.
    public var source: String

    static func exactly(_ bytes: Int, source: String) -> ByteRange {
        ByteRange(low: bytes, mid: bytes, high: bytes, source: source)
    }
}

/// Peak memory that counts against an app's limit, by what it is for.
public struct MemoryEstimate: Codable, Hashable, Sendable {
    /// The model's tensors.
    public var weights: ByteRange
    /// Keys and values of the whole context, and other state of a sequence.
    public var kvCache: ByteRange
    /// What the engine computes in.
    public var computeBuffer: ByteRange
    /// The program, its libraries and what they allocate beside the model.
    public var runtimeOverhead: ByteRange
    /// The part that sees, where it is loaded beside the model; nil for none: its tensors, which engines read into memory of their
    /// own, and what they reserve to compute with.
    public var projector: ByteRange?
    /// Bytes of layers that predict further tokens (MTP): engines leave them on the disk, and the sum has none of them. Nil
    /// for a model without.
    public var predictors: Int?

    /// The sum, end by end.
    public var total: ByteRange {
        let parts = [weights, kvCache, computeBuffer, runtimeOverhead] + (projector.map { [$0] } ?? [])
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
    /// The system of the device.
    public var platform: Platform
    /// In tokens.
    public var context: Int
    /// Element type of the key-value cache.
    public var kvType: String
    /// Tokens that are processed at once while a prompt is read (llama.cpp's `n_ubatch`).
    public var batch: Int
    /// The engine and processor that the numbers are for.
    public var engine: String
    /// What it takes at its peak.
    public var memory: MemoryEstimate
    /// What one app may use, in bytes.
    public var limitBytes: Int
    /// Whether it fits into `limitBytes`.
    public var verdict: FitVerdict
    /// The sentence behind the verdict.
    public var reason: String
    /// While generating, with half of the context filled; nil for models that do not write, as are all figures of generating.
    public var decode: RangeEstimate?
    /// While reading a prompt of a few hundred tokens.
    public var prefill: RangeEstimate
    /// Share of the speed that is left after ten minutes without a pause.
    public var sustainedFactor: RangeEstimate
    /// While generating, after ten minutes without a pause.
    public var sustainedDecode: RangeEstimate?
    /// While generating.
    public var joulesPerToken: RangeEstimate?
    /// Nil where the battery of the device is not known.
    public var batteryPercentPer1kTokens: RangeEstimate?

    /// The weakest confidence of the speeds.
    public var confidence: Confidence { min(decode?.confidence ?? prefill.confidence, prefill.confidence) }

    /// Tokens a second that decide between builds: while generating, or while a text is read by a model that does not write.
    public var speed: RangeEstimate { decode ?? prefill }
}
