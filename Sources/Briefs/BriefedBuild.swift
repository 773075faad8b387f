import DeviceFit

/// The properties of a build that briefs and snippets need; plain values, so that this module does not depend on the
/// registry.
public struct BriefedBuild: Sendable {
    /// `model@version:type`
    public var build: String
    /// The model's name.
    public var model: String
    /// The quantization's name in the format: `Q4_K_M`.
    public var quantType: String
    /// Bits of the file's tensors per parameter.
    public var bitsPerWeight: Double
    /// Size of the file, in bytes.
    public var fileBytes: Int
    /// An SPDX identifier, or the name that the source gives.
    public var license: String
    /// The origin of the model: a folder or `hf://owner/name`.
    public var source: String
    /// Bits per byte of text; nil if it was not measured.
    public var bitsPerByte: Double?
    /// Perplexity on the same text; nil if it was not measured.
    public var perplexity: Double?
    /// Mean KL divergence from the model before quantization, in nats per token; nil if it was not measured.
    public var kld: Double?
    /// Mean cosine between an embedding model's vectors and those of the model before quantization; nil for other
    /// models, or if it was not measured.
    public var meanCosine: Double?
    /// Share of a text's ten nearest neighbours that an embedding model and the model before quantization agree on, in
    /// percent; nil for other models, or if it was not measured.
    public var top10OverlapPercent: Double?
    /// The model's shape.
    public var profile: ModelProfile
    /// The estimate for the devices, or for the memory budget on a platform.
    public var estimate: FitEstimate
    /// The estimates for phones that are three to four years old.
    public var olderPhones: [FitEstimate]

    /// Creates a value from its parts; each parameter is documented on its property.
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
