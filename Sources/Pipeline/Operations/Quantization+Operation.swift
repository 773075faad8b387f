import BinaryIO
import GGUF
import Inference
import Quantization
import SystemPackage
import Tensors
import Work

/// How to quantize one model, as it stands on a command line.
public struct QuantizeRequest: Sendable {
    /// A GGUF file; or a folder or repository of Hugging Face's, which is converted on the way.
    public var input: String
    /// How it is converted.
    public var conversion = ConvertRequest()
    /// A file type, or `copy`.
    public var type: String
    public var pure = false
    /// `REGEX=TYPE`, the first match wins.
    public var tensorTypes: [String] = []
    /// A file of further rules, separated by spaces or lines.
    public var tensorTypeFile: FilePath?
    public var outputTensorType: String?
    public var tokenEmbeddingType: String?
    public var leaveOutputTensor = false
    public var allowRequantize = false
    public var importanceMatrix: FilePath?
    /// `reference` or `refined`.
    public var rounding: String?
    /// Parts of the names of the matrix's entries that are used, or not.
    public var includedWeights: [String] = []
    public var excludedWeights: [String] = []
    /// Numbers of layers with commas between them.
    public var prunedLayers: [String] = []
    public var keepSplit = false
    /// `KEY=TYPE:VALUE`.
    public var overrides: [String] = []
    /// Whether to measure what each tensor loses.
    public var measuresErrors = true

    public init(input: String, type: String) {
        self.input = input
        self.type = type
    }
}

extension Operations {
    /// The names of the quantization types, as they are written in builds' names.
    public static var quantizationTypes: [String] { FileType.allCases.map { $0.tag } }

    /// Works out what a quantization would make; nothing is written.
    /// - Parameter remark: told what somebody should know before the work is done.
    public static func planQuantization(
        _ request: QuantizeRequest,
        remark: @escaping @Sendable (String) -> Void = { _ in },
        progress: @escaping WorkProgress = { _, _, _ in }
    ) throws -> QuantizationReport {
        let (_, plan, options) = try plan(request, remark, progress)
        remarks(on: plan, request, options).forEach(remark)
        if let obstacle = plan.obstacle { remark("These are the sizes alone. \(obstacle.problem.explanation)") }
        return QuantizationReport(plan, options, [])
    }

    /// GGUF to a smaller GGUF.
    /// - Parameter remark: told, before any work, what somebody should know.
    /// - Throws: what the rooms throw; nothing appears under `output` then.
    public static func quantize(
        _ request: QuantizeRequest,
        to output: FilePath,
        threads: Int,
        remark: @escaping @Sendable (String) -> Void = { _ in },
        progress: @escaping WorkProgress
    ) throws -> QuantizationReport {
        let (source, plan, options) = try plan(request, remark, progress)
        let work = Quantizer.Output(plan: plan, path: output)
        let quantizer = try Quantizer(source: source, outputs: [work])
        try checkSpace(for: plan.byteCount, at: output)
        remarks(on: plan, request, options).forEach(remark)
        let verb = options.copiesOnly ? "copying" : "quantizing to \(plan.fileType.tag)"
        let losses = try quantizer.run(threads: threads, measuresLoss: request.measuresErrors) {
            try progress(verb, $0, $1)
        }
        return QuantizationReport(plan, options, losses[0], outputs: work.paths)
    }

