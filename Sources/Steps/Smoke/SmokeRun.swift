import BinaryIO
import Conversion
import Foundation
import GGUF
import ModelHub
import Pipeline
import Quantization
import Registry
import SystemPackage
import Work

/// The result of a smoke run. The names of the fields are a contract with other programs.
public struct SmokeReport: Encodable, Sendable {
    /// The pipeline's name.
    public let pipeline: String
    /// The number of layers of the cut on which the steps ran.
    public let layers: Int
    /// The number of layers of the model.
    public let modelLayers: Int
    /// The results of the steps, as in any run.
    public let steps: [RunReport.Step]
    /// The gates that the cut does not meet, which is not a failure.
    public let unmetGates: [String]
}

/// Runs a whole pipeline on a cut of its model, in seconds: every step with its settings, into a temporary registry.
/// The result shows whether the file works, and nothing about quality.
public struct SmokeRun: Sendable {
    private let definition: PipelineDefinition
    private let options: RunOptions
    private let report: RunReporting

    /// - Parameter options: only the threads, the memory limit and the permission to access the Hub apply; the registry
    ///   is not touched.
    public init(_ definition: PipelineDefinition, _ options: RunOptions, report: @escaping RunReporting = { _ in }) {
        (self.definition, self.options, self.report) = (definition, options, report)
    }

    /// - Throws: the errors of a run; `StepsError.badFile` for a model that cannot be cut.
    public func run() throws -> SmokeReport {
        let folder = FilePath(NSTemporaryDirectory()).appending("edgepipe-smoke-\(UUID().uuidString)")
        try makeFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder.string) }
        let cut = try cut(in: folder)
        var options = options
        options.registry = folder.appending("registry.db")
        // The products of a cut are of no use to other runs.
        options.cache = CacheOptions()
        let open = cut.definition.mapSettings { step in
            if let settings = step.settings as? any GatedSettings { return settings.withoutGates() }
            return step.settings
        }
        let result = try PipelineRunner(open, options, report: report).run()
        return SmokeReport(
            pipeline: definition.name,
            layers: cut.layers,
            modelLayers: cut.modelLayers,
            steps: result.steps,
            unmetGates: try unmetGates(cut.definition, options)
        )
    }

    /// Checks the gates against existing results.
    private func unmetGates(_ definition: PipelineDefinition, _ options: RunOptions) throws -> [String] {
        let gated = definition.steps.filter { ($0.settings as? any GatedSettings)?.hasGates == true }
        return try gated.flatMap { step in
            var options = options
            options.only = step.id
            return try PipelineRunner(definition, options).run().gateFailures
        }
    }

    /// A pipeline over a cut of its model.
    private struct Cut {
        let definition: PipelineDefinition
        let layers: Int
        let modelLayers: Int
    }

    /// Writes the cut, and the model's projector, into the folder.
    private func cut(in folder: FilePath) throws -> Cut {
        let located = try LocatedSource.downloaded(definition, isOffline: options.isOffline, report)
        let repository = located.model.origin?.repository
        var conversion = definition.steps.lazy.compactMap { $0.settings as? ConvertSettings }.first ?? ConvertSettings()
        // The cut keeps the file's own precision; the steps convert from there.
        conversion.type = nil
        let work = try ConversionWork(located.model.folder, repository: repository, located.adapters, conversion)
        let model = try CutModel(work.model)
        // The builds' metadata takes the model's name from its folder or file.
        let name = repository?.split(separator: "/").last.map(String.init) ?? located.model.folder.stem ?? "model"
        let path = folder.appending("\(name).gguf")
        try write(model, to: path)
        let projector = try projector(of: located, in: folder)
        let definition = definition.replacingSource(path.string).mapSettings { step in
            if var sight = step.settings as? ProjectorSettings, sight.file == nil {
                sight.file = projector?.string
                return sight
            }
            if let settings = step.settings as? any SmokeSettings { return settings.smaller() }
            return step.settings
        }
        return Cut(definition: definition, layers: model.layerCount, modelLayers: work.model.layerCount)
    }

    private func write(_ model: CutModel, to path: FilePath) throws {
        var copying = QuantizationOptions()
        copying.copiesOnly = true
        let plan = try QuantizationPlan(model, as: .f32, options: copying)
        try checkSpace(for: plan.byteCount, at: path)
        let quantizer = try Quantizer(source: model, outputs: [Quantizer.Output(plan: plan, path: path)])
        _ = try quantizer.run(threads: options.threads) { _, _ in try Interruption.check() }
    }

    /// Writes the model's projector if a step takes it from the checkpoint, because the cut has none.
    private func projector(of located: LocatedSource, in folder: FilePath) throws -> FilePath? {
        let isAsked = definition.steps.contains { ($0.settings as? ProjectorSettings).map { $0.file == nil } ?? false }
        guard isAsked else { return nil }
        let path = folder.appending("mmproj.gguf")
        var settings = ConvertSettings()
        settings.type = .f16
        let repository = located.model.origin?.repository
        let work = try ConversionWork(projectorOf: located.model.folder, repository: repository, settings)
        try work.write(to: path, threads: options.threads) { _, _ in try Interruption.check() }
        return path
    }
}

extension ModelSource {
    /// The number of layers in the metadata; 0 if it has none.
    fileprivate var layerCount: Int {
        let name = (try? metadata.string("general.architecture")) ?? nil
        return name.flatMap { (try? metadata.integer("\($0).block_count")) ?? nil } ?? 0
    }
}
