import Answers
import DeviceFit
import Pipeline
import Registry

/// What a run did. The names of the fields are a contract with other programs.
public struct RunReport: Encodable, Sendable {
    /// How one step ended.
    public struct Step: Codable, Sendable {
        /// The step's id.
        public var step: String
        /// How it ended.
        public var status: StepStatus
        /// How long it took, looking in the cache included.
        public var seconds: Double
        /// Files, builds' types or builds' names, by the kind of step.
        public var outputs: [String]
        /// Gates that were not met.
        public var problems: [String]?
        /// What the step failed with, in a run that went on nevertheless.
        public var error: String?
        /// How each quantization came out.
        public var quantizations: [Quantization]?
    }

    /// One quantized build: its size a weight, the types that tensors could not have, and what they lost.
    public struct Quantization: Codable, Sendable {
        /// The build's type.
        public var type: String
        /// Averaged over all weights.
        public var bitsPerWeight: Double
        /// Root of the mean squared error over that of the weights, for all tensors whose type changed.
        public var relativeError: Double?
        /// Tensors whose shape did not allow the type that was wanted.
        public var fallbacks: [Fallback]
        /// What each tensor lost.
        public var errors: [TensorError]?
    }

    /// The pipeline's name.
    public var pipeline: String
    /// In the order of the file.
    public var steps: [Step]
    /// What the registry says of the builds that were published, cached ones among them.
    public var builds: [BuildSummary]

    /// What steps failed with, in words; empty unless the run kept going.
    public var errors: [String] { steps.compactMap(\.error) }

    /// Gates that were not met, in words.
    public var gateFailures: [String] { steps.flatMap { $0.problems ?? [] } }

    /// - Throws: `RegistryError` where a published build cannot be read.
    init(_ pipeline: String, _ outcomes: [StepRunner.Outcome], _ registry: ModelRegistry) throws {
        self.pipeline = pipeline
        steps = try outcomes.map(Step.init)
        let published = outcomes.filter { $0.kind == PublishSettings.kind }.flatMap(\.products)
        builds = try published.map { product in
            let build: RegisteredBuild = try product.facts()
            let record = try registry.build(named: try BuildName(build.name))
            var summary = try BuildSummary(registry, record)
            if let remark = ModelProfile(stored: record.facts.profile)?.fallbackRemark {
                summary.remarks.append(remark)
            }
            return summary
        }
        builds.remarkBeaten()
    }
}

extension RunReport.Step {
    fileprivate init(_ outcome: StepRunner.Outcome) throws {
        step = outcome.step
        status = outcome.status
        seconds = outcome.seconds
        outputs = outcome.products.flatMap(\.names)
        problems = outcome.problems.isEmpty ? nil : outcome.problems
        error = outcome.error.map { "\($0)" }
        guard outcome.kind == QuantizeSettings.kind, !outcome.products.isEmpty else { return }
        quantizations = try outcome.products.map { product in
            let facts: BuildFile.Facts = try product.facts()
            return RunReport.Quantization(
                type: facts.type,
                bitsPerWeight: facts.bitsPerWeight,
                relativeError: facts.relativeError,
                fallbacks: facts.fallbacks,
                errors: facts.errors
            )
        }
    }
}
