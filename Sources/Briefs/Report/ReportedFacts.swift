import DeviceFit

/// A measured number with its conditions.
public struct ReportedMeasurement: Sendable {
    /// The metric: `bitsPerByte`, `perplexity`, `meanKLD`, or another name in the registry.
    public var metric: String
    /// The value, in `unit`.
    public var value: Double
    /// One standard error, in the same unit.
    public var standardError: Double?
    /// The unit, such as `bit/byte`; `1` for a plain number.
    public var unit: String
    /// The conditions of the measurement.
    public var conditions: MeasurementConditions

    /// Creates a value from its parts; each parameter is documented on its property.
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

/// The conditions of a measurement: numbers with equal conditions may be compared.
public struct MeasurementConditions: Hashable, Sendable {
    /// The procedure, such as `llama-perplexity`.
    public var method: String
    /// SHA-256 of the text.
    public var text: String?
    /// Context length, in tokens.
    public var context: Int?
    /// The number of pieces of `context` tokens that were scored.
    public var chunks: Int?
    /// SHA-256 of the model that the build was compared with.
    public var against: String?
    /// The inner loops that ran: `swift`, `avx2`, `neon`.
    public var kernels: String
    /// The version of edgepipe that made the measurement.
    public var toolVersion: String
    /// All other conditions that the number depends on.
    public var others: [String: String]

    /// Creates a value from its parts; each parameter is documented on its property.
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

/// A signature recorded in the registry's audit log.
public struct ReportedSignature: Sendable {
    /// SHA-256 of the public key.
    public var key: String
    /// When it was made, in ISO 8601.
    public var at: String

    /// Creates a value from its parts; each parameter is documented on its property.
    public init(key: String, at: String) { (self.key, self.at) = (key, at) }
}

/// The estimate of the focused build on a device, and the best build for that device.
public struct ReportedFit: Sendable {
    /// The device.
    public var device: Device
    /// The estimate of the focused build on this device.
    public var estimate: FitEstimate
    /// Whether the estimate is stored in the registry; otherwise the report computed it from the stored shape of the
    /// build.
    public var isStored: Bool
    /// The type of the version's best build for this device alone; nil if none fits.
    public var best: String?

    /// Creates a value from its parts; each parameter is documented on its property.
    public init(device: Device, estimate: FitEstimate, isStored: Bool, best: String?) {
        (self.device, self.estimate, self.isStored, self.best) = (device, estimate, isStored, best)
    }
}

/// A tensor of a file's header.
public struct ReportedTensor: Sendable {
    /// The layer; nil outside of the layers.
    public var layer: Int?
    /// The tensor's role: `attn_q`, `ffn_down`, `output`.
    public var role: String
    /// The type's name in GGUF: `Q4_K`.
    public var type: String
    /// Bits per parameter of the type.
    public var bitsPerWeight: Double
    /// Size of the tensor's data, in bytes.
    public var bytes: Int
    /// Mean KL divergence of the model with only this tensor quantized, in nats per token; nil if it was not measured.
    public var error: Double?

    /// - Parameter name: the tensor's name, such as `blk.3.ffn_down.weight`.
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

/// The meaning of the numbers beside single tensors.
public enum TensorErrorKind: Sendable {
    /// The KL divergence with only this tensor quantized, in nats per token.
    case divergence(TensorErrorConditions)
    /// The tensor's share of the divergence that a recipe predicted, in nats per token.
    case predicted(ReportedRecipe)
    /// Root mean square of the error divided by that of the weights, as the quantizer recorded it.
    case relative
    case unknown
}

/// How the types of a build's tensors were chosen.
public struct ReportedRecipe: Sendable {
    /// The largest file size that was allowed, in bytes.
    public var budgetBytes: Int
    /// The types that were allowed.
    public var ladder: String
    /// Predicted mean divergence, in nats per token.
    public var predictedKld: Double
    /// The best preset that fitted the budget, and its predicted divergence, in nats per token; nil if none fitted.
    public var preset: (type: String, predictedKld: Double)?

    /// Creates a value from its parts; each parameter is documented on its property.
    public init(
        budgetBytes: Int,
        ladder: String,
        predictedKld: Double,
        preset: (type: String, predictedKld: Double)?
    ) {
        (self.budgetBytes, self.ladder, self.predictedKld, self.preset) = (budgetBytes, ladder, predictedKld, preset)
    }
}

/// The conditions under which the errors of single tensors were measured.
public struct TensorErrorConditions: Sendable {
    /// SHA-256 of the text.
    public var text: String
    /// Length of a piece of text, in tokens.
    public var context: Int
    /// The number of pieces that were scored.
    public var chunks: Int
    /// The inner loops that ran: `swift`, `avx2`, `neon`.
    public var kernels: String
    /// The version of edgepipe that made the measurement.
    public var toolVersion: String
    /// Whether the tensors were those of this very build; otherwise they had the same types and came from another
    /// build.
    public var isOfThisBuild: Bool

    /// Creates a value from its parts; each parameter is documented on its property.
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

/// One step of the lineage: the bytes `from` became the bytes `to`, both by SHA-256.
public struct ReportedStep: Hashable, Sendable {
    /// SHA-256 of the input.
    public var from: String
    /// The kind of step: `convert`, `quantize`, `imatrix`.
    public var kind: String
    /// SHA-256 of the output.
    public var to: String
    /// SHA-256 of the step's options.
    public var options: String

    /// Creates a value from its parts; each parameter is documented on its property.
    public init(from: String, kind: String, to: String, options: String) {
        (self.from, self.kind, self.to, self.options) = (from, kind, to, options)
    }
}

/// One move of a channel.
public struct ReportedMove: Sendable {
    /// The channel's name, such as `production`.
    public var channel: String
    /// The previous version; nil if the channel was new.
    public var from: String?
    /// The version that the channel points to since.
    public var to: String
    /// When the channel moved, in ISO 8601.
    public var at: String
    /// The person's name, as they gave it.
    public var who: String
    /// The reason, in the person's words.
    public var why: String

    /// Creates a value from its parts; each parameter is documented on its property.
    public init(channel: String, from: String?, to: String, at: String, who: String, why: String) {
        (self.channel, self.from, self.to, self.at, self.who, self.why) = (channel, from, to, at, who, why)
    }
}