    private static func plan(
        _ request: QuantizeRequest,
        _ remark: @escaping @Sendable (String) -> Void,
        _ progress: @escaping WorkProgress
    ) throws -> (source: any ModelSource, plan: QuantizationPlan, options: QuantizationOptions) {
        var options = try options(request)
        let type: FileType
        if request.type.lowercased() == "copy" {
            (type, options.copiesOnly) = (.f32, true)
        } else {
            guard let known = FileType(name: request.type) else {
                let advice = Spelling.advice(for: request.type, among: quantizationTypes + ["copy"])
                throw PipelineError.badRequest("'\(request.type)' is no quantization type. \(advice)")
            }
            type = known
        }
        let source = try source(request.input, request.conversion, remark: remark, progress: progress)
        // Of a folder it was said already.
        if source is GGUFModel, let reason = LoadingCheck.problem(of: source.metadata, source.tensors) {
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
        if request.importanceMatrix != nil, options.importanceMatrix == nil {
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

// What the options say.
extension Operations {
    private static func options(_ request: QuantizeRequest) throws -> QuantizationOptions {
        var options = QuantizationOptions()
        options.pure = request.pure
        options.leaveOutputTensor = request.leaveOutputTensor
        options.allowRequantize = request.allowRequantize
        options.keepsSplit = request.keepSplit
        options.outputTensorType = try request.outputTensorType.map(tensorType)
        options.tokenEmbeddingType = try request.tokenEmbeddingType.map(tensorType)
        options.tensorTypes = try request.tensorTypes.map(tensorTypeRule) + rules(in: request.tensorTypeFile)
        options.prunedLayers = Set(try request.prunedLayers.flatMap(layerNumbers))
        options.overrides = try request.overrides.map { text in
            if let override = MetadataOverride(text) { return override }
            throw PipelineError.badRequest(
                "--override-kv '\(text)' is not KEY=TYPE:VALUE with the type int, float, bool or str, such as "
                    + "'llama.context_length=int:4096'. Keys and texts have at most 127 bytes; general.alignment stays."
            )
        }
        guard request.includedWeights.isEmpty || request.excludedWeights.isEmpty else {
            throw PipelineError.badRequest("Give --include-weights or --exclude-weights, not both.")
        }
        options.rounding = try rounding(request.rounding)
        options.importanceMatrix = try request.importanceMatrix.flatMap { path in
            try ImportanceMatrix(path: path).filtered { name in
                !request.excludedWeights.contains(where: name.contains)
                    && (request.includedWeights.isEmpty || request.includedWeights.contains(where: name.contains))
            }
        }
        return options
    }

    private static func rounding(_ name: String?) throws -> Rounding {
        guard let name else { return .reference }
        guard let rounding = Rounding(rawValue: name.lowercased()) else {
            let advice = Spelling.advice(for: name, among: Rounding.allCases.map(\.rawValue))
            throw PipelineError.badRequest("'\(name)' is no rounding. \(advice)")
        }
        return rounding
    }

    /// The rules of a file, each with its line.
    private static func rules(in file: FilePath?) throws -> [TensorTypeRule] {
        guard let file else { return [] }
        guard let text = String(validating: try readFile(file, limit: 1 << 24), as: UTF8.self) else {
            throw PipelineError.badFile("\(file): it is not valid UTF-8. Save it as UTF-8.")
        }
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        return try lines.enumerated().flatMap { number, line in
            try line.split(whereSeparator: \.isWhitespace).map { rule in
                do { return try tensorTypeRule(String(rule)) } catch {
                    throw PipelineError.badFile("\(file):\(number + 1): \(error)")
                }
            }
        }
    }

    private static func tensorTypeRule(_ rule: String) throws -> TensorTypeRule {
        guard let split = rule.lastIndex(of: "="), split != rule.startIndex else {
            throw PipelineError.badRequest("The tensor type '\(rule)' is not REGEX=TYPE, such as 'ffn_down=q6_k'.")
        }
        return TensorTypeRule(
            pattern: String(rule[..<split]),
            type: try tensorType(String(rule[rule.index(after: split)...]))
        )
    }

    private static func layerNumbers(_ text: String) throws -> [Int] {
        try text.split(separator: ",", omittingEmptySubsequences: false).map { word in
            if let number = Int(word), number >= 0 { return number }
            throw PipelineError.badRequest("--prune-layers '\(text)' is no list of layer numbers, such as 3,5,7.")
        }
    }

    private static func tensorType(_ name: String) throws -> TensorType {
        if let type = TensorType(name: name), Quantizer.canEncode(type) { return type }
        let known = TensorType.allCases.filter(Quantizer.canEncode).map { $0.name.lowercased() }
        throw PipelineError.badRequest("'\(name)' is no tensor type. \(Spelling.advice(for: name, among: known))")
    }
}
