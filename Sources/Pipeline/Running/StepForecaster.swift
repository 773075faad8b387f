import GGUF
import Quantization
import SystemPackage
import Tensors

/// Forecasts steps before any of them ran: from the model's headers, and from what the steps before would make of it.
final class StepForecaster {
    /// A build that a step would make.
    private struct Build {
        let type: String
        let bytes: Int
    }

    /// What a step would hand on.
    private struct Made {
        var builds: [Build] = []
        /// The model as a conversion would write it.
        var model: (any ModelSource)?
        var matrix: ImportanceMatrix?
        /// Weights of each build.
        var weights = 0
    }

    private let definition: PipelineDefinition
    private let source: SourceCheckpoint
    private let threads: Int
    private var conversions: [String: ConvertStage] = [:]
    private var known: [String: Made] = [:]

    init(_ definition: PipelineDefinition, _ source: SourceCheckpoint, threads: Int) {
        (self.definition, self.source, self.threads) = (definition, source, threads)
    }

    /// Spares reading a checkpoint again that a stage has read.
    func note(_ stage: any Stage, for step: PipelineDefinition.Step) {
        if let conversion = stage as? ConvertStage { conversions[step.id] = conversion }
    }

    /// What the step will write and need. Sizes of files are exact.
    func forecast(_ step: PipelineDefinition.Step) throws -> Forecast {
        let made = try made(by: step)
        switch step.action {
        case .convert(let options):
            var forecast = Forecast(peakMemoryBytes: slabMemory)
            guard options.keepsFile else { return forecast }
            forecast.outputs = Self.outputs(of: made)
            forecast.setTime(work: Double(forecast.diskBytes), speed: Throughput.copying)
            return forecast
        case .imatrix(let options):
            let outputs = [Forecast.Output(name: ImatrixStage.name(of: step.id), bytes: nil)]
            let tokens = tokens(options.text, options.context, options.chunks)
            return try evaluation(of: made.weights, tokens: tokens, passes: 1, outputs)
        case .quantize:
            var forecast = Forecast(outputs: Self.outputs(of: made), peakMemoryBytes: slabMemory)
            let weights = Double(made.weights * made.builds.count)
            forecast.setTime(work: weights / Double(threads), speed: Throughput.quantizing)
            return forecast
        case .validate(let options):
            let builds = try self.made(by: options.builds)
            let tokens = tokens(options.text, options.context, options.chunks)
            // The base runs once for all builds that are compared with it.
            let passes = builds.builds.count + (options.against == nil ? 0 : 1)
            return try evaluation(of: builds.weights, tokens: tokens, passes: passes, Self.names(of: builds))
        case .fit(let options):
            return Forecast(
                outputs: Self.names(of: try self.made(by: options.builds)),
                peakMemoryBytes: Throughput.fixedMemory,
                secondsHigh: 1
            )
        case .publish(let options):
            // Compression seldom gains anything on quantized weights, so the registry may need as much again.
            let builds = try self.made(by: options.builds)
            var forecast = Forecast(peakMemoryBytes: Throughput.fixedMemory + 64 << 20)
            forecast.outputs = builds.builds.map { build in
                .init(name: "\(definition.name)@\(definition.version):\(build.type)", bytes: build.bytes)
            }
            forecast.setTime(work: Double(forecast.diskBytes), speed: Throughput.copying)
            return forecast
        }
    }

    private var slabMemory: Int { Throughput.fixedMemory + threads * Throughput.slabMemory }

    private func evaluation(
        of weights: Int,
        tokens: Int,
        passes: Int,
        _ outputs: [Forecast.Output]
    ) throws -> Forecast {
        var forecast = Forecast(
            outputs: outputs,
            peakMemoryBytes: Throughput.fixedMemory + Throughput.evaluationMemory
        )
        let operations = 2 * Double(weights) * Double(tokens) * Double(passes)
        forecast.setTime(work: operations / Double(threads), speed: Throughput.multiplying)
        return forecast
    }

    private func tokens(_ text: String, _ context: Int, _ chunks: Int?) -> Int {
        Throughput.tokens(of: definition.path(text), context: context, chunks: chunks)
    }

    private static func outputs(of made: Made) -> [Forecast.Output] {
        made.builds.map { .init(name: $0.type, bytes: $0.bytes) }
    }

    /// What is measured of each build is no file.
    private static func names(of made: Made) -> [Forecast.Output] {
        made.builds.map { .init(name: $0.type, bytes: nil) }
    }

    private func made(by id: String) throws -> Made {
        guard let step = definition.step(id) else { preconditionFailure("step '\(id)' is named and not there") }
        return try made(by: step)
    }

    private func made(by step: PipelineDefinition.Step) throws -> Made {
        if let made = known[step.id] { return made }
        let made: Made
        switch step.action {
        case .convert(let options): made = try conversion(step.id, options)
        case .imatrix(let options):
            let base = try self.made(by: options.model)
            let name = ImatrixStage.name(of: step.id)
            let tensors = base.model?.tensors ?? []
            made = Made(
                matrix: .standIn(for: tensors, path: name, dataset: options.text),
                weights: base.weights
            )
        case .quantize(let options): made = try quantization(options)
        case .validate, .fit, .publish: made = Made()
        }
        known[step.id] = made
        return made
    }

    private func conversion(_ id: String, _ options: ConvertOptions) throws -> Made {
        let stage = try conversions[id] ?? ConvertStage(source, options)
        conversions[id] = stage
        return Made(
            builds: [Build(type: stage.typeName, bytes: stage.byteCount)],
            model: stage.model,
            weights: stage.tensors.elementCount
        )
    }

    private func quantization(_ options: QuantizeOptions) throws -> Made {
        let base = try made(by: options.model)
        guard let model = base.model else { return Made() }
        var settings = options.options
        switch options.imatrix {
        case .file(let name)?: settings.importanceMatrix = try ImportanceMatrix(path: definition.path(name)).named(name)
        case .step(let id)?: settings.importanceMatrix = try made(by: id).matrix
        case nil: break
        }
        let plans = try options.types.map { try QuantizationPlan(model, as: $0, options: settings) }
        return Made(
            builds: plans.map { Build(type: $0.fileType.tag, bytes: $0.byteCount) },
            weights: base.weights
        )
    }
}
