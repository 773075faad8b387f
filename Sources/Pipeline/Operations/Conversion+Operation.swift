import BinaryIO
import Conversion
import GGUF
import Inference
import ModelHub
import SystemPackage
import Tensors
import Work

/// How to convert a model, as it stands on a command line.
public struct ConvertRequest: Sendable {
    /// Of the weight matrices; `auto` keeps the checkpoint's.
    public var type = "auto"
    /// The pre-tokenizer's name, where it is not recognized.
    public var preTokenizer: String?
    /// Adapters to merge: folders or repositories of the Hub, as `FOLDER` or `FOLDER=SCALE`.
    public var adapters: [String] = []
    /// Whether the adapter is written by itself.
    public var adapterOnly = false
    /// Whether infinities and NaN among the weights are passed on.
    public var allowsNonFinite = false
    /// Whether a model that no engine could load is refused, where else it is a remark.
    public var isStrict = false
    /// Whether a repository is taken from the local cache alone.
    public var isOffline = false

    public init() {}
}

/// What a conversion wrote.
public struct ConversionReport: Codable, Sendable {
    public var output: String
    public var type: String
    public var bytes: Int
    public var tensors: Int
    public var parameters: Int
}

extension Operations {
    /// The types that a model can be converted to, with `auto` first.
    public static var convertedTypes: [String] { ["auto"] + ConvertedType.allCases.map { $0.rawValue } }

    /// A Hugging Face folder, or a repository of the Hub, to GGUF; or a GGUF file to another type.
    /// - Parameter remark: told what somebody should know although all went well.
    /// - Throws: what the rooms throw; nothing appears under `output` then.
    public static func convert(
        _ model: String,
        to output: FilePath,
        _ request: ConvertRequest,
        threads: Int,
        remark: @escaping @Sendable (String) -> Void = { _ in },
        progress: @escaping WorkProgress
    ) throws -> ConversionReport {
        let type = try convertedType(request.type)
        if isFile(model) { return try convertFile(model, to: output, type, request, threads: threads, progress) }
        let folder = try folder(of: model, isOffline: request.isOffline, remark: remark, progress: progress)
        let adapters = try adapters(request, remark: remark, progress: progress)
        let plan = try request.adapterOnly ? adapterPlan(adapters, of: folder, type) : plan(folder, request, adapters)
        if !request.adapterOnly { try tell(plan, folder.path, request, remark) }
        try refuse(output, replacing: folder.inputs)
        try checkSpace(for: plan.layout.byteCount, at: output)
        try Converter(plan).run(to: output, threads: threads) { try progress("converting", $0, $1) }
        return ConversionReport(
            output: output.string,
            type: plan.type.rawValue,
            bytes: plan.layout.byteCount,
            tensors: plan.layout.tensors.count,
            parameters: plan.layout.tensors.elementCount
        )
    }

    /// A GGUF file of floating-point numbers to one of others, as llama-quantize does it; `auto` keeps them.
    private static func convertFile(
        _ model: String,
        to output: FilePath,
        _ type: ConvertedType?,
        _ request: ConvertRequest,
        threads: Int,
        _ progress: @escaping WorkProgress
    ) throws -> ConversionReport {
        guard request.preTokenizer == nil, request.adapters.isEmpty else {
            throw PipelineError.badRequest("--pre and --lora are for Hugging Face folders; '\(model)' is a file.")
        }
        var quantization = QuantizeRequest(input: model, type: type?.rawValue ?? "copy")
        quantization.measuresErrors = false
        let report = try quantize(quantization, to: output, threads: threads) { _, done, total in
            try progress("converting", done, total)
        }
        return ConversionReport(
            output: output.string,
            type: type?.rawValue ?? "auto",
            bytes: report.bytes,
            tensors: report.tensors.count,
            parameters: try GGUFModel(path: output).tensors.elementCount
        )
    }

