import Architectures
import BinaryIO
import DeviceFit
import Registry

/// A build in the answer to a query. The field names are a contract with other programs.
public struct BuildSummary: Encodable, Sendable {
    /// The build, `model@version:type`.
    public var build: String
    /// The name of the model.
    public var model: String
    /// The version, such as `1.2.0`.
    public var version: String
    /// The build's type, such as `q4_k_m`.
    public var type: String
    /// The SHA-256 of the file.
    public var sha256: SHA256Digest
    /// The size of the file.
    public var fileBytes: Int
    /// The bits of the file's tensors per parameter.
    public var bitsPerWeight: Double
    /// The licence: an SPDX identifier, or the name that the source gives.
    public var license: String
    /// The estimated or measured peak memory; nil without a device or a budget.
    public var peakMemoryBytes: Int?
    /// Bits per byte, measured on the text of `textSha256`, as are perplexity and divergence.
    public var bitsPerByte: Double?
    /// The perplexity per token.
    public var perplexity: Double?
    /// The mean divergence, in nats per token.
    public var kld: Double?
    /// The kind of output of the model; nil if the registry does not have its shape.
    public var kind: ModelKind?
    /// The mean cosine between an embedding model's vectors and those of its source model, over the texts.
    public var meanCosine: Double?
    /// The part of a text's ten nearest texts that are the same with an embedding model and its source model, in
    /// percent.
    public var top10OverlapPercent: Double?
    /// The decoding speed, estimated or measured; nil for models that do not generate text.
    public var decodeTokensPerSecond: Double?
    /// The prefill speed.
    public var prefillTokensPerSecond: Double?
    /// The share of the battery that 1000 tokens use; nil if the device's battery is not known.
    public var batteryPercentPer1kTokens: Double?
    /// The share of the speed that remains after ten minutes without a pause.
    public var sustainedFactor: Double?
    /// The whole estimate, with ranges, confidence and sources.
    public var estimate: FitEstimate?
    /// The text on which quality was measured.
    public var textSha256: SHA256Digest?
    /// Remarks on how this build was ranked.
    public var remarks: [String] = []
    /// The remarks in one line.
    public var note: String? { remarks.isEmpty ? nil : remarks.joined(separator: "; ") }
    /// One estimate for each device, if several were named; `estimate` is the one with the hardest limit.
    public var estimates: [FitEstimate] = []
    /// Whether processors of Android phones other than the CPU can run its type; see `QueryAnswer.hint`.
    var suitsAccelerators = false
    /// The quality in the steps that a ranking distinguishes, the less the better: bits per byte in thousandths, or the
    /// difference of a cosine from 1 in ten-thousandths.
    var qualityStep: Double? {
        bitsPerByte.map { ($0 * 1000).rounded() } ?? meanCosine.map { ((1 - $0) * 10_000).rounded() }
    }
    /// The unrounded quality, the less the better.
    var loss: Double? { bitsPerByte ?? meanCosine.map { 1 - $0 } }

    private enum CodingKeys: String, CodingKey {
        case build, model, version, type, sha256, fileBytes, bitsPerWeight, license, peakMemoryBytes, bitsPerByte,
            perplexity
        case kld, decodeTokensPerSecond, prefillTokensPerSecond, batteryPercentPer1kTokens, sustainedFactor, estimate
        case estimates, textSha256, note, kind, meanCosine, top10OverlapPercent
    }

    /// Creates the summary of a build with its measurements and without an estimate.
    /// - Throws: `RegistryError`.
    public init(_ registry: ModelRegistry, _ record: BuildRecord) throws {
        self.init(record)
        set(try registry.figures(of: [record.digest], metrics: Self.metrics)[record.digest] ?? [])
        kind = ModelProfile(stored: record.facts.profile)?.kind
    }

    /// The metrics that a summary includes.
    static let metrics = [
        Metric.bitsPerByte, Metric.perplexity, Metric.meanKLD, Metric.meanCosine, Metric.top10OverlapPercent,
    ]

    /// Creates the summary of a build without measurements and estimates.
    init(_ record: BuildRecord) {
        build = "\(record.name)"
        model = record.name.model
        version = "\(record.name.version)"
        type = record.name.type
        sha256 = record.digest
        fileBytes = record.fileBytes
        bitsPerWeight = record.facts.bitsPerWeight
        license = record.facts.license
    }

    /// Adds the measurements.
    /// - Parameter measurements: of `metrics`, oldest first.
    mutating func set(_ measurements: [MeasuredFigure]) {
        // Numbers of one text belong together; the latest measurement of each metric counts.
        let main = [Metric.bitsPerByte, Metric.meanCosine]
        let text = measurements.last { main.contains($0.metric) }?.textDigest
        func value(_ metric: String) -> Double? {
            measurements.last { $0.metric == metric && $0.textDigest == text }?.value
        }
        textSha256 = text
        bitsPerByte = value(Metric.bitsPerByte)
        perplexity = value(Metric.perplexity)
        kld = value(Metric.meanKLD)
        meanCosine = value(Metric.meanCosine)
        top10OverlapPercent = value(Metric.top10OverlapPercent)
    }

    /// Encodes unknown values as null: every build has the same keys, so that readers need not check for them.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(build, forKey: .build)
        try container.encode(model, forKey: .model)
        try container.encode(version, forKey: .version)
        try container.encode(type, forKey: .type)
        try container.encode(sha256, forKey: .sha256)
        try container.encode(fileBytes, forKey: .fileBytes)
        try container.encode(bitsPerWeight, forKey: .bitsPerWeight)
        try container.encode(license, forKey: .license)
        try container.encode(peakMemoryBytes, forKey: .peakMemoryBytes)
        try container.encode(bitsPerByte, forKey: .bitsPerByte)
        try container.encode(perplexity, forKey: .perplexity)
        try container.encode(kld, forKey: .kld)
        try container.encode(decodeTokensPerSecond, forKey: .decodeTokensPerSecond)
        try container.encode(prefillTokensPerSecond, forKey: .prefillTokensPerSecond)
        try container.encode(batteryPercentPer1kTokens, forKey: .batteryPercentPer1kTokens)
        try container.encode(sustainedFactor, forKey: .sustainedFactor)
        try container.encode(estimate, forKey: .estimate)
        if estimates.count > 1 { try container.encode(estimates, forKey: .estimates) }
        try container.encode(textSha256, forKey: .textSha256)
        try container.encode(note, forKey: .note)
        try container.encode(kind, forKey: .kind)
        try container.encode(meanCosine, forKey: .meanCosine)
        try container.encode(top10OverlapPercent, forKey: .top10OverlapPercent)
    }

    /// Adds the estimates. The hardest device represents all: the slowest if all fit alike.
    mutating func set(_ estimates: [FitEstimate]) {
        self.estimates = estimates
        let verdicts: [FitVerdict] = [.doesNotFit, .tight, .fits]
        guard
            let estimate = estimates.min(by: { first, second in
                let ranks = [first, second].map { verdicts.firstIndex(of: $0.verdict) ?? 0 }
                return (ranks[0], first.speed.mid) < (ranks[1], second.speed.mid)
            })
        else { return }
        self.estimate = estimate
        peakMemoryBytes = estimates.map(\.memory.total.mid).max()
        decodeTokensPerSecond = estimates.compactMap { $0.decode?.mid }.min()
        prefillTokensPerSecond = estimates.map(\.prefill.mid).min()
        batteryPercentPer1kTokens = estimates.compactMap { $0.batteryPercentPer1kTokens?.mid }.max()
        sustainedFactor = estimates.map(\.sustainedFactor.mid).min()
    }
}
