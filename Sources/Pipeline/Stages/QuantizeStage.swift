import BinaryIO
import GGUF
import Quantization
import SystemPackage
import Tensors

/// One GGUF file to several smaller ones, in one pass over its tensors.
struct QuantizeStage: Stage {
    /// Raised whenever the same model would give other files.
    static let version = 1

    let model: BuildFile
    let options: QuantizeOptions

    var key: StepKey {
        let options = options.options
        var entries = [
            "types": self.options.types.map { $0.tag }.joined(separator: ","),
            "pure": "\(options.pure)",
            "leaveOutput": "\(options.leaveOutputTensor)",
            "allowRequantize": "\(options.allowRequantize)",
            "output": options.outputTensorType?.name ?? "",
            "tokenEmbedding": options.tokenEmbeddingType?.name ?? "",
        ]
        // A pattern may hold any character, so each rule stands in a value of its own.
        for (index, rule) in options.tensorTypes.enumerated() {
            entries["tensorType.\(index)"] = "\(rule.type.name) \(rule.pattern)"
        }
        return StepKey(kind: .quantize, version: Self.version, options: entries, inputs: ["model": model.digest])
    }

    private func plans(_ source: GGUFModel) throws -> [QuantizationPlan] {
        try options.types.map { try QuantizationPlan(source, as: $0, options: options.options) }
    }

    func forecast(threads: Int) throws -> Forecast {
        let source = try GGUFModel(path: model.path)
        let plans = try plans(source)
        let weights = source.tensors.reduce(0) { $0 + $1.shape.elementCount } * plans.count
        var forecast = Forecast(
            outputs: plans.map { .init(name: $0.fileType.tag, bytes: $0.byteCount) },
            peakMemoryBytes: Throughput.fixedMemory + threads * Throughput.slabMemory
        )
        forecast.setTime(work: Double(weights) / Double(threads), speed: Throughput.quantizing)
        return forecast
    }

    func run(_ context: StageContext) throws -> StepProduct {
        try makeFolder(context.folder)
        let source = try GGUFModel(path: model.path)
        let outputs = try plans(source).map { plan in
            Quantizer.Output(plan: plan, path: context.folder.appending("\(plan.fileType.tag).gguf"))
        }
        let detail = "quantizing to \(options.types.map { $0.tag }.joined(separator: ", "))"
        try Quantizer(source: source, outputs: outputs).run(threads: context.threads) { done, total in
            try context.progress(detail, done, total)
        }
        return .files(
            try outputs.map { output in
                try BuildFile(
                    type: output.plan.fileType.tag,
                    path: output.path,
                    bitsPerWeight: output.plan.bitsPerWeight,
                    fallbacks: output.plan.tensors.compactMap { tensor in
                        guard let wanted = tensor.wanted else { return nil }
                        return .init(
                            tensor: tensor.target.name,
                            wanted: wanted.name,
                            got: tensor.target.type.name
                        )
                    }
                )
            }
        )
    }
}
