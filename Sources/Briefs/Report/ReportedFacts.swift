import DeviceFit

/// One number with everything it was measured under.
public struct ReportedMeasurement: Sendable {
    /// `bitsPerByte`, `perplexity`, `meanKLD`, and what else the registry knows.
    public var metric: String
    /// In `unit`.
    public var value: Double
    /// One standard error, in the same unit.
    public var standardError: Double?
    /// Such as `bit/byte`; `1` for a plain number.
    public var unit: String
    /// What it was measured under.
    public var conditions: MeasurementConditions

    /// Every value is as its property describes it.
    public init(
        metric: String,
        value: Double,
        standardError: Double?,
        unit: String,
        conditions: MeasurementConditions
    ) {
        (self.metric, self.value, self.standardError) = (metric, value, standardError)
        (self.unit, self.conditions) = (unit, conditions)
    }
}

/// What a number was measured under: numbers of equal conditions may be compared.
public struct MeasurementConditions: Hashable, Sendable {
    /// The procedure, such as `llama-perplexity`.
    public var method: String
    /// SHA-256 of the text.
    public var text: String?
    /// In tokens.
    public var context: Int?
    /// How many pieces of `context` tokens were scored.
    public var chunks: Int?
    /// SHA-256 of the model that the build was compared with.
    public var against: String?
    /// Which inner loops ran: `swift`, `avx2`, `neon`.
    public var kernels: String
    /// The version of edgepipe that measured.
    public var toolVersion: String
    /// Whatever else the number depends on.
    public var others: [String: String]

    /// Every value is as its property describes it.
    public init(
        method: String,
        text: String?,
        context: Int?,
        chunks: Int?,
        against: String?,
        kernels: String,
        toolVersion: String,
        others: [String: String]
    ) {
        (self.method, self.text, self.context, self.chunks) = (method, text, context, chunks)
        (self.against, self.kernels, self.toolVersion, self.others) = (against, kernels, toolVersion, others)
    }
}

/// A signature that the registry's audit log records.
public struct ReportedSignature: Sendable {
    /// SHA-256 of the public key.
    public var key: String
    /// ISO 8601.
    public var at: String

    /// Every value is as its property describes it.
    public init(key: String, at: String) { (self.key, self.at) = (key, at) }
}

/// What the build in focus takes on a device, and the best build there.
public struct ReportedFit: Sendable {
    /// The phone.
    public var device: Device
    /// What the build takes there.
    public var estimate: FitEstimate
    /// Whether the estimate stands in the registry; otherwise it was made for the report, from the build's shape there.
    public var isStored: Bool
    /// The type of the version's best build for this device alone; nil where none fits.
    public var best: String?

    /// Every value is as its property describes it.
    public init(device: Device, estimate: FitEstimate, isStored: Bool, best: String?) {
        (self.device, self.estimate, self.isStored, self.best) = (device, estimate, isStored, best)
    }
}

/// A tensor of a file's header.
public struct ReportedTensor: Sendable {
    /// Nil outside of the layers.
    public var layer: Int?
    /// `attn_q`, `ffn_down`, `output`.
    public var role: String
    /// As GGUF names it: `Q4_K`.
    public var type: String
    /// Bits of the type per parameter.
    public var bitsPerWeight: Double
    /// Bytes of the tensor's data.
    public var bytes: Int
    /// Mean KL divergence of the model with this tensor alone quantized, in nats a token; nil where it was not measured.
    public var error: Double?

    /// - Parameter name: such as `blk.3.ffn_down.weight`.
    public init(named name: String, type: String, bitsPerWeight: Double, bytes: Int, error: Double?) {
        var parts = name.split(separator: ".").map(String.init)
        if parts.count > 1, parts.last == "weight" { parts.removeLast() }
        if parts.count > 2, parts[0] == "blk", let number = Int(parts[1]) {
            layer = number
            parts.removeFirst(2)
        }
        role = parts.joined(separator: ".")
        (self.type, self.bitsPerWeight, self.bytes, self.error) = (type, bitsPerWeight, bytes, error)
    }
}

/// What the numbers beside single tensors mean.
public enum TensorErrorKind: Sendable {
    /// KL divergence that each tensor alone costs, in nats a token.
    case divergence(TensorErrorConditions)
    /// The part of the divergence that a recipe predicted for each tensor, in nats a token.
    case predicted(ReportedRecipe)
    /// Root mean square of what quantizing changed, against that of the weights: what the quantizer itself noted.
    case relative
    case unknown
}

/// How the types of a build's tensors were chosen.
public struct ReportedRecipe: Sendable {
    /// The most bytes that the file was allowed to have.
    public var budgetBytes: Int
    /// The types that were allowed.
    public var ladder: String
    /// Mean divergence, in nats a token.
    public var predictedKld: Double
    /// The best preset that fitted, and what it was predicted to lose; nil where none did.
    public var preset: (type: String, predictedKld: Double)?

    /// Every value is as its property describes it.
    public init(
        budgetBytes: Int,
        ladder: String,
        predictedKld: Double,
        preset: (type: String, predictedKld: Double)?
    ) {
        (self.budgetBytes, self.ladder, self.predictedKld, self.preset) = (budgetBytes, ladder, predictedKld, preset)
    }
}

/// What the errors of single tensors were measured under.
public struct TensorErrorConditions: Sendable {
    /// SHA-256 of the text.
    public var text: String
    /// Tokens of a piece of text.
    public var context: Int
    /// How many pieces were scored.
    public var chunks: Int
    /// Which inner loops ran: `swift`, `avx2`, `neon`.
    public var kernels: String
    /// The version of edgepipe that measured.
    public var toolVersion: String
    /// Whether the tensors were those of this very build; otherwise they were of the same type, from another one.
    public var isOfThisBuild: Bool

    /// Every value is as its property describes it.
    public init(
        text: String,
        context: Int,
        chunks: Int,
        kernels: String,
        toolVersion: String,
        isOfThisBuild: Bool
    ) {
        (self.text, self.context, self.chunks) = (text, context, chunks)
        (self.kernels, self.toolVersion, self.isOfThisBuild) = (kernels, toolVersion, isOfThisBuild)
    }
}

/// These bytes became those bytes; by SHA-256.
public struct ReportedStep: Hashable, Sendable {
    /// What went in.
    public var from: String
    /// `convert`, `quantize`, `imatrix`.
    public var kind: String
    /// What came out.
    public var to: String
    /// Of the step's options.
    public var options: String

    /// Every value is as its property describes it.
    public init(from: String, kind: String, to: String, options: String) {
        (self.from, self.kind, self.to, self.options) = (from, kind, to, options)
    }
}

/// One move of a channel.
public struct ReportedMove: Sendable {
    /// Such as `production`.
    public var channel: String
    /// Nil where the channel was new.
    public var from: String?
    /// The version that it points to since.
    public var to: String
    /// ISO 8601.
    public var at: String
    /// A name, as its owner gave it.
    public var who: String
    /// In their own words.
    public var why: String

    /// Every value is as its property describes it.
    public init(channel: String, from: String?, to: String, at: String, who: String, why: String) {
        (self.channel, self.from, self.to, self.at, self.who, self.why) = (channel, from, to, at, who, why)
    }
}
