import BinaryIO
import Foundation
import SystemPackage

/// Everything that one publication makes visible at once: builds of one version and their metadata.
public struct Publication: Codable, Sendable {
    /// The model's name.
    public var model: String
    /// The version of all builds.
    public var version: ModelVersion
    /// The builds; at least one.
    public var builds: [BuildDraft]
    /// How the builds were made; intermediate files need not be in the registry.
    public var lineage: [LineageEdge]
    /// The channel to point at this version, if any.
    public var channel: String?
    /// Who publishes, for the channel's history.
    public var publisher: String
    /// The version of edgepipe that publishes.
    public var toolVersion: String

    /// Creates a value from its parts; each parameter is documented on its property.
    public init(
        model: String,
        version: ModelVersion,
        builds: [BuildDraft],
        lineage: [LineageEdge] = [],
        channel: String? = nil,
        publisher: String = NSUserName(),
        toolVersion: String
    ) {
        self.model = model
        self.version = version
        self.builds = builds
        self.lineage = lineage
        self.channel = channel
        self.publisher = publisher
        self.toolVersion = toolVersion
    }

    /// Checks everything that needs no file, before gigabytes are compressed in vain.
    func validate() throws(RegistryError) {
        guard !builds.isEmpty else {
            throw .invalidValue(field: "builds", detail: "there is none. Publish at least one file.")
        }
        if let channel { try ModelRegistry.checkChannel(channel) }
        var names: Set<BuildName> = []
        for draft in builds {
            let name = try BuildName(model: model, version: version, type: draft.type)
            guard names.insert(name).inserted else {
                throw .invalidValue(field: "builds", detail: "\(name) is given twice. Give every type once.")
            }
            try draft.validate()
        }
        for edge in lineage { try NameGrammar.check(edge.stepKind, of: "step kind") }
    }
}

/// A file to publish, with its metadata.
public struct BuildDraft: Codable, Sendable {
    /// The last part of the build's name, such as `q4_k_m`.
    public var type: String
    /// The file to publish; it is read, never moved or changed.
    public var file: FilePath
    /// The positions where parts begin; if empty, the file is stored whole.
    public var cuts: [PartCut]
    /// The facts that the publisher states.
    public var facts: BuildFacts
    /// The measurements of the build.
    public var measurements: [MeasurementRecord]
    /// The estimates for the build.
    public var fits: [FitRecord]
    /// The quantization errors of its tensors.
    public var tensorErrors: [TensorErrorRecord]
    /// How the types of its tensors were chosen, if not by a preset.
    public var recipes: [RecipeRecord]

    /// Creates a value from its parts; each parameter is documented on its property.
    public init(
        type: String,
        file: FilePath,
        cuts: [PartCut] = [],
        facts: BuildFacts,
        measurements: [MeasurementRecord] = [],
        fits: [FitRecord] = [],
        tensorErrors: [TensorErrorRecord] = [],
        recipes: [RecipeRecord] = []
    ) {
        self.type = type
        self.file = file
        self.cuts = cuts
        self.facts = facts
        self.measurements = measurements
        self.fits = fits
        self.tensorErrors = tensorErrors
        self.recipes = recipes
    }

    func validate() throws(RegistryError) {
        try Self.check(facts.bitsPerWeight > 0 && facts.bitsPerWeight.isFinite, "bitsPerWeight", "a positive number")
        try Self.check(!facts.quantType.isEmpty, "quantType", "a name such as Q4_K_M")
        try Self.check(!facts.license.isEmpty, "license", "an SPDX identifier, or `unknown`")
        try Self.check(Self.isJSON(facts.profile), "profile", "JSON")
        for measurement in measurements { try Self.check(measurement) }
        for fit in fits {
            let memory = [0, fit.peakMemoryLow, fit.peakMemoryMid, fit.peakMemoryHigh]
            try Self.check(memory == memory.sorted(), "peak memory on \(fit.device)", "low, mid and high in order")
            try Self.check(fit.context > 0, "context of the fit on \(fit.device)", "a positive number")
            let speeds = [fit.decodeTokensPerSecond, fit.prefillTokensPerSecond, fit.sustainedFactor]
            for value in speeds + [fit.batteryPercentPer1kTokens ?? 0] {
                try Self.check(value.isFinite && value >= 0, "fit on \(fit.device)", "finite numbers of at least 0")
            }
            try Self.check(Self.isJSON(fit.payload), "payload of the fit on \(fit.device)", "JSON")
        }
        for record in tensorErrors { try Self.check(record) }
        for record in recipes { try Self.check(record) }
    }

    static func check(_ record: RecipeRecord) throws(RegistryError) {
        try check(record.budgetBytes > 0 && !record.tensors.isEmpty, "recipe", "a budget and tensors")
        try check(!record.ladder.isEmpty && !record.rounding.isEmpty, "recipe", "a ladder and a rounding")
        for value in [record.predictedKld, record.presetPredictedKld ?? 0] + record.tensors.map(\.kldShare) {
            try check(value.isFinite && value >= 0, "divergence of a recipe", "a finite number of at least 0")
        }
        for tensor in record.tensors {
            try check(!tensor.name.isEmpty && !tensor.type.isEmpty && tensor.bytes >= 0, "recipe", "tensors with types")
        }
    }

    static func check(_ record: TensorErrorRecord) throws(RegistryError) {
        try check(!record.method.isEmpty && !record.tensors.isEmpty, "errors of tensors", "a method and tensors")
        for tensor in record.tensors {
            try check(!tensor.name.isEmpty, "errors of tensors", "each with the name of its tensor")
            for value in [tensor.relativeError, tensor.weightedError ?? 0] {
                try check(value.isFinite && value >= 0, "error of \(tensor.name)", "a finite number of at least 0")
            }
        }
    }

    static func check(_ measurement: MeasurementRecord) throws(RegistryError) {
        let metric = measurement.metric
        try check(!metric.isEmpty && !measurement.method.isEmpty, "measurement", "a metric and a method")
        try check(measurement.value.isFinite, metric, "a finite number")
        if let error = measurement.standardError {
            try check(error >= 0 && error.isFinite, "standard error of \(metric)", "a number of at least 0")
        }
        try check((measurement.context ?? 1) > 0, "context of \(metric)", "a positive number")
        try check((measurement.chunks ?? 1) > 0, "chunks of \(metric)", "a positive number")
    }

    static func isJSON(_ text: String) -> Bool {
        (try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)) != nil
    }

    static func check(_ holds: Bool, _ field: String, _ expected: String) throws(RegistryError) {
        guard holds else {
            throw .invalidValue(field: field, detail: "the value is not allowed. Give \(expected).")
        }
    }
}
