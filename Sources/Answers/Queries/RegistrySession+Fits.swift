import BinaryIO
import DeviceFit
import Registry

/// The request to estimate a published build on phones.
public struct FitQuestion: Sendable {
    /// The build, `model[@version][:type]`.
    public var build: String
    /// Devices of the catalogue; empty for all.
    public var devices: [String] = []
    /// The system version of the devices; nil for the limits of the catalogue.
    public var system: String?
    /// The context length in tokens; nil for 4096, or the model's training context if that is shorter.
    public var context: Int?
    /// The element type of the key-value cache.
    public var kvType = "f16"
    /// The number of tokens processed at once during prefill.
    public var batch = 512
    /// Whether the model's projector is loaded, too.
    public var takesImages = false

    /// Creates a request for every phone of the catalogue.
    public init(_ build: String) { self.build = build }
}

extension RegistrySession {
    /// Estimates a published build on phones, in the order of the catalogue or as they are named.
    /// - Throws: `RegistryError`; `DeviceFitError` for unknown devices and values out of range;
    ///   `AnswersError.badRequest` for a build whose shape the registry does not have, and for a context longer than
    ///   the model's training context.
    public func fits(_ question: FitQuestion) throws -> [FitEstimate] {
        let record = try registry.resolve(BuildReference(question.build))
        guard let profile = profile(record.facts.profile) else {
            throw AnswersError.badRequest("\(record.name) has no profile in the registry. Name a build of a model.")
        }
        if let context = question.context, context > profile.contextLength {
            throw AnswersError.badRequest(
                "the model was trained for \(profile.contextLength) tokens of context; \(context) were asked for. "
                    + "Give \(setting: "context", "\(profile.contextLength)") or less."
            )
        }
        var request = FitRequest(
            for: profile,
            context: question.context,
            kvType: question.kvType,
            batch: question.batch
        )
        if question.takesImages { request.projectorBytes = profile.projector?.memoryBytes }
        let catalogue = try catalogue()
        let named = try catalogue.devices(question.devices, running: question.system)
        let estimator = FitEstimator(catalogue: catalogue)
        return try (question.devices.isEmpty ? catalogue.devices : named).map { device in
            try estimator.estimate(profile, on: device, request)
        }
    }
}