    /// What a command takes as a model: a GGUF file as it is; all else as it would be converted, without a file.
    static func source(
        _ model: String,
        _ request: ConvertRequest,
        remark: @escaping @Sendable (String) -> Void,
        progress: @escaping WorkProgress
    ) throws -> any ModelSource {
        if isFile(model) { return try GGUFModel(path: FilePath(model)) }
        let folder = try folder(of: model, isOffline: request.isOffline, remark: remark, progress: progress)
        let adapters = try adapters(request, remark: remark, progress: progress)
        let plan = try plan(folder, request, adapters)
        try tell(plan, folder.path, request, remark)
        return ConvertedModel(plan, inputs: folder.inputs)
    }

    private static func isFile(_ model: String) -> Bool {
        FileStatus(FilePath(model)).map { !$0.isFolder } ?? model.lowercased().hasSuffix(".gguf")
    }

    private static func adapters(
        _ request: ConvertRequest,
        remark: @escaping @Sendable (String) -> Void,
        progress: @escaping WorkProgress
    ) throws -> [AdapterReference] {
        try request.adapters.map { text in
            let adapter = try ModelAdapter(text)
            let reference = try ModelReference(adapter.path)
            let found = try locate(reference, isOffline: request.isOffline, remark: remark, progress: progress)
            return AdapterReference(adapter, found)
        }
    }

    private static func plan(
        _ folder: HuggingFaceFolder,
        _ request: ConvertRequest,
        _ adapters: [AdapterReference]
    ) throws -> ConversionPlan {
        var options = ConversionOptions(
            type: try convertedType(request.type),
            preTokenizer: request.preTokenizer,
            adapters: adapters
        )
        options.allowsNonFinite = request.allowsNonFinite
        return try ConversionPlan(folder, options: options)
    }

    /// Says what is odd about a model. The reference converts one that no engine can load, and so does this unless
    /// somebody is strict.
    private static func tell(
        _ plan: ConversionPlan,
        _ path: FilePath,
        _ request: ConvertRequest,
        _ remark: (String) -> Void
    ) throws {
        plan.notes.forEach(remark)
        guard let reason = LoadingCheck.problem(of: plan.metadata, plan.layout.tensors) else { return }
        let problem = InferenceProblem.cannotLoad(reason)
        if request.isStrict { throw InferenceError(path: path, problem: problem) }
        remark(problem.explanation.prefix(1).uppercased() + problem.explanation.dropFirst())
    }

    /// - Returns: nil for `auto`.
    private static func convertedType(_ name: String) throws -> ConvertedType? {
        if let type = ConvertedType(rawValue: name.lowercased()) { return type }
        guard name.lowercased() == "auto" else {
            throw PipelineError.badRequest(
                "'\(name)' is no type to convert to. \(Spelling.advice(for: name, among: convertedTypes))"
            )
        }
        return nil
    }

    private static func adapterPlan(
        _ adapters: [AdapterReference],
        of base: HuggingFaceFolder,
        _ type: ConvertedType?
    ) throws -> ConversionPlan {
        guard let adapter = adapters.first, adapters.count == 1, adapter.scale == 1 else {
            throw PipelineError.badRequest(
                "--lora-only takes one --lora FOLDER; its scale is given where it is loaded."
            )
        }
        return try ConversionPlan(adapter: adapter, of: base, type: type ?? .f32)
    }

    /// - Throws: `PipelineError.diskFull`, before anything is written.
    static func checkSpace(for byteCount: Int, at path: FilePath) throws {
        if let free = freeDiskBytes(at: path), free < byteCount {
            throw PipelineError.diskFull(path, needed: byteCount, free: free)
        }
    }

    /// A file is written beside its name and renamed, which would take away the one it is made from.
    /// - Throws: `PipelineError.badRequest` where the output is one of the inputs, however its path is written.
    static func refuse(_ output: FilePath, replacing inputs: [FilePath]) throws {
        if let identity = fileIdentity(output), inputs.contains(where: { fileIdentity($0) == identity }) {
            throw PipelineError.badRequest("\(output): this output is an input too. Choose another output path.")
        }
        try checkOutput(output)
    }
}

/// What the commands of the command line do, one function a command; a command adds options and text only.
public enum Operations {}
