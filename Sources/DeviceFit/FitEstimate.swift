/// A number that is not known exactly: a range with a middle and a confidence.
public struct RangeEstimate: Codable, Hashable, Sendable {
    /// The lower end.
    public var low: Double
    /// The likeliest value.
    public var mid: Double
    /// The upper end.
    public var high: Double
    /// The unit, such as `token/s`.
    public var unit: String
    /// How well the range is supported.
    public var confidence: Confidence
    /// The keys of its sources in `docs/device-fit.md`; "estimate" without a source.
    public var source: String

    /// Returns the range from `lowFactor` to `highFactor` times `mid`.
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
    /// The lower end in bytes, as are all of these.
    public var low: Int
    /// The likeliest value.
    public var mid: Int
    /// The upper end.
    public var high: Int
    /// The keys of its sources in `docs/device-fit.md`.
    public var source: String

    static func exactly(_ bytes: Int, source: String) -> ByteRange {
        ByteRange(low: bytes, mid: bytes, high: bytes, source: source)
    }
}

/// Peak memory that counts against an app's limit, by purpose.
public struct MemoryEstimate: Codable, Hashable, Sendable {
    /// The memory of the model's tensors.
    public var weights: ByteRange
    /// The memory of keys and values for the whole context, and of other state of a sequence.
    public var kvCache: ByteRange
    /// The memory that the engine computes in.
    public var computeBuffer: ByteRange
    /// The memory of the program, its libraries and their allocations beside the model.
    public var runtimeOverhead: ByteRange
    /// The memory of a projector loaded beside the model: its tensors, which engines copy into memory of their own, and
    /// its compute buffer. Nil if none is loaded.
    public var projector: ByteRange?
    /// The bytes of layers that predict further tokens (MTP); engines do not load them, and the sum excludes them. Nil
    /// for a model without such layers.
    public var predictors: Int?

    /// The sum of the parts, end by end.
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

/// Whether a build fits, judged by the whole range of its memory.
public enum FitVerdict: String, Codable, Sendable {
    /// Even the high estimate is within the limit.
    case fits
    /// Only a part of the range is within the limit.
    case tight
    case doesNotFit
}

/// The estimate for a build on a device, or within a memory budget.
public struct FitEstimate: Codable, Hashable, Sendable {
    /// A device's id, or the budget in words.
    public var target: String
    /// The system of the device.
    public var platform: Platform
    /// The context length in tokens.
    public var context: Int
    /// The element type of the key-value cache.
    public var kvType: String
    /// The number of tokens processed at once during prefill (llama.cpp's `n_ubatch`).
    public var batch: Int
    /// The engine and processor of the estimate.
    public var engine: String
    /// The peak memory.
    public var memory: MemoryEstimate
    /// The memory that one app may use, in bytes.
    public var limitBytes: Int
    /// Whether the build fits into `limitBytes`.
    public var verdict: FitVerdict
    /// The reason for the verdict, as a sentence.
    public var reason: String
    /// The decoding speed with half of the context filled. Nil for models that do not generate text, as are all figures
    /// of decoding.
    public var decode: RangeEstimate?
    /// The prefill speed of a prompt of a few hundred tokens.
    public var prefill: RangeEstimate
    /// The share of the speed that remains after ten minutes without a pause.
    public var sustainedFactor: RangeEstimate
    /// The decoding speed after ten minutes without a pause.
    public var sustainedDecode: RangeEstimate?
    /// The energy of a generated token.
    public var joulesPerToken: RangeEstimate?
    /// The share of the battery that 1000 generated tokens use; nil if the device's battery is not known.
    public var batteryPercentPer1kTokens: RangeEstimate?

    /// The weakest confidence of the speeds.
    public var confidence: Confidence { min(decode?.confidence ?? prefill.confidence, prefill.confidence) }

    /// The tokens per second by which builds are ranked: the decoding speed, or the prefill speed of a model that does
    /// not generate text.
    public var speed: RangeEstimate { decode ?? prefill }
}
