import BinaryIO
import GGUF
import Inference
import Quantization
import SystemPackage
import Tensors
import Work

/// One model to several smaller ones, in one pass over its tensors.
struct QuantizeStage: Stage {
    /// Raised whenever the same model would give other files.
    static let version = 1

    /// An importance matrix.
    struct Matrix {
        /// The path as the pipeline file writes it. It becomes part of what is made, so it must not depend on the machine.
        let name: String
        let path: FilePath
        let digest: SHA256Digest
    }

    /// What is quantized.
    enum Model {
        case file(BuildFile)
        /// What a conversion would write, without the file.
        case converted(ConvertStage)

        var digest: SHA256Digest {
            switch self {
            case .file(let file): file.digest
            case .converted(let stage): stage.key.digest
            }
        }

        func open() throws -> any ModelSource {
            switch self {
            case .file(let file): try GGUFModel(path: file.path)
            case .converted(let stage): stage.model
            }
        }
    }

    let model: Model
    let matrix: Matrix?
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
        if options.rounding != .reference { entries["rounding"] = options.rounding.rawValue }
        var inputs = ["model": model.digest]
        if let matrix {
            entries["imatrix"] = matrix.name
            inputs["imatrix"] = matrix.digest
        }
        return StepKey(kind: .quantize, version: Self.version, options: entries, inputs: inputs)
    }

    private func plans(_ source: any ModelSource) throws -> [QuantizationPlan] {
        var options = options.options
        options.importanceMatrix = try matrix.map { try ImportanceMatrix(path: $0.path).named($0.name) }
        return try self.options.types.map { type in
            let plan = try QuantizationPlan(source, as: type, options: options)
            if let obstacle = plan.obstacle { throw obstacle }
            return plan
        }
    }

    func run(_ context: StageContext) throws -> StepProduct {
        try makeFolder(context.folder)
        let source = try model.open()
        try LoadingCheck.require(source)
        let outputs = try plans(source).map { plan in
            Quantizer.Output(plan: plan, path: context.folder.appending("\(plan.fileType.tag).gguf"))
        }
        let detail = "quantizing to \(options.types.map { $0.tag }.joined(separator: ", "))"
        let losses = try Quantizer(source: source, outputs: outputs).run(
            threads: context.threads,
            measuresLoss: true
        ) { done, total in
            try context.progress(detail, done, total)
        }
        // Each file is read again for its digest, which takes longer than some are to make.
        let files = try Array(zip(outputs, losses)).concurrentMap(threads: context.threads) { output, losses in
            try BuildFile(output, losses)
        }
        return .files(files)
    }
}

extension BuildFile {
    /// Describes a finished quantization.
    fileprivate init(_ output: Quantizer.Output, _ losses: [QuantizationLoss?]) throws {
        let report = QuantizationReport(output.plan, QuantizationOptions(), losses)
        try self.init(
            type: output.plan.fileType.tag,
            path: output.path,
            bitsPerWeight: report.bitsPerWeight,
            fallbacks: report.tensors.compactMap { tensor in
                guard let wanted = tensor.wanted else { return nil }
                return Fallback(tensor: tensor.name, wanted: wanted, got: tensor.type, reason: tensor.reason)
            },
            relativeError: report.relativeError,
            errors: report.tensors.compactMap { tensor in
                tensor.relativeError.map {
                    TensorError(tensor: tensor.name, relativeError: $0, weightedError: tensor.weightedError)
                }
            }
        )
    }
}
