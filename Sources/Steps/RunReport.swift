import Answers
import DeviceFit
import Pipeline
import Registry

/// The result of a run. The names of the fields are a contract with other programs.
public struct RunReport: Encodable, Sendable {
    /// The result of one step.
    public struct Step: Codable, Sendable {
        /// The step's id.
        public var step: String
        /// The outcome.
        public var status: StepStatus
        /// The elapsed time in seconds, including cache lookups.
        public var seconds: Double
        /// The files, build types or build names, depending on the kind of step.
        public var outputs: [String]
        /// The gates that were not met.
        public var problems: [String]?
        /// The error of a failed step, in a run that continued.
        public var error: String?
        /// The results of the quantizations.
        public var quantizations: [Quantization]?
    }

    /// One quantized build: its bits per weight, the types that tensors could not have, and their errors.
    public struct Quantization: Codable, Sendable {
        /// The build's type.
        public var type: String
        /// The average over all weights.
        public var bitsPerWeight: Double
        /// The root mean square error over that of the weights, for all tensors whose type changed.
        public var relativeError: Double?
        /// The tensors whose shape did not allow the requested type.
        public var fallbacks: [Fallback]
        /// The error of each tensor.
        public var errors: [TensorError]?
    }

    /// The pipeline's name.
    public var pipeline: String
    /// The steps in file order.
    public var steps: [Step]
    /// The registry's summaries of the published builds, including cached ones.
    public var builds: [BuildSummary]

    /// The errors of failed steps; empty unless the run kept going.
    public var errors: [String] { steps.compactMap(\.error) }

    /// Descriptions of the gates that were not met.
    public var gateFailures: [String] { steps.flatMap { $0.problems ?? [] } }

    /// - Throws: `RegistryError` if a published build cannot be read.
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
