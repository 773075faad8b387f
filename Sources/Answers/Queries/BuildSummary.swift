import Architectures
import BinaryIO
import DeviceFit
import Registry

/// A build as a query answers it. The names of the fields are a contract with other programs.
public struct BuildSummary: Encodable, Sendable {
    /// `model@version:type`
    public var build: String
    /// The model's name.
    public var model: String
    /// Such as `1.2.0`.
    public var version: String
    /// Such as `q4_k_m`.
    public var type: String
    /// Of the file.
    public var sha256: SHA256Digest
    /// Size of the file.
    public var fileBytes: Int
    /// Bits of the file's tensors per parameter.
    public var bitsPerWeight: Double
    /// An SPDX identifier, or the name that the source gives.
    public var license: String
    /// Where a device or a budget was asked for.
    public var peakMemoryBytes: Int?
    /// Measured on the text of `textSha256`, as are perplexity and divergence.
    public var bitsPerByte: Double?
    /// Per token.
    public var perplexity: Double?
    /// Mean, in nats per token.
    public var kld: Double?
    /// What the model gives for a text; nil where the registry does not have its shape.
    public var kind: ModelKind?
    /// Of an embedding model: how near its vectors are to those of the model that it was made from, mean over the texts.
    public var meanCosine: Double?
    /// Likewise: how many of a text's ten nearest are the same by both models, in percent.
    public var top10OverlapPercent: Double?
    /// While generating, as estimated or measured; nil for models that do not write.
    public var decodeTokensPerSecond: Double?
    /// While a prompt is read.
    public var prefillTokensPerSecond: Double?
    /// Nil where the device's battery is not known.
    public var batteryPercentPer1kTokens: Double?
    /// Share of the speed that is left after ten minutes without a pause.
    public var sustainedFactor: Double?
    /// The whole estimate, with ranges, confidence and sources.
    public var estimate: FitEstimate?
    /// The text that quality was measured on.
    public var textSha256: SHA256Digest?
    /// What the reader should know of how this build was ranked.
    public var remarks: [String] = []
    /// The remarks, in one line.
    public var note: String? { remarks.isEmpty ? nil : remarks.joined(separator: "; ") }
    /// One for each device, where several were asked for; `estimate` is the one that is hardest to meet.
    public var estimates: [FitEstimate] = []
    /// Whether other processors of Android phones than the CPU take its type; see `QueryAnswer.hint`.
    var suitsAccelerators = false
    /// What a ranking tells apart, the less the better: bits per byte in steps of a thousandth, or what is missing of a cosine in steps of
    /// a ten-thousandth.
    var qualityStep: Double? {
        bitsPerByte.map { ($0 * 1000).rounded() } ?? meanCosine.map { ((1 - $0) * 10_000).rounded() }
    }
    /// The same, unrounded.
    var loss: Double? { bitsPerByte ?? meanCosine.map { 1 - $0 } }

    private enum CodingKeys: String, CodingKey {
        case build, model, version, type, sha256, fileBytes, bitsPerWeight, license, peakMemoryBytes, bitsPerByte,
            perplexity
        case kld, decodeTokensPerSecond, prefillTokensPerSecond, batteryPercentPer1kTokens, sustainedFactor, estimate
        case estimates, textSha256, note, kind, meanCosine, top10OverlapPercent
    }

    /// A build with what was measured of it, and no estimate.
    /// - Throws: `RegistryError`.
    public init(_ registry: ModelRegistry, _ record: BuildRecord) throws {
        self.init(record)
        set(try registry.figures(of: [record.digest], metrics: Self.metrics)[record.digest] ?? [])
        kind = ModelProfile(stored: record.facts.profile)?.kind
    }

    /// What a summary tells of what was measured.
    static let metrics = [
        Metric.bitsPerByte, Metric.perplexity, Metric.meanKLD, Metric.meanCosine, Metric.top10OverlapPercent,
    ]

    /// A build without anything that was measured or estimated.
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

    /// Takes what was measured.
    /// - Parameter measurements: of `metrics`, oldest first.
    mutating func set(_ measurements: [MeasuredFigure]) {
        // Numbers of one text belong together; the latest measurement of each wins.
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

    /// What is not known is null: every build has the same keys, and a reader need not ask which.
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

    /// Takes what was estimated, of which the hardest device speaks for all: the slowest where all fit alike.
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
