import DeviceFit

/// What a brief or a snippet needs to know of a build; plain values, so that this room knows no registry.
public struct BriefedBuild: Sendable {
    /// `model@version:type`
    public var build: String
    /// The model's name.
    public var model: String
    /// As the format names it: `Q4_K_M`.
    public var quantType: String
    /// Bits of the file's tensors per parameter.
    public var bitsPerWeight: Double
    /// Size of the file.
    public var fileBytes: Int
    /// An SPDX identifier, or the name that the source gives.
    public var license: String
    /// Where the model came from: a folder or `hf://owner/name`.
    public var source: String
    /// Nil where it was not measured.
    public var bitsPerByte: Double?
    /// Of the same text; nil where it was not measured.
    public var perplexity: Double?
    /// Mean divergence from the model it was made from, in nats a token.
    public var kld: Double?
    /// Of an embedding model: the mean cosine of its vectors and those of the model it was made from.
    public var meanCosine: Double?
    /// Of an embedding model: how many of a text's ten nearest are the same by both models, in percent.
    public var top10OverlapPercent: Double?
    /// The model's shape.
    public var profile: ModelProfile
    /// For what was asked: devices, or a budget on a platform.
    public var estimate: FitEstimate
    /// For each phone of three to four years ago.
    public var olderPhones: [FitEstimate]

    /// Every value is as its property describes it.
    public init(
        build: String,
        model: String,
        quantType: String,
        bitsPerWeight: Double,
        fileBytes: Int,
        license: String,
        source: String,
        bitsPerByte: Double?,
        perplexity: Double?,
        kld: Double?,
        profile: ModelProfile,
        estimate: FitEstimate,
        olderPhones: [FitEstimate]
    ) {
        (self.build, self.model, self.quantType) = (build, model, quantType)
        (self.bitsPerWeight, self.fileBytes, self.license, self.source) = (bitsPerWeight, fileBytes, license, source)
        (self.bitsPerByte, self.perplexity, self.kld) = (bitsPerByte, perplexity, kld)
        (self.profile, self.estimate, self.olderPhones) = (profile, estimate, olderPhones)
    }

    /// The file's name in commands and snippets.
    public var fileName: String { "\(model)-\(quantType.lowercased()).gguf" }
}
