import BinaryIO
import Pipeline
import Quantization

/// The builds of a pipeline file as a job matrix of GitHub Actions: one job per build, or per group of builds if there
/// are more than a matrix allows.
public struct BuildMatrix: Encodable, Sendable {
    /// One job.
    public struct Entry: Encodable, Sendable {
        /// The job's name.
        public var name: String
        /// The pipeline's name.
        public var pipeline: String
        /// The model's name, if the file has several.
        public var model: String?
        /// The steps that make the builds.
        public var steps: [String]
        /// The builds' types.
        public var types: [String]
        /// The arguments to append to `edgepipe run FILE` for these builds only.
        public var arguments: String
        /// The largest amount of memory that a step of the job needs, in bytes.
        public var memoryBytes: Int?
        /// The amount that the job writes, in bytes.
        public var diskBytes: Int?
    }

    /// The entries in the form of `strategy.matrix`.
    public let include: [Entry]

    /// The largest number of jobs in a matrix.
    public static let mostJobs = 256

    /// - Parameter pipelines: the pipelines with their plans.
    public init(_ pipelines: [(definition: PipelineDefinition, plan: PipelinePlan)]) {
        let counts = pipelines.map { $0.definition.buildTypes.count }
        // Every model has at least one job of its own, and a file never has more models than a matrix has jobs.
        let most = max(1, counts.max() ?? 1)
        let size = (1...most).first { size in
            counts.reduce(0) { $0 + ($1 + size - 1) / size } <= Self.mostJobs
        }
        include = pipelines.flatMap { definition, plan in
            let types = definition.buildTypes
            return stride(from: 0, to: types.count, by: size ?? most).map { start in
                Self.entry(Array(types[start..<min(types.count, start + (size ?? most))]), definition, plan)
            }
        }
    }

    private static func entry(_ types: [String], _ definition: PipelineDefinition, _ plan: PipelinePlan) -> Entry {
        let makers = definition.steps.filter { step in
            (step.settings as? QuantizeSettings)?.types.contains { types.contains($0.tag) } ?? false
        }
        let forecasts = plan.steps.compactMap(\.forecast)
        let disk = plan.steps.compactMap { step in
            step.forecast?.outputs.filter { isOf(types, $0.name, step.kind) }.compactMap(\.bytes).reduce(0, +)
        }
        // Names of models and types contain no shell metacharacters.
        let arguments =
            (definition.model.map { [option("model"), $0] } ?? []) + types.flatMap { [option("type"), $0] }
        return Entry(
            name: "\(definition.name) \(types.joined(separator: " "))",
            pipeline: definition.name,
            model: definition.model,
            steps: makers.map(\.id),
            types: types,
            arguments: arguments.joined(separator: " "),
            memoryBytes: forecasts.map(\.peakMemoryBytes).max(),
            diskBytes: forecasts.isEmpty ? nil : disk.reduce(0, +)
        )
    }

    private static func option(_ name: String) -> String { SettingStyle.option.within { "\(setting: name)" } }

    /// Whether a job for these types writes an output, which it does not if the output is a build of another type.
    private static func isOf(_ types: [String], _ output: String, _ kind: String) -> Bool {
        switch kind {
        case QuantizeSettings.kind: types.contains(output)
        case PublishSettings.kind: types.contains { output.hasSuffix(":\($0)") }
        default: true
        }
    }
}
