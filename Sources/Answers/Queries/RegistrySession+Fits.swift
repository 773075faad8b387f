import BinaryIO
import DeviceFit
import Registry

/// How a build that was published runs on phones.
public struct FitQuestion: Sendable {
    /// `model[@version][:type]`
    public var build: String
    /// Devices of the catalogue; all of them where there are none.
    public var devices: [String] = []
    /// The version of their system; nil takes the limits of the catalogue.
    public var system: String?
    /// Tokens; nil takes 4096, or what the model was trained for where that is less.
    public var context: Int?
    /// Element type of the key-value cache.
    public var kvType = "f16"
    /// Tokens that are processed at once while a prompt is read.
    public var batch = 512
    /// Whether what the model sees with is loaded, too.
    public var takesImages = false

    /// Asks how a build runs on every phone of the catalogue.
    public init(_ build: String) { self.build = build }
}

extension RegistrySession {
    /// Estimates a published build on phones, in the order of the catalogue or as they are named.
    /// - Throws: `RegistryError`; `DeviceFitError` for unknown devices and values out of range; `AnswersError.badRequest` for a
    ///   build whose shape the registry does not have, and for more context than the model was trained for.
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
