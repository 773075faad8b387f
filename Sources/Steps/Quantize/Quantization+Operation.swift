import BinaryIO
import GGUF
import Inference
import Pipeline
import Quantization
import Settings
import SystemPackage
import Tensors
import Work

/// What the command line quantizes, and how.
public struct QuantizeRequest: Sendable {
    /// A GGUF file, or a Hugging Face folder or repository, which is converted on the way.
    public var input: String
    /// The settings, with one type, or none to copy.
    public var settings: QuantizeSettings
    /// The conversion of the input.
    public var conversion = ConvertRequest()
    /// Whether the output has as many files as the model.
    public var keepSplit = false
    /// Whether the error of each tensor is measured.
    public var measuresErrors = true

    /// Creates a request that measures errors and writes one file.
    public init(input: String, _ settings: QuantizeSettings) { (self.input, self.settings) = (input, settings) }

    /// - Throws: `StepsError.badRequest` for an unknown type.
    public init(input: String, type: String) throws {
        self.init(input: input, try QuantizeSettings(options: ["types": .text(type)]))
    }
}

extension Operations {
    /// Plans a quantization; writes nothing.
    /// - Parameter remark: called with remarks before the work is done.
    public static func planQuantization(
        _ request: QuantizeRequest,
        remark: @escaping @Sendable (String) -> Void = { _ in },
        progress: @escaping WorkProgress = { _, _, _ in }
    ) throws -> QuantizationReport {
        let (source, plan, options) = try plan(request, remark, progress)
        remarks(on: plan, request, options).forEach(remark)
        if let obstacle = plan.obstacle { remark("These are the sizes alone. \(obstacle.problem.explanation)") }
        var report = QuantizationReport(plan, options, [])
        report.feedbackMemory = try feedbackStage(request, source, plan)?.byteCount
        return report
    }

    /// Quantizes a GGUF file to a smaller one.
    /// - Parameter remark: called with remarks before any work.
    /// - Throws: the errors of the modules below; then no file appears at `output`.
    public static func quantize(
        _ request: QuantizeRequest,
        to output: FilePath,
        threads: Int,
        remark: @escaping @Sendable (String) -> Void = { _ in },
        progress: @escaping WorkProgress
    ) throws -> QuantizationReport {
        let (source, plan, options) = try plan(request, remark, progress)
        var work = Quantizer.Output(plan: plan, path: output)
        _ = try Quantizer(source: source, outputs: [work])
        try checkSpace(for: plan.byteCount, at: output)
        remarks(on: plan, request, options).forEach(remark)
        var records: [String: FeedbackRecord] = [:]
        var folder: FeedbackFolder?
        if let stage = try feedbackStage(request, source, plan), let text = request.settings.feedback.text {
            // The same amount again holds the tensors that are rounded before the output is written.
            try checkSpace(for: 2 * plan.byteCount, at: output)
            let path = FilePath(output.string + ".feedback")
            let result = try stage.run(
                try readFile(FilePath(text), limit: ValidateStep.textLimit),
                of: FilePath(text),
                in: path,
                threads: threads,
                progress: progress
            )
            work = Quantizer.Output(plan: plan, path: output, prepared: result.outcomes[0].prepared)
            (records, folder) = (result.outcomes[0].records, result.folder)
        }
        let quantizer = try Quantizer(source: source, outputs: [work])
        let verb = options.copiesOnly ? "copying" : "quantizing to \(plan.fileType.tag)"
        let outcomes = try quantizer.run(threads: threads, measuresLoss: request.measuresErrors) {
            try progress(verb, $0, $1)
        }
        try folder?.remove()
        return QuantizationReport(plan, options, outcomes[0], outputs: work.paths, feedback: records)
    }

    /// - Returns: nil for other roundings.
    private static func feedbackStage(
        _ request: QuantizeRequest,
        _ source: any ModelSource,
        _ plan: QuantizationPlan
    ) throws -> FeedbackStage? {
        guard request.settings.options.rounding == .feedback, !request.settings.options.copiesOnly else { return nil }
        guard source is GGUFModel, source.inputs.count == 1 else {
            throw StepsError.badRequest(
                "\(source.path): rounding with feedback runs the model, which must lie in one GGUF file. Make it with "
                    + "\(command: "convert"), or join its files with \(command: "quantize", "type copy"), and quantize that."
            )
        }
        return try FeedbackStage(request.settings.feedback, model: source.inputs[0], source: source, plans: [plan])
    }

    private static func plan(
        _ request: QuantizeRequest,
        _ remark: @escaping @Sendable (String) -> Void,
        _ progress: @escaping WorkProgress
    ) throws -> (source: any ModelSource, plan: QuantizationPlan, options: QuantizationOptions) {
        // A command reads no recipes; without a type it copies.
        let type: FileType = if case .mix(let type)? = request.settings.types.first { type } else { .f32 }
        let matrix = try request.settings.imatrixPath.map { try ImportanceMatrix(path: $0) }
        let file = request.settings.tensorTypeFile.map { FilePath($0) }
        var options = try request.settings.withRules(in: file).options(with: matrix)
        options.keepsSplit = request.keepSplit
        let source = try source(request.input, request.conversion, remark: remark, progress: progress)
        // For a folder, this remark was made earlier.
        if source is GGUFModel, try !source.metadata.isProjector,
            let reason = LoadingCheck.problem(of: source.metadata, source.tensors)
        {
            remark("No engine can load this model: \(reason)")
        }
        return (source, try QuantizationPlan(source, as: type, options: options), options)
    }

    private static func remarks(
        on plan: QuantizationPlan,
        _ request: QuantizeRequest,
        _ options: QuantizationOptions
    ) -> [String] {
        var remarks: [String] = []
        let requantized = plan.requantized
        if let first = requantized.first {
            let tensors = requantized.count == 1 ? "One tensor" : "\(requantized.count) tensors"
            remarks.append(
                "\(tensors) (\(first.source.name): \(first.source.type.name)) are quantized already; quantizing again "
                    + "adds the errors of both. Start from an f16, bf16 or f32 file where there is one."
            )
        }
        if request.settings.imatrix != nil, options.importanceMatrix == nil {
            remarks.append("No entry of the importance matrix is left; quantizing without one.")
        }
        let unmatched = plan.unweighted
        if options.importanceMatrix != nil, let first = unmatched.first {
            let entries = unmatched.count == 1 ? "one tensor" : "\(unmatched.count) tensors"
            remarks.append("The importance matrix has no entry for \(entries) (\(first.source.name)).")
        }
        return remarks
    }
}

extension QuantizeSettings {
    /// The importance matrix file that a command names.
    fileprivate var imatrixPath: FilePath? {
        guard case .file(let name)? = imatrix else { return nil }
        return FilePath(name)
    }
}
