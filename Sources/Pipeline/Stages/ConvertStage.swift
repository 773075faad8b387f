import BinaryIO
import Conversion
import GGUF
import Inference
import Quantization
import SystemPackage
import Tensors

/// Hugging Face folder to GGUF, or a GGUF file to one of another precision.
struct ConvertStage: Stage {
    /// Raised whenever the same model would give another file.
    static let version = 2

    let source: SourceCheckpoint
    let options: ConvertOptions
    private let work: Work

    private enum Work {
        case conversion(ConversionPlan, inputs: [FilePath])
        case requantization(GGUFModel, QuantizationPlan)
    }

    init(_ source: SourceCheckpoint, _ options: ConvertOptions) throws {
        self.source = source
        self.options = options
        work = try source.isFile ? Self.requantization(source, options) : Self.conversion(source, options)
    }

    private static func conversion(_ source: SourceCheckpoint, _ options: ConvertOptions) throws -> Work {
        let folder = try HuggingFaceFolder(path: source.path, repository: source.repository)
        let plan = try ConversionPlan(
            folder,
            options: ConversionOptions(
                type: options.type,
                preTokenizer: options.preTokenizer,
                adapters: source.adapters
            )
        )
        return .conversion(plan, inputs: folder.inputs)
    }

    private static func requantization(_ source: SourceCheckpoint, _ options: ConvertOptions) throws -> Work {
        guard source.adapters.isEmpty, options.preTokenizer == nil else {
            throw PipelineError.badRequest("'lora' and 'pre' are for Hugging Face folders; \(source.path) is a file.")
        }
        guard options.keepsFile || options.type == nil else {
            throw PipelineError.badRequest(
                "a GGUF file is quantized as it is where 'keep' is false. Leave out 'type', or keep the file."
            )
        }
        let model = try GGUFModel(path: source.path)
        var settings = QuantizationOptions()
        settings.copiesOnly = options.type == nil
        let type = options.type.flatMap { FileType(name: $0.rawValue) } ?? .f32
        return .requantization(model, try QuantizationPlan(model, as: type, options: settings))
    }

    var key: StepKey {
        var entries = [
            "type": options.type?.rawValue ?? "auto", "pre": options.preTokenizer ?? "",
            // The model's name becomes part of the file's metadata.
            "name": source.repository ?? source.path.lastComponent?.string ?? "",
        ]
        if !options.keepsFile { entries["keep"] = "false" }
        return StepKey(kind: .convert, version: Self.version, options: entries, inputs: ["source": source.digest])
    }

    /// The model as the file would have it.
    var model: any ModelSource {
        switch work {
        case .conversion(let plan, let inputs): ConvertedModel(plan, inputs: inputs)
        case .requantization(let model, _): model
        }
    }

    /// The name of what comes out, as builds have it: that of the precision.
    var typeName: String {
        switch work {
        case .conversion(let plan, _): plan.type.rawValue
        case .requantization(let model, _): options.type?.rawValue ?? Self.precision(of: model)
        }
    }

    var byteCount: Int {
        switch work {
        case .conversion(let plan, _): plan.layout.byteCount
        case .requantization(_, let plan): plan.byteCount
        }
    }

    /// The tensors of the file that comes out.
    var tensors: [GGUFTensor] {
        switch work {
        case .conversion(let plan, _): plan.layout.tensors
        case .requantization(_, let plan): plan.tensors.map(\.target)
        }
    }

    /// The type of the first matrix, which is that of nearly all.
    private static func precision(of model: GGUFModel) -> String {
        (model.tensors.first { $0.shape.dimensions.count > 1 }?.type ?? .f32).name.lowercased()
    }

    func run(_ context: StageContext) throws -> StepProduct {
        // Hours of quantizing would come to nothing.
        try LoadingCheck.require(model)
        if case .conversion(let plan, _) = work { plan.notes.forEach(context.remark) }
        guard options.keepsFile else { return .files([]) }
        try makeFolder(context.folder)
        let path = context.folder.appending("\(typeName).gguf")
        let report: Converter.Progress = { try context.progress("converting", $0, $1) }
        switch work {
        case .conversion(let plan, _):
            try Converter(plan).run(to: path, threads: context.threads, progress: report)
        case .requantization(let model, let plan):
            let output = Quantizer.Output(plan: plan, path: path)
            try Quantizer(source: model, outputs: [output]).run(threads: context.threads, progress: report)
        }
        let bits = Double(tensors.byteCount) * 8 / Double(max(1, tensors.elementCount))
        return .files([try BuildFile(type: typeName, path: path, bitsPerWeight: bits)])
    }
}
