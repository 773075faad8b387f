import Answers
import Pipeline
import Registry

/// What a run did. The names of the fields are a contract with other programs.
public struct RunReport: Encodable, Sendable {
    public struct Step: Codable, Sendable {
        public var step: String
        public var status: StepStatus
        public var seconds: Double
        public var outputs: [String]
        /// Gates that were not met.
        public var problems: [String]?
        /// How each quantization came out.
        public var quantizations: [Quantization]?
    }

    /// One quantized build: its size a weight, the types that tensors could not have, and what they lost.
    public struct Quantization: Codable, Sendable {
        public var type: String
        public var bitsPerWeight: Double
        public var relativeError: Double?
        public var fallbacks: [Fallback]
        public var errors: [TensorError]?
    }

    public var pipeline: String
    public var steps: [Step]
    public var builds: [BuildSummary]

    public var gateFailures: [String] { steps.flatMap { $0.problems ?? [] } }

    /// - Throws: `RegistryError` where a published build cannot be read.
    init(_ pipeline: String, _ outcomes: [StepRunner.Outcome], _ registry: ModelRegistry) throws {
        self.pipeline = pipeline
        steps = try outcomes.map(Step.init)
        let published = outcomes.filter { $0.kind == PublishSettings.kind }.flatMap(\.products)
        builds = try published.map { product in
            let build: RegisteredBuild = try product.facts()
            return try BuildSummary(registry, try registry.build(named: try BuildName(build.name)))
        }
    }
}

extension RunReport.Step {
    fileprivate init(_ outcome: StepRunner.Outcome) throws {
        step = outcome.step
        status = outcome.status
        seconds = outcome.seconds
        outputs = outcome.products.flatMap(\.names)
        problems = outcome.problems.isEmpty ? nil : outcome.problems
        guard outcome.kind == QuantizeSettings.kind, outcome.status != .skipped else { return }
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
